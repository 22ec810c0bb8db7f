/** Columns whose values colour maps of the rows: those that are asked for, or those that go with the place on the map. */
import type { LatentColumn } from "../runs/types.ts";
import { type Chosen, type DiagnosticContext, short } from "./diagnostic.ts";
import { largestOf } from "./numbers.ts";

/** The most variable columns among which is chosen, and values of them that are held at once. */
const CANDIDATES = 256, VALUES_MAX = 1 << 22;
/** A column is passed over if its correlation with one that was taken before is larger than this. */
const ALIKE = 0.9;

type Asked = number | readonly (string | number)[];

/** The numbers of columns by their names or numbers, and the names that no column has. */
export function columnsNamed(asked: readonly (string | number)[], columns: number, names: readonly string[] | null) {
  const found: number[] = [], unknown: string[] = [];
  for (const one of new Set(asked)) {
    const at = typeof one === "number" ? one : names?.indexOf(one) ?? -1;
    if (at < 0 || at >= columns) unknown.push(String(one));
    else if (!found.includes(at)) found.push(at);
  }
  return { found, unknown };
}

/** Values less their mean, divided by their length, so that products of two such are correlations; null where they do not vary. */
function standard(values: Float64Array): Float64Array | null {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const centred = values.map((value) => value - mean);
  const length = Math.sqrt(centred.reduce((sum, value) => sum + value * value, 0));
  return length > 0 && Number.isFinite(length) ? centred.map((value) => value / length) : null;
}

function correlation(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/**
 * The columns to draw with their values. R2 is that of a linear fit of the column to the two coordinates, which are uncorrelated, so
 * that it is the sum of the squared correlations.
 * @param scores coordinates of the chosen rows on the principal components
 */
export async function latentColumns(
  context: Pick<DiagnosticContext, "data" | "sums" | "values">,
  asked: Asked,
  chosen: Chosen,
  scores: readonly (readonly number[])[],
): Promise<{ columns: LatentColumn[]; unknown: string[] }> {
  const { data: { columns, names, shape }, sums: { variation } } = context, rows = chosen.rows.length;
  const isRule = typeof asked === "number";
  const { found, unknown } = isRule ? { found: [], unknown: [] } : columnsNamed(asked, columns, names);
  const wanted = isRule ? asked : found.length;
  // Single pixels and moments say little, so there are none by themselves.
  if (wanted === 0 || rows === 0 || (isRule && shape !== null)) return { columns: [], unknown };
  const most = Math.min(CANDIDATES, Math.max(wanted, Math.floor(VALUES_MAX / rows)));
  const from = isRule ? largestOf(variation, most).filter((column) => variation[column]! > 0) : found;
  if (from.length === 0) return { columns: [], unknown };
  const values = await context.values(chosen, from);
  const axes = (scores[0] ?? []).map((_, k) => standard(Float64Array.from(scores, (score) => score[k]!)))
    .filter((axis) => axis !== null);
  const all = from.map((column, j) => {
    const own = Float64Array.from({ length: rows }, (_, i) => values[i * from.length + j]!), unit = standard(own);
    const r2 = unit ? axes.reduce((sum, axis) => sum + correlation(unit, axis) ** 2, 0) : 0;
    return { column, own, unit, r2 };
  });
  const taken: typeof all = [];
  for (const one of isRule ? all.toSorted((a, b) => b.r2 - a.r2 || a.column - b.column) : all) {
    if (taken.length === wanted) break;
    const isAlike = taken.some(({ unit }) =>
      unit !== null && one.unit !== null && Math.abs(correlation(unit, one.unit)) > ALIKE
    );
    if (!isRule || (one.unit !== null && !isAlike)) taken.push(one);
  }
  return {
    columns: taken.map(({ column, own, r2 }) => ({
      ...{ column, name: names?.[column] ?? `column ${column}`, r2: short(r2) },
      values: Array.from(own, short),
    })),
    unknown,
  };
}

/** Columns whose values colour maps of the rows: those that are asked for, or those that go with the place on the map. */
import type { LatentColumn } from "../runs/types.ts";
import { type Chosen, type DiagnosticContext, short } from "./diagnostic.ts";
import { largestOf } from "./numbers.ts";

/** The most variable columns among which is chosen, and values of them that are held at once. */
const CANDIDATES = 256, VALUES_MAX = 1 << 22;

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
  let sum = 0, squares = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const mean = sum / values.length, unit = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const centred = values[i]! - mean;
    unit[i] = centred;
    squares += centred * centred;
  }
  const length = Math.sqrt(squares);
  if (!(length > 0 && Number.isFinite(length))) return null;
  for (let i = 0; i < values.length; i++) unit[i]! /= length;
  return unit;
}

function correlation(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

interface Candidate {
  readonly unit: Float64Array | null;
  readonly r2: number;
}

/** One after the other, the one with the largest R2 times 1 less its largest squared correlation with those before it. */
function apart<C extends Candidate>(candidates: readonly C[], wanted: number): C[] {
  const taken: C[] = [], alike = new Float64Array(candidates.length);
  while (taken.length < wanted) {
    let best = -1, most = 0;
    for (const [j, { r2 }] of candidates.entries()) {
      if (r2 * (1 - alike[j]!) > most) [best, most] = [j, r2 * (1 - alike[j]!)];
    }
    if (best < 0) break;
    const one = candidates[best]!;
    taken.push(one);
    for (const [j, { unit }] of candidates.entries()) {
      // What was taken is not taken again.
      const square = j === best || unit === null ? 1 : correlation(unit, one.unit!) ** 2;
      alike[j] = Math.max(alike[j]!, square);
    }
  }
  return taken;
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
    const own = new Float64Array(rows);
    for (let i = 0; i < rows; i++) own[i] = values[i * from.length + j]!;
    const unit = standard(own);
    const r2 = unit ? Math.min(1, axes.reduce((sum, axis) => sum + correlation(unit, axis) ** 2, 0)) : 0;
    return { column, own, unit, r2 };
  });
  const taken = isRule ? apart(all, wanted) : all;
  return {
    columns: taken.map(({ column, own, r2 }) => ({
      ...{ column, name: names?.[column] ?? `column ${column}`, r2: short(r2) },
      values: Array.from(own, short),
    })),
    unknown,
  };
}

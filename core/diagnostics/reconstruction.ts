/** Truth against reconstruction of the most variable columns. */
import * as schema from "../runs/schema.ts";
import type { ReconstructionDiagnostic } from "../runs/types.ts";
import { type Diagnostic, type DiagnosticContext, short } from "./diagnostic.ts";
import { largestOf } from "./numbers.ts";
import { Canvas, COLOURS, LINE, type Picture, picture, scaleOf, SIDE } from "./drawing.ts";

async function run(context: DiagnosticContext): Promise<ReconstructionDiagnostic> {
  const { part, sums: { variation, sse }, data: { names } } = context;
  const columns = largestOf(variation, context.maxColumns).filter((j) => variation[j]! > 0);
  const chosen = context.choose([part], context.maxRows);
  const truth = await context.values(chosen, columns);
  const rebuilt = columns.length > 0 ? await context.reconstruct(chosen, columns) : new Float32Array(0);
  const columnOf = (values: Float32Array, j: number) =>
    Array.from(chosen.rows, (_, i) => short(values[i * columns.length + j]!));
  return {
    epoch: context.epoch,
    split: part,
    rows: chosen.rows,
    columns: columns.map((column, j) => ({
      column,
      name: names?.[column] ?? `column ${column}`,
      truth: columnOf(truth, j),
      reconstruction: columnOf(rebuilt, j),
      r2: short(1 - sse[column]! / variation[column]!),
    })),
  };
}

/** For each of the most variable columns a square: truth to the right, reconstruction upwards, and the diagonal. */
export function reconstructions({ columns }: ReconstructionDiagnostic): Picture | null {
  if (columns.length === 0) return null;
  const across = Math.ceil(Math.sqrt(columns.length)), side = Math.floor(SIDE / across);
  const canvas = new Canvas(across * side, Math.ceil(columns.length / across) * side);
  for (const [index, { truth, reconstruction }] of columns.entries()) {
    const left = index % across * side, top = Math.floor(index / across) * side;
    canvas.frame(left, top, side, side, LINE);
    const scale = scaleOf([...truth, ...reconstruction], 4, side - 5);
    for (let at = 1; at < side - 1; at++) canvas.mix(left + at, top + side - 1 - at, LINE, 1);
    for (const [row, value] of truth.entries()) {
      canvas.dot(left + scale(value), top + side - 1 - scale(reconstruction[row]!), 1.2, COLOURS[0]!, 0.5);
    }
  }
  return picture(canvas);
}

export const reconstruction: Diagnostic<ReconstructionDiagnostic> = {
  name: "reconstruction",
  about: "truth against reconstruction of the most variable columns",
  cost: "one pass of the network over at most diagnostics.max_rows rows, of diagnostics.columns columns",
  automatic: () => true,
  run,
  decode: schema.reconstruction,
  picture: reconstructions,
};

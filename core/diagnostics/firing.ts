/** In which share of the rows each unit of a code of few values is not 0. */
import { list, number, object, text } from "../runs/decode.ts";
import { type Diagnostic, type DiagnosticContext, NoAnswer } from "./diagnostic.ts";
import { binned, type Bins } from "./numbers.ts";

export interface FiringDiagnostic {
  readonly epoch: number;
  readonly split: string;
  readonly rows: number;
  readonly units: number;
  /** Units that are 0 in every row. */
  readonly dead: number;
  /** The mean number of units of a row that are not 0. */
  readonly active: number;
  /** Of the other units: the distribution of log10 of the share of rows in which a unit is not 0. */
  readonly density: Bins;
  /** The same shares, as far as the middle unit and the most frequent one go. */
  readonly median: number;
  readonly largest: number;
}

/** @param counts of each unit the rows in which it is not 0 */
export function firingOf(counts: Float64Array, rows: number): Omit<FiringDiagnostic, "epoch" | "split"> {
  const shares = counts.filter((count) => count > 0).map((count) => count / rows).sort();
  return {
    rows,
    units: counts.length,
    dead: counts.length - shares.length,
    active: counts.reduce((sum, count) => sum + count, 0) / rows,
    density: shares.length > 0 ? binned(shares.map(Math.log10), 30) : { min: 0, max: 0, counts: [] },
    median: shares[shares.length >> 1] ?? 0,
    largest: shares.at(-1) ?? 0,
  };
}

function run({ epoch, part, sums }: DiagnosticContext): Promise<FiringDiagnostic> {
  if (sums.active === null) throw new NoAnswer("the encoder does not end with a layer that sets most values to 0");
  return Promise.resolve({ epoch, split: part, ...firingOf(sums.active, sums.rows) });
}

export const firing: Diagnostic<FiringDiagnostic> = {
  name: "firing",
  about: "of a code of few values: in how many rows each unit is not 0, and which units are dead",
  cost: "none, because the evaluation of the part has counted it",
  automatic: () => true,
  run: async (context) => await run(context),
  decode: object<FiringDiagnostic>({
    epoch: number,
    split: text,
    rows: number,
    units: number,
    dead: number,
    active: number,
    density: object<Bins>({ min: number, max: number, counts: list(number) }),
    median: number,
    largest: number,
  }),
};

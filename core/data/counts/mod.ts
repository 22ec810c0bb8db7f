/** The steps for counts by name. */
import { type Chosen, kindOf, readStep } from "../steps/written.ts";
import { STEPS } from "../steps/mod.ts";
import { UserError } from "../../errors.ts";
import { filterCells } from "./filter_cells.ts";
import { filterGenes } from "./filter_genes.ts";
import { highlyVariable } from "./highly_variable.ts";
import { librarySize, sizeFactors } from "./library_size.ts";
import { log1p } from "./log1p.ts";
import { scale } from "./scale.ts";
import type { CountStep } from "./step.ts";

export const COUNT_STEPS: readonly CountStep[] = [
  filterCells,
  filterGenes,
  highlyVariable,
  librarySize,
  sizeFactors,
  log1p,
  scale,
];

/** The names of all steps, of signals and of counts. */
export const STEP_KINDS: readonly string[] = [...STEPS, ...COUNT_STEPS].map(({ kind }) => kind);

const isCount = (written: unknown) => COUNT_STEPS.some(({ kind }) => kind === kindOf(written));
const isSignal = (written: unknown) => STEPS.some(({ kind }) => kind === kindOf(written));

/**
 * Whether `data.steps` are those for counts.
 * @throws {UserError} where some of them are for counts and some for signals
 */
export function areCountSteps(steps: readonly unknown[]): boolean {
  const count = steps.findIndex(isCount), signal = steps.findIndex(isSignal);
  if (count < 0 || signal < 0) return count >= 0;
  throw new UserError(
    `data.steps.${Math.max(count, signal)}`,
    `${kindOf(steps[count])} is a step for counts, ${kindOf(steps[signal])} one for signals`,
    "use steps of one of the two kinds",
  );
}

/** @param steps as `data.steps` lists them @throws {UserError} where one is not known, or follows the one that is last */
export function readCountSteps(steps: readonly unknown[]): Chosen<CountStep>[] {
  const chosen = steps.map((step, at) =>
    readStep(step, `data.steps.${at}`, COUNT_STEPS, { kinds: STEP_KINDS, page: "docs/data.md" })
  );
  const dense = chosen.findIndex(({ step }) => step === scale);
  if (dense >= 0 && dense < chosen.length - 1) {
    throw new UserError(
      `data.steps.${dense + 1}`,
      "comes after scale, which makes the rows dense",
      "put scale at the end",
    );
  }
  return chosen;
}

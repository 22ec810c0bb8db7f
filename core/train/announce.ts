/**
 * What is printed before a run starts: warnings about settings that do not fit the data, and the solver of the output
 * layer.
 */
import type { Config } from "../config/types.ts";
import { sizeWarnings, warningText } from "../config/warnings.ts";
import { stepsOf, trainingPlan } from "../data/plan.ts";
import { UserError } from "../errors.ts";
import type { Source } from "../data/source.ts";
import { countText } from "../figures.ts";
import { chooseSolver } from "./solver.ts";
import { chooseStart } from "./start_layers.ts";

/** One line for each setting that is almost certainly a mistake with these data. */
export function runWarnings(config: Config, source: Source): string[] {
  const plan = trainingPlan(source, config.data, config.seed, 1);
  const { batch_size, last_batch } = config.data;
  const least = plan.map(({ rows }) => last_batch === "drop" ? batch_size : rows % batch_size || batch_size);
  const sizes = {
    columns: source.columns,
    validationRows: source.partRows.validation,
    stepsPerEpoch: stepsOf(plan),
    leastBatch: Math.min(...least),
  };
  return sizeWarnings(config, sizes).map((warning) => warningText(warning));
}

/** @throws {UserError} if the path of the runs' folder is not a folder. */
export function requireRunsFolder({ paths }: Config): void {
  let isFolder = true;
  try {
    isFolder = Deno.statSync(paths.runs).isDirectory;
  } catch { /* it will be made, or the reason told why it cannot */ }
  if (isFolder) return;
  throw new UserError("paths.runs", `must be a folder, but ${paths.runs} is a file`, "name another folder");
}

/**
 * Prints the warnings and what `auto` stands for, and why: the solver of the output layer, the start and the epochs.
 * @param asked the config before its numbers of epochs were known
 */
export function announce(
  config: Config,
  source: Source,
  asked: Config,
  note: (text: string) => void = () => {},
): void {
  for (const warning of runWarnings(config, source)) note(warning);
  if (config.model.decoder.at(-1)?.solver === "auto") {
    const { solver, reason } = chooseSolver(config, source);
    note(`output layer: ${solver} solver (${reason})`);
  }
  if (config.model.start === "auto") {
    const { start, reason } = chooseStart(config, source);
    note(`start: ${start} (${reason})`);
  }
  if (!Number.isFinite(asked.training.epochs)) {
    const { epochs, early_stopping: { patience } } = config.training;
    const steps = stepsOf(trainingPlan(source, config.data, config.seed, 1));
    const early = patience === null ? "" : `, or fewer: training ends after ${countText(patience)} without improvement`;
    note(`epochs: ${countText(epochs)} of ${countText(steps)} step${steps === 1 ? "" : "s"} each${early}`);
  }
}

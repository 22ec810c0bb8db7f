/** What is checked before a run starts: settings that do not fit the data. */
import type { Config } from "../config/types.ts";
import { sizeWarnings, warningText } from "../config/warnings.ts";
import { stepsOf, trainingPlan } from "../data/plan.ts";
import { UserError } from "../errors.ts";
import type { Source } from "../data/source.ts";

/** One line for each setting that is almost certainly a mistake with these data. */
export function runWarnings(config: Config, source: Source): string[] {
  const plan = trainingPlan(source, config.data, 1);
  const { batch_size, last_batch } = config.data;
  const least = plan.map(({ rows }) => last_batch === "drop" ? batch_size : rows % batch_size || batch_size);
  const sizes = {
    columns: source.columns,
    validationRows: source.partRows.validation,
    stepsPerEpoch: stepsOf(plan),
    trainingRows: source.partRows.train,
    largestWindow: Math.max(0, ...plan.map(({ rows }) => rows)),
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

/** What evaluate, embed and reconstruct share: their options, and the run that they restore. */
import { ensureEngine } from "../core/build/ensure.ts";
import { SPLITS } from "../core/data/source.ts";
import { UserError } from "../core/errors.ts";
import { tell } from "../core/output.ts";
import { type Restored, restoreRun } from "../core/train/restore.ts";
import { showProgress } from "./progress.ts";
import { type Options, SHARED, type Values } from "./command.ts";

/** @param split its help: which parts are taken */
export const restoreOptions = <const Help extends string>(split: Help) => ({
  run: SHARED.run,
  checkpoint: SHARED.checkpoint,
  split: { type: "choice", value: "S", values: SPLITS, help: split },
  data: { type: "path", value: "F", help: "use other data, with all of their rows: a file, a folder or a glob" },
  "column-names": {
    type: "path",
    value: "F",
    help: "file with the names of their columns, which are then matched by name",
  },
  batch: {
    type: "path",
    value: "F",
    help:
      "file with the category of each of their rows, or the name of a table of their rows, for a network that was trained with data.batch",
  },
  "allow-trained-rows": {
    type: "flag",
    help: "use a validation or test part even if the run was trained on rows of it",
  },
  override: { ...SHARED.override, help: "set a key of the config, e.g. data.path=...; repeatable" },
} as const satisfies Options);

/** Tells what is noticed about a run or its data. */
export const note = (text: string) => tell(`narrows: ${text}`);

/**
 * A run with a checkpoint's weights, as the options say.
 * @throws {UserError} where a split of other data is asked for, or nothing can be restored
 */
export async function restored(
  run: string,
  options: Omit<Values<ReturnType<typeof restoreOptions>>, "run"> & { readonly labels?: string },
): Promise<Restored> {
  const { data, split } = options;
  if (data !== undefined && split !== undefined && split !== "all") {
    throw new UserError(
      "--split",
      `${split} cannot be used with --data ${data}, whose rows are all one part`,
      "leave out --split",
    );
  }
  await ensureEngine();
  using progress = showProgress(Deno.stderr.isTerminal() ? "live" : "lines");
  return await restoreRun(run, {
    progress: progress.observer.preparing,
    checkpoint: options.checkpoint,
    overrides: options.override,
    note: (text) => progress.note(`narrows: ${text}`),
    data,
    columnNames: options["column-names"],
    batch: options.batch,
    allowTrainedRows: options["allow-trained-rows"],
    labels: options.labels,
  });
}

/** Restores a trained network from its run folder, for evaluate, embed, reconstruct and scripts. */
import { countText } from "../figures.ts";
import { join } from "@std/path";
import type { Model } from "../../ffi/model.ts";
import { chooseEngine } from "../build/choose.ts";
import { ensureEngine } from "../build/ensure.ts";
import { checkpointsFolder } from "../checkpoint/layout.ts";
import { readCheckpoint } from "../checkpoint/read.ts";
import { changesText, compareConfigs, type LoadedConfig, loadRunConfig } from "../config/mod.ts";
import { asOption, withSettings } from "../config/key_value_hints.ts";
import type { Config } from "../config/types.ts";
import { requireCategories } from "../data/categories.ts";
import { MemoryRows } from "../data/memory.ts";
import type { PreparingProgress } from "../data/prepare.ts";
import { type Part, PARTS, type Source } from "../data/source.ts";
import { allRows, feedRows, type RowChoice } from "../data/row_choice.ts";
import { UserError } from "../errors.ts";
import { exists } from "../formats/file.ts";
import { openRun } from "../runs/folder.ts";
import { dataOf, type GivenData, givenSource } from "./given_data.ts";
import { describeModel } from "./network.ts";
import { tensorSinks } from "./tensors.ts";

export interface Restored extends Disposable {
  readonly config: Config;
  readonly source: Source;
  readonly model: Model;
  /** The checkpoint folder from which it was loaded. */
  readonly checkpoint: string;
  /**
   * The path of other data than the run's own. They have no split, so all rows are one part, `train`. Otherwise null.
   */
  readonly otherData: string | null;
  /** One name per column of the network; null if the columns have no names. */
  readonly columnNames: readonly string[] | null;
  /** The number of rows of each part that were trained on. */
  readonly trainedRows: Readonly<Record<Part, number>>;
  readonly allowTrainedRows: boolean;
  /** What names the labels in messages: the config's key, or the option. */
  readonly labelsField: string;
  /** What names the categories of the rows in messages, likewise. */
  readonly batchField: string;
  /** An error that names a key of the config, with its place there. */
  readonly locate: LoadedConfig["locate"];
  readonly note: (text: string) => void;
}

export interface RestoreOptions extends GivenData {
  /** "best", "latest" or a checkpoint folder; by default best if the run kept it, otherwise latest. */
  readonly checkpoint?: string;
  /** Config overrides, e.g. another `data.path`. */
  readonly overrides?: readonly string[];
  readonly note?: (text: string) => void;
  /** Gets how far a source is prepared that has to be. */
  readonly progress?: (progress: PreparingProgress) => void;
}

/** @throws {UserError} if the folder is not a run, the checkpoint is damaged or the data do not fit */
export async function restoreRun(runDir: string, options: RestoreOptions = {}): Promise<Restored> {
  await ensureEngine({ quiet: true });
  await openRun(runDir);
  const { overrides = [] } = options;
  const loaded = loadRunConfig(runDir, overrides);
  if (overrides.length > 0) checkOverrides(runDir, loaded.config, options.note);
  try {
    return { ...await restored(runDir, loaded.config, overrides, options), locate: loaded.locate };
  } catch (error) {
    throw loaded.locate(asTyped(error));
  }
}

/** A hint that names settings of a config names the options that set them for this command. */
function asTyped(error: unknown): unknown {
  if (!(error instanceof UserError) || error.hint === undefined) return error;
  const hint = withSettings(error.hint, asOption).replaceAll(/\bset (?=--override)/g, "add ");
  return hint === error.hint ? error : new UserError(error.where, error.what, hint, error.exitCode);
}

/** @throws {UserError} on another model than the trained one; what else makes other figures is said */
function checkOverrides(run: string, config: Config, note?: (text: string) => void): void {
  const { fixed } = compareConfigs(loadRunConfig(run).config, config);
  const model = fixed.filter(({ key }) => key.startsWith("model."));
  if (model.length > 0) {
    const what = `the network was trained as it is: ${changesText(model)}`;
    throw new UserError("--override", what, "leave it out, or train another run with it");
  }
  const others = fixed.filter(({ key }) => !key.startsWith("data.")); // the data themselves are compared
  if (others.length > 0) note?.(`other than the run was trained with: ${changesText(others)}`);
}

async function restored(
  runDir: string,
  own: Config,
  overrides: readonly string[],
  options: RestoreOptions,
): Promise<Omit<Restored, "locate">> {
  const otherPath = overrides.find((text) => text.startsWith("data.path="));
  if (options.data === undefined && otherPath !== undefined && own.data.split.by === "files") {
    throw new UserError(
      `--override ${otherPath}`,
      "data.path is not used, because data.split of this run lists files",
      "override data.split.train, data.split.validation or data.split.test",
    );
  }
  const keepsBest = await exists(join(checkpointsFolder(runDir), "best"));
  const wanted = options.checkpoint ?? (keepsBest ? "best" : "latest");
  chooseEngine(own, options.note);
  const config = { ...own, data: await dataOf(runDir, own.data, options) };
  using made = new DisposableStack();
  const memory = typeof options.data === "object" ? made.use(new MemoryRows(options.data)) : null;
  const { source, trainedRows, columnNames } = await givenSource(runDir, config, memory, options);
  const model = made.adopt(describeModel(config, source), (model) => model.close());
  model.build();
  const targets = { parameters: tensorSinks(model).parameters };
  const warn = options.note ?? (() => {});
  const { path: checkpoint } = await readCheckpoint(runDir, wanted, targets, { warn });
  const kept = made.move();
  const onePart = options.data !== undefined && options.split !== "run";
  return {
    config,
    source,
    model,
    checkpoint,
    otherData: !onePart ? null : typeof options.data === "string" ? options.data : "rows in memory",
    columnNames,
    trainedRows,
    allowTrainedRows: options.allowTrainedRows ?? false,
    batchField: onePart ? "--batch" : "data.batch",
    labelsField: options.labels === undefined ? "data.labels" : "--labels",
    note: warn,
    [Symbol.dispose]: () => kept.dispose(),
  };
}

/** The parts a `--split` names; `all` is every row in file order. */
export function splitParts(split: string): readonly Part[] {
  if (split === "all") return PARTS;
  if ((PARTS as readonly string[]).includes(split)) return [split as Part];
  throw new UserError("--split", `must be train, validation, test or all, got ${split}`, "--split test");
}

/**
 * Refuses a validation or test part with rows that the network was trained on, since its metrics would mean nothing.
 * @throws {UserError} unless such rows are allowed
 */
export function requireHeldOut({ trainedRows, source, allowTrainedRows, note }: Restored, part: Part): void {
  const count = trainedRows[part];
  if (part === "train" || count === 0) return;
  const what = `${countText(count)} of its ${countText(source.partRows[part])} rows were used to train the run`;
  if (allowTrainedRows) return note(`--split ${part}: ${what}`);
  throw new UserError(
    `--split ${part}`,
    what,
    "use the split and the file names that it was trained with (a fork: its parent's), or add --allow-trained-rows",
  );
}

/** @throws {UserError} if a layer needs the categories of the rows, and the rows have none */
export function requireAllCategories({ source, config: { model }, batchField }: Restored): void {
  requireCategories(source, [...model.encoder, ...model.decoder], batchField);
}

/** The rows of a split; all rows of other data. @throws {UserError} if the split has none */
export function rowsOf(restored: Restored, split: string): RowChoice {
  const { source, config } = restored;
  const parts = splitParts(split);
  if (parts.length === 1) requireHeldOut(restored, parts[0]!);
  const choice = allRows(source, splitParts(split), config.data);
  if (choice.rows.length === 0) {
    throw new UserError("--split", `the part ${split} has no rows`, "choose another part");
  }
  return choice;
}

/** The number of rows that are computed at a time, so that a float32 table of this width has about 64 MB. */
function slices(width: number, batch: number): number {
  return Math.max(batch, Math.floor(16e6 / width / batch) * batch);
}

/** The latent vectors of the chosen rows, some rows at a time. */
export async function* latentRows(
  { model, config, source, batchField }: Restored,
  choice: RowChoice,
): AsyncGenerator<Float32Array<ArrayBuffer>> {
  requireCategories(source, config.model.encoder, batchField);
  for await (const { window, batches } of feedRows(choice, config.data)) yield await model.embed(batches, window.rows);
}

/** The reconstructions of the chosen rows and columns, some rows at a time. */
export async function* reconstructedRows(
  restored: Restored,
  choice: RowChoice,
  columns: Uint32Array<ArrayBuffer> | null,
): AsyncGenerator<Float32Array<ArrayBuffer>> {
  const { model, config, source } = restored;
  requireAllCategories(restored);
  const most = slices(columns?.length ?? source.columns, config.data.batch_size);
  for await (const { window, batches } of feedRows(choice, config.data)) {
    for (let done = 0; done < window.rows; done += most) {
      yield await model.reconstruct(batches, Math.min(most, window.rows - done), columns ?? undefined);
    }
  }
}

/** @throws {UserError} on a column that the data do not have */
export function checkColumns({ source }: Restored, columns: Uint32Array<ArrayBuffer> | null, field: string): void {
  const bad = columns?.find((column) => column >= source.columns);
  if (bad === undefined) return;
  throw new UserError(
    field,
    `there is no column ${bad}: the data have ${countText(source.columns)} columns`,
    "the first column is 0",
  );
}

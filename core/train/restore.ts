/** A trained network back from its run folder: for evaluate, embed, reconstruct and scripts. */
import { join, resolve } from "@std/path";
import type { Model } from "../../ffi/model.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { chooseEngine } from "../build/choose.ts";
import { ensureEngine } from "../build/ensure.ts";
import { readCheckpoint } from "../checkpoint/read.ts";
import { loadConfig } from "../config/mod.ts";
import type { Config, DataConfig } from "../config/types.ts";
import { readColumnNames } from "../data/annotations.ts";
import { dataFiles } from "../data/files.ts";
import { type MemoryData, MemoryRows } from "../data/memory.ts";
import { dataError, openSource, type Part, PARTS, type Source } from "../data/source.ts";
import { allRows, feedRows, type RowChoice } from "../diagnostics/rows.ts";
import { UserError } from "../errors.ts";
import { writeTable } from "../formats/table.ts";
import { openRun } from "../runs/folder.ts";
import { readModel } from "../runs/read.ts";
import { describeModel } from "./network.ts";
import { tensorSinks } from "./tensors.ts";

export interface Restored extends Disposable {
  readonly config: Config;
  readonly source: Source;
  readonly model: Model;
  /** The checkpoint folder it came from. */
  readonly checkpoint: string;
}

export interface RestoreOptions {
  /** "best", "latest" or a checkpoint folder; by default best where it was kept, else latest. */
  readonly checkpoint?: string;
  /** Config overrides, e.g. another `data.path`. */
  readonly overrides?: readonly string[];
  /** Other rows than the run's own: arrays in memory, or a file, folder or glob. Without labels of their own they have none. */
  readonly data?: MemoryData | string;
  /** Of `data`: `none` (default) makes one part of all rows, `train`; `run` splits them as the run's config says. */
  readonly split?: "none" | "run";
  readonly note?: (text: string) => void;
}

/** What a folder holds, or what a file is. */
function formatOf(path: string): DataConfig["format"] {
  const folder = (extension: string) => dataFiles(path, "data", extension);
  let files: readonly string[];
  try {
    files = folder(".npz");
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    files = folder(".npy");
  }
  try {
    return Chunk.peek(files[0]!).dense ? "dense_npy" : "csr_npz";
  } catch (error) {
    throw dataError(error);
  }
}

/** The run's data section with other rows in the place of its own. */
function withOtherRows(data: DataConfig, { data: rows, split = "none" }: RestoreOptions): DataConfig {
  if (rows === undefined) return data;
  const place = typeof rows === "string"
    ? { path: resolve(rows), format: formatOf(resolve(rows)) }
    : { path: "", format: "memory" as const };
  const whole = { by: "rows", train: 1, validation: 0, test: 0, seed: 0 } as const;
  return { ...data, ...place, labels: null, split: split === "none" ? whole : data.split };
}

/** Other rows have as many columns as those that the network was made for. */
async function requireColumns(runDir: string, source: Source): Promise<void> {
  const trained = (await readModel(runDir)).find((layer) => layer.name.startsWith("encoder."))?.inputs;
  if (trained === undefined || trained === source.columns) return;
  throw new UserError(
    source.files[0]!.path,
    `has ${source.columns} columns, the run was trained on ${trained}`,
    "give the columns that the run was trained on, in their order",
  );
}

/** @throws {UserError} on a folder that is no run, on a damaged checkpoint and on data that do not fit */
export async function restoreRun(runDir: string, options: RestoreOptions = {}): Promise<Restored> {
  await ensureEngine({ quiet: true });
  await openRun(runDir);
  const { overrides = [] } = options;
  const { config: own } = loadConfig({ file: join(runDir, "config.yaml"), overrides });
  const otherPath = overrides.find((text) => text.startsWith("data.path="));
  if (otherPath !== undefined && own.data.split.by === "files") {
    throw new UserError(
      `--override ${otherPath}`,
      "data.path is not read: data.split of this run lists files",
      "override data.split.train, data.split.validation or data.split.test",
    );
  }
  let wanted = options.checkpoint;
  if (wanted === undefined) {
    try {
      Deno.statSync(join(runDir, "checkpoints", "best"));
      wanted = "best";
    } catch {
      wanted = "latest";
    }
  }
  chooseEngine(own, options.note);
  const config = { ...own, data: withOtherRows(own.data, options) };
  using made = new DisposableStack();
  const memory = typeof options.data === "object" ? made.use(new MemoryRows(options.data)) : null;
  const source = openSource(config.data, memory);
  if (options.data !== undefined) await requireColumns(runDir, source);
  const model = made.adopt(describeModel(config, source), (model) => model.close());
  model.build();
  const targets = { parameters: tensorSinks(model).parameters };
  const warn = options.note ?? (() => {});
  const { path: checkpoint } = await readCheckpoint(runDir, wanted, targets, { warn });
  const kept = made.move();
  return { config, source, model, checkpoint, [Symbol.dispose]: () => kept.dispose() };
}

/** The parts a `--split` names; `all` is every row in file order. */
export function splitParts(split: string): readonly Part[] {
  if (split === "all") return PARTS;
  if ((PARTS as readonly string[]).includes(split)) return [split as Part];
  throw new UserError("--split", `must be train, validation, test or all, got ${split}`, "--split test");
}

/** @throws {UserError} where a split has no rows */
export function rowsOf({ source, config }: Restored, split: string): RowChoice {
  const choice = allRows(source, splitParts(split), config.data);
  if (choice.rows.length === 0) {
    throw new UserError("--split", `the split ${split} has no rows`, "choose another split");
  }
  return choice;
}

/** Rows handed out at a time, so that a float32 table of this width stays near 64 MB. */
function slices(width: number, batch: number): number {
  return Math.max(batch, Math.floor(16e6 / width / batch) * batch);
}

/** Latent vectors of the chosen rows, a part of them at a time. */
export async function* latentRows(
  { model, config }: Restored,
  choice: RowChoice,
): AsyncGenerator<Float32Array<ArrayBuffer>> {
  for await (const { window, batches } of feedRows(choice, config.data)) yield await model.embed(batches, window.rows);
}

/** Reconstructions of the chosen rows and columns, a part of the rows at a time. */
export async function* reconstructedRows(
  { model, config, source }: Restored,
  choice: RowChoice,
  columns: Uint32Array<ArrayBuffer> | null,
): AsyncGenerator<Float32Array<ArrayBuffer>> {
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
  throw new UserError(field, `column ${bad} is not one of ${source.columns}`, "columns count from 0");
}

/** Writes the latent vectors of a split (rows x latent, float32) to an .npy or .csv file. Returns the shape. */
export async function embedTo(restored: Restored, split: string, path: string): Promise<[number, number]> {
  const choice = rowsOf(restored, split);
  const columns = Array.from({ length: restored.model.latentSize }, (_, i) => `latent_${i}`);
  return await writeTable(path, { rowNumbers: choice.rows, columns }, latentRows(restored, choice));
}

/** Writes reconstructions of a split (rows x chosen columns, float32; all columns when none are chosen) likewise. */
export async function reconstructTo(
  restored: Restored,
  split: string,
  path: string,
  columns: Uint32Array<ArrayBuffer> | null,
): Promise<[number, number]> {
  checkColumns(restored, columns, "--columns");
  const choice = rowsOf(restored, split);
  const names = await readColumnNames(restored.config.data.column_names);
  const chosen = columns ?? Uint32Array.from({ length: restored.source.columns }, (_, column) => column);
  const table = {
    rowNumbers: choice.rows,
    columns: Array.from(chosen, (column) => names?.[column] ?? `column_${column}`),
  };
  return await writeTable(path, table, reconstructedRows(restored, choice, columns));
}

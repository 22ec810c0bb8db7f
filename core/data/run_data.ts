/** data.json and column_names.txt of a run folder: written at its start, read back by whatever compares. */
import { join } from "@std/path";
import { UserError } from "../errors.ts";
import { exists, readTextSync } from "../formats/file.ts";
import { isRecord, readJson } from "../formats/json.ts";
import { readTextFile } from "../formats/text_file.ts";
import { writeFileAtomic, writeJsonAtomic } from "../runs/atomic.ts";
import {
  DecodeError,
  type Decoder,
  list,
  maybe,
  nullable,
  number,
  object,
  oneOf,
  optional,
  text,
} from "../runs/decode.ts";
import type { Transform } from "../config/types.ts";
import { type Fitted, fittedHash, fittedText, parseFitted, STEPS_FILE } from "./fitted.ts";
import { made } from "./data_json.ts";
import type { DataIdentity, FileIdentity, TrainedData } from "./identity.ts";
import { hashLines } from "./identity.ts";
import { readRuns, writtenRuns } from "./part_runs.ts";
import type { Part } from "./source.ts";

export const DATA_FILE = "data.json";
export const NAMES_FILE = "column_names.txt";
/** A line a file: a million files. */
const BYTES_MAX = 512e6;

const part = oneOf<Part>("train", "validation", "test");
const any: Decoder<Transform> = (value) => value as Transform;

const file = object<FileIdentity>({
  name: text,
  offset: optional(number) as Decoder<number>,
  first_row: number,
  rows: number,
  nnz: number,
  bytes: number,
  modified: text,
  content: text,
  part: nullable(part),
  part_runs: maybe((value) => value as number[]),
});

const files: Decoder<FileIdentity[]> = list((value, field) => {
  const { part_runs, ...read } = file(value, field);
  return part_runs === undefined ? read : { ...read, part_runs: readRuns(part_runs, `${field}.part_runs`, read.rows) };
});

/** Files as data.json has them. */
const writtenFiles = (files: readonly FileIdentity[]) =>
  files.map(({ part_runs, ...file }) =>
    part_runs === undefined ? file : { ...file, part_runs: writtenRuns(part_runs) }
  );

const split = nullable(object<NonNullable<DataIdentity["split"]>>({
  by: oneOf("rows"),
  together: maybe((value) =>
    value === "files" ? "files" : object<{ group: string }>({ group: text })(value, "together")
  ),
  train: number,
  validation: number,
  test: number,
  seed: number,
}));

const trained = list(object<TrainedData>({ files, split }));

const own: Decoder<Omit<DataIdentity, "earlier">> = object<Omit<DataIdentity, "earlier">>({
  version: (value) => {
    if (value !== 1) throw new DecodeError(`version: expected 1, got ${JSON.stringify(value) ?? "nothing"}`);
    return 1;
  },
  format: text as Decoder<DataIdentity["format"]>,
  path: text,
  files,
  rows: number,
  columns: number,
  nnz: number,
  parts: object({ train: number, validation: number, test: number }),
  split,
  transforms: list(any),
  column_names: nullable(text),
  labels: nullable(text),
  row_weights: maybe(text),
  column_weights: maybe(text),
  steps: maybe(text),
  made: maybe(made),
  batch: maybe(object<NonNullable<DataIdentity["batch"]>>({ names: list(text), rows: text })),
});

const identity: Decoder<DataIdentity> = (value, where) => {
  const run = own(value, where);
  const earlier = isRecord(value) ? value.earlier : undefined;
  return earlier === undefined ? run : { ...run, earlier: trained(earlier, "earlier") };
};

/** The names first: data.json says that they are there. */
export async function writeRunData(
  run: string,
  data: DataIdentity,
  names: readonly string[] | null,
  steps: Fitted | null = null,
): Promise<void> {
  if (names !== null) await writeFileAtomic(join(run, NAMES_FILE), names.join("\n") + "\n");
  if (steps !== null) await writeFileAtomic(join(run, STEPS_FILE), fittedText(steps));
  const earlier = data.earlier?.map((one) => ({ ...one, files: writtenFiles(one.files) }));
  await writeJsonAtomic(join(run, DATA_FILE), {
    ...data,
    files: writtenFiles(data.files),
    ...earlier ? { earlier } : {},
  });
}

/** The steps that a run's data went through, with what they concluded; absent where they concluded nothing. @throws {UserError} */
export function readRunSteps(run: string, data: DataIdentity | null): Fitted | undefined {
  if (data?.steps === undefined) return undefined;
  const path = join(run, STEPS_FILE);
  const text = readTextSync(path, BYTES_MAX);
  const fitted = parseFitted(text, path);
  if (fittedHash(fitted) === data.steps) return fitted;
  throw new UserError(
    path,
    "is not the file that the run was trained with: its hash differs",
    "restore the original file",
  );
}

/** What a run was trained on; null where it does not say. @throws {UserError} */
export async function readRunData(run: string): Promise<DataIdentity | null> {
  const path = join(run, DATA_FILE);
  if (!await exists(path)) return null;
  try {
    return identity(await readJson(path, BYTES_MAX), "");
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new UserError(path, error.message, "train writes this file; do not edit it");
  }
}

/** The names of the columns that a run was trained on; null where it had none. @throws {UserError} */
export async function readRunNames(run: string, data: DataIdentity): Promise<string[] | null> {
  if (data.column_names === null) return null;
  const path = join(run, NAMES_FILE);
  const names = (await readTextFile(path, NAMES_FILE)).split("\n");
  names.pop();
  if (hashLines(names) === data.column_names) return names;
  throw new UserError(
    path,
    "is not the file that the run was trained with: its hash differs",
    "restore the original file",
  );
}

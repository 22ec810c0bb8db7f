/**
 * RUN/data.json: the data that a run was trained on. It is written once when a run starts. Commands that read the run later
 * compare it with the present data (compare.ts). What the content of a file is identified by is in content.ts.
 */
import { createHash } from "node:crypto";
import type { Made } from "./data_json.ts";
import type { DataConfig, Split, Transform } from "../config/types.ts";
import { keptContent, statOf } from "./content.ts";
import { fittedHash } from "./fitted.ts";
import { partRuns } from "./part_runs.ts";
import { type ChunkFile, type Part, PARTS, type Source } from "./source.ts";

/** Files that have no more bytes than this together are hashed completely. */
const WHOLE_BYTES = 512e6;

export interface FileIdentity {
  /** Path below the data's folder, of the file or of the source that it was prepared from. */
  readonly name: string;
  /** Of a chunk of a source, the number of its first row in it, where that is not 0. */
  readonly offset?: number;
  readonly first_row: number;
  readonly rows: number;
  readonly nnz: number;
  readonly bytes: number;
  /** When it was last changed. */
  readonly modified: string;
  /** `crc32:` of data, indices and indptr; `sha256:` of all bytes; `sample:` of some of them. */
  readonly content: string;
  /** The part all of its rows belong to; null where rows are split by hash. */
  readonly part: Part | null;
  /**
   * Where the split keeps files or groups together, the parts of the rows in order, as runs: the number of a part, then how many
   * rows in turn belong to it.
   */
  readonly part_runs?: readonly number[];
}

/** Which rows were trained on: those that the split makes training rows of these files. */
export type TrainedData = Pick<DataIdentity, "files" | "split">;

export interface DataIdentity {
  readonly version: 1;
  readonly format: DataConfig["format"];
  readonly path: string;
  readonly files: readonly FileIdentity[];
  readonly rows: number;
  readonly columns: number;
  readonly nnz: number;
  readonly parts: Readonly<Record<Part, number>>;
  /** Shares and seed, or null where files are listed. */
  readonly split: Extract<Split, { by: "rows" }> | null;
  readonly transforms: readonly Transform[];
  /** SHA-256 of the names, one per line, which are in the run's column_names.txt. */
  readonly column_names: string | null;
  /** SHA-256 of the labels, one per line. */
  readonly labels: string | null;
  /** SHA-256 of what rows and columns count for in the loss; absent where all count alike. */
  readonly row_weights?: string;
  readonly column_weights?: string;
  /** SHA-256 of steps.json, the steps with what they concluded; absent where they conclude nothing. */
  readonly steps?: string;
  /** How the rows of an imported data set were made of their sources; absent of other data. */
  readonly made?: Made;
  /** The names of the categories, and the SHA-256 of their numbers, one a row; absent where the rows have none. */
  readonly batch?: { readonly names: readonly string[]; readonly rows: string };
  /** Of a fork: what its weights were trained on before, in the runs that it descends from, where that differs. */
  readonly earlier?: readonly TrainedData[];
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>) =>
  new Uint8Array(buffer, byteOffset, byteLength);
const hashNumbers = (values: Float32Array<ArrayBuffer>): string =>
  createHash("sha256").update(bytesOf(values)).digest("hex");

function batchOf({ files, categoryNames }: Source): Pick<DataIdentity, "batch"> {
  if (categoryNames === null || files[0]?.categories === undefined) return {};
  const hash = createHash("sha256");
  for (const { categories } of files) hash.update(bytesOf(categories!));
  return { batch: { names: categoryNames, rows: hash.digest("hex") } };
}

/** SHA-256 of names or labels, one per line. */
export const hashLines = (lines: readonly string[] | null): string | null =>
  lines === null ? null : sha256(lines.join("\n"));

function partOf(file: ChunkFile, data: DataConfig): Part | null {
  return data.split.by === "rows" ? null : PARTS.find((part) => file.parts[part].length > 0) ?? null;
}

/**
 * @param names of columns, and labels of rows, where the config has them
 * @param like an earlier identity: content is hashed as it was there, so that both can be compared
 */
export async function identify(
  data: DataConfig,
  source: Source,
  { names, labels, like }: {
    names: readonly string[] | null;
    labels: readonly string[] | null;
    like?: DataIdentity;
  },
): Promise<DataIdentity> {
  const infos = await Promise.all(source.files.map(statOf));
  const total = infos.reduce((sum, { size }) => sum + size, 0);
  const whole = like ? !like.files.some(({ content }) => content.startsWith("sample:")) : total <= WHOLE_BYTES;
  const files: FileIdentity[] = [];
  for (const [index, file] of source.files.entries()) {
    const { size, mtime } = infos[index]!;
    files.push({
      name: file.name,
      ...file.offset === 0 ? {} : { offset: file.offset },
      first_row: file.firstRow,
      rows: file.info.rows,
      nnz: file.info.nnz,
      bytes: size,
      modified: (mtime ?? new Date(0)).toISOString(),
      content: await keptContent(file, whole),
      part: partOf(file, data),
      ...data.split.by === "rows" && data.split.together !== undefined ? { part_runs: partRuns(file.parts) } : {},
    });
  }
  return {
    version: 1,
    format: data.format,
    path: data.path,
    files,
    rows: source.rows,
    columns: source.columns,
    nnz: source.nnz,
    parts: source.partRows,
    split: data.split.by === "rows" ? data.split : null,
    transforms: data.transforms,
    column_names: hashLines(names),
    labels: hashLines(labels),
    ...source.rowWeights === null ? {} : { row_weights: hashNumbers(source.rowWeights) },
    ...source.steps === null ? {} : { steps: fittedHash(source.steps) },
    ...source.made === null ? {} : { made: source.made },
    ...batchOf(source),
    ...source.columnWeights === null ? {} : { column_weights: hashNumbers(source.columnWeights) },
  };
}

/** What tells one file from another, and from another state of itself. */
export const keyOf = ({ name, offset, rows, content, part, part_runs }: FileIdentity): unknown[] => [
  name,
  rows,
  content,
  part,
  ...offset === undefined ? [] : [offset],
  ...part_runs === undefined ? [] : [part_runs],
];

/** A hash of what an epoch consists of: its rows, their order and their values. */
export function contentKey(identity: DataIdentity): string {
  return sha256(JSON.stringify(identity.files.map(keyOf)));
}

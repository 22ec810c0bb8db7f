/**
 * RUN/data.json: the data that a run was trained on. It is written once when a run starts. Commands that read the run later
 * compare it with the present data (compare.ts).
 *
 * The content of an `.npz` file is identified by its checksums of the arrays, which change with any stored value. An `.npy`
 * file has no checksums: if all files together have at most WHOLE_BYTES, all bytes are hashed, and otherwise SAMPLES evenly
 * spread blocks of each file, the first and the last among them. Rows in memory are hashed completely.
 */
import { createHash } from "node:crypto";
import type { Made } from "./data_json.ts";
import { elementBytes } from "../../ffi/arrays.ts";
import { Chunk, type MatrixPlace } from "../../ffi/chunk.ts";
import type { DataConfig, Split, Transform } from "../config/types.ts";
import { InputFile } from "../formats/file.ts";
import { fittedHash } from "./fitted.ts";
import { partRuns } from "./part_runs.ts";
import { type ChunkFile, type Part, PARTS, type Source } from "./source.ts";

export const WHOLE_BYTES = 512e6;
const SAMPLES = 64, SAMPLE_BYTES = 1 << 16, BLOCK_BYTES = 1 << 20;

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

/** Begin and length of the blocks of a file that are hashed. */
function blocks(size: number, whole: boolean): { at: number; length: number }[] {
  const length = whole ? BLOCK_BYTES : SAMPLE_BYTES;
  const count = Math.ceil(size / length);
  if (whole || count <= SAMPLES) {
    return Array.from({ length: count }, (_, i) => ({ at: i * length, length: Math.min(length, size - i * length) }));
  }
  const step = (size - length) / (SAMPLES - 1);
  return Array.from({ length: SAMPLES }, (_, i) => ({ at: Math.round(i * step), length }));
}

/** @param whole whether all bytes of a file without checksums of its own are read */
export async function contentOf({ path, info, memory, place }: ChunkFile, whole: boolean): Promise<string> {
  if (memory) return `sha256:${memory.digest()}`;
  if (!info.dense) {
    return `crc32:${Array.from(Chunk.checksums(path), (sum) => sum.toString(16).padStart(8, "0")).join("-")}`;
  }
  using file = await InputFile.open(path);
  const hash = createHash("sha256");
  const [from, size] = place ? [place.offset, placeBytes(place)] : [0, file.size];
  for (const { at, length } of blocks(size, whole)) {
    const bytes = new Uint8Array(length);
    await file.readAt(from + at, bytes);
    hash.update(bytes);
  }
  return `${whole ? "sha256" : "sample"}:${hash.digest("hex")}`;
}

/** The modification time of a file; rows in memory have none. */
async function statOf({ path, memory, place }: ChunkFile): Promise<{ size: number; mtime: Date | null }> {
  if (memory) return { size: memory.info.bytesHeld, mtime: null };
  const { size, mtime } = await Deno.stat(path);
  return { size: place ? placeBytes(place) : size, mtime };
}

const placeBytes = ({ rows, columns, type }: MatrixPlace) => rows * columns * elementBytes(type);

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
      content: await contentOf(file, whole),
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

/** Inspects given data: files, sizes and, from a sample of the rows, the kind of values. */
import { dirname, join } from "@std/path";
import { BatchCreator } from "../../ffi/batches.ts";
import { Chunk, type ChunkHeader } from "../../ffi/chunk.ts";
import type { DataConfig } from "../config/types.ts";
import { UserError } from "../errors.ts";
import { toUser } from "../paths.ts";
import { dataFiles, naturally } from "./files.ts";
import { adviceOn, kindOf } from "../formats/kinds.ts";
import { dataError, openError } from "./source.ts";

/** The largest numbers of rows and values that are read, and of files over which they are spread. */
const SAMPLE_ROWS = 1000;
const SAMPLE_VALUES = 20e6;
const SAMPLE_FILES = 5;

export interface ValueSample {
  /** Number of rows that were read. */
  readonly rows: number;
  /** The smallest and largest nonzero value; 0 if all are zero. */
  readonly least: number;
  readonly greatest: number;
  /** Whether all values are whole numbers. */
  readonly whole: boolean;
  /** Share of zeros among all values of these rows. */
  readonly zeros: number;
  /** Sums of the rows: lowest, median, highest. */
  readonly rowSums: readonly [number, number, number];
}

export interface Inspection {
  readonly format: DataConfig["format"];
  /** The file or folder that the config names; a single file if its folder has other arrays as well. */
  readonly path: string;
  readonly files: readonly string[];
  readonly rows: number;
  readonly columns: number;
  readonly dataType: string;
  readonly sample: ValueSample;
}

interface Looked {
  readonly path: string;
  readonly header: ChunkHeader;
}

const EXTENSIONS = { ".npz": "csr_npz", ".npy": "dense_npy" } as const;

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** Folders below that contain data, for the hint about a folder that has none. */
function foldersWithData(path: string): string[] {
  const hasData = (folder: string) => {
    try {
      return [...Deno.readDirSync(folder)].some(({ name }) => /\.np[zy]$/.test(name));
    } catch {
      return false;
    }
  };
  return [...Deno.readDirSync(path)].filter((entry) => entry.isDirectory).map(({ name }) => join(path, name))
    .filter(hasData).sort();
}

/** The files that a file, folder or glob names. */
function filesOf(path: string): string[] {
  if (!isFolder(path)) return dataFiles(path, toUser(path), "");
  const names = [...Deno.readDirSync(path)].filter((entry) => !entry.isDirectory && !entry.name.startsWith("."))
    .map((entry) => entry.name);
  const there = Object.keys(EXTENSIONS).filter((extension) => names.some((name) => name.endsWith(extension)));
  if (there.length === 1) return dataFiles(path, "DATA", there[0]!);
  if (there.length > 1) {
    throw new UserError(
      path,
      "the folder has both .npz and .npy files",
      `name those of the data, e.g. '${join(path, "*.npz")}'`,
    );
  }
  const whole = kindOf(path);
  if (whole) throw new UserError(path, `is ${whole.name}, which is not read`, adviceOn(whole));
  const [below] = foldersWithData(path);
  if (below) throw new UserError(path, "the folder has no .npz or .npy file", `did you mean ${below}?`);
  const first = names.sort(naturally)[0];
  const kind = first === undefined ? undefined : kindOf(join(path, first));
  const what = kind ? `but ${first}, which is ${kind.name}` : names.length === 0 ? "and no other file" : `but ${first}`;
  throw new UserError(path, `the folder holds no .npz or .npy file, ${what}`, kind && adviceOn(kind));
}

/** Reads a header; null for an array that is not a matrix, if there may be others. */
function peek(path: string, isAlone: boolean): ChunkHeader | null {
  try {
    return Chunk.peek(path);
  } catch (error) {
    if (isAlone || !path.endsWith(".npy")) throw openError(error, path);
    return null;
  }
}

/**
 * The arrays of a folder that are the data, i.e. the widest ones. An array of labels with one column may be beside
 * them.
 */
function matrices(path: string, files: readonly string[]): { path: string; looked: Looked[] } {
  const all = files.flatMap((file): Looked[] => {
    const header = peek(file, files.length === 1);
    return header ? [{ path: file, header }] : [];
  });
  const widest = Math.max(0, ...all.map(({ header }) => header.columns));
  const looked = all.filter(({ header }) => header.columns === widest);
  if (looked.length === files.length) return { path, looked };
  const others = all.filter(({ header }) => header.columns < widest);
  if (looked.length === 1 && others.every(({ header }) => header.dense && header.columns <= 1)) {
    return { path: looked[0]!.path, looked };
  }
  throw new UserError(
    path,
    `the files have different numbers of columns: ${looked.length} have ${widest}, ${
      files.length - looked.length
    } differ`,
    "name the files of the data with a glob",
  );
}

/** At most `most` row numbers of `rows`, evenly spread. */
function spread(rows: number, most: number): Uint32Array<ArrayBuffer> {
  const count = Math.min(rows, most);
  return Uint32Array.from({ length: count }, (_, i) => Math.floor((i + 0.5) * rows / count));
}

async function sampleOf(looked: readonly Looked[], columns: number): Promise<ValueSample> {
  const chosen = [...spread(looked.length, SAMPLE_FILES)].map((index) => looked[index]!);
  let least = Infinity, greatest = -Infinity, whole = true, stored = 0;
  const sums: number[] = [];
  for (const { path, header } of chosen) {
    const dense = header.dense ? columns : Math.max(1, header.nnz / Math.max(1, header.rows));
    const most = Math.max(1, Math.floor(Math.min(SAMPLE_ROWS, SAMPLE_VALUES / dense) / chosen.length));
    if (header.rows === 0) continue;
    try {
      using chunk = await Chunk.open(path);
      using batches = new BatchCreator([chunk], 1, 1, {
        batchSize: Math.min(64, most),
        rows: spread(header.rows, most),
      });
      for await (const batch of batches) {
        for (let row = 0; row < batch.rows; row++) {
          let sum = 0;
          for (let at = batch.rowPtr[row]!; at < batch.rowPtr[row + 1]!; at++) {
            const value = batch.target[at]!;
            if (value === 0) continue;
            stored++;
            sum += value;
            if (value < least) least = value;
            if (value > greatest) greatest = value;
            whole &&= Number.isInteger(value);
          }
          sums.push(sum);
        }
      }
    } catch (error) {
      throw dataError(error);
    }
  }
  sums.sort((a, b) => a - b);
  return {
    rows: sums.length,
    least: stored > 0 ? least : 0,
    greatest: stored > 0 ? greatest : 0,
    whole,
    zeros: sums.length > 0 ? 1 - stored / (sums.length * columns) : 1,
    rowSums: [sums[0] ?? 0, sums[sums.length >> 1] ?? 0, sums.at(-1) ?? 0],
  };
}

/**
 * Looks at a file, a folder or a glob of `.npz` or `.npy` files.
 * @throws {UserError} if there are none, or if their kinds or widths differ
 */
export async function inspectData(given: string): Promise<Inspection> {
  const { path, looked } = matrices(given, filesOf(given));
  const [first] = looked;
  const other = looked.find(({ header }) => header.dense !== first!.header.dense);
  if (other) {
    throw new UserError(
      given,
      `${first!.path} and ${other.path} are of different kinds`,
      "name either the .npz or the .npy files",
    );
  }
  const { columns, dense, dataType } = first!.header;
  const rows = looked.reduce((sum, { header }) => sum + header.rows, 0);
  if (rows === 0 || columns === 0) {
    throw new UserError(path, `has ${rows} rows and ${columns} columns`, "name data that have both rows and columns");
  }
  return {
    format: dense ? "dense_npy" : "csr_npz",
    path,
    files: looked.map(({ path }) => path),
    rows,
    columns,
    dataType,
    sample: await sampleOf(looked, columns),
  };
}

/** The folders in which files that belong to the data may lie: the data's own and the one above. */
export function foldersNear({ files }: Inspection): string[] {
  const own = dirname(files[0]!);
  return [...new Set([own, dirname(own)])];
}

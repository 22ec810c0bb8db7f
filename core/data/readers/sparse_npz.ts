/** Matrices that scipy.sparse.save_npz wrote in CSC, COO, BSR or DIA form. Their entries are sorted by rows in bounded memory. */
import { basename } from "@std/path";
import { UserError } from "../../errors.ts";
import { ArrayStream, npzMembers } from "../../formats/npz_stream.ts";
import type { ZipMember } from "../../formats/zip_members.ts";
import type { Block, OpenSource, Reader, ReaderOptions } from "./reader.ts";
import { refuseMember, requireNoSettings } from "./settings.ts";
import { requirePlausible, RowBuckets } from "./rows.ts";

/** Entries that are read at once. */
const SPAN = 1 << 20;
const AGAIN = "make the file again, or fetch it again";

interface Sparse {
  readonly form: "csc" | "coo" | "bsr" | "dia";
  readonly rows: number;
  readonly columns: number;
  /** Values that are stored. */
  readonly entries: number;
  /** The shape of the stored values: `[entries]`; of BSR form `[blocks, height, width]`, of DIA form `[diagonals, length]`. */
  readonly stored: readonly number[];
  readonly type: string;
  readonly members: ReadonlyMap<string, ZipMember>;
}

const membersOf = (path: string) =>
  new Map(npzMembers(path).map((member) => [member.name.replace(/\.npy$/, ""), member]));

/** `csc`, `coo`, `bsr`, `dia` or `csr`; null where the file is no sparse matrix. */
function formOf(members: ReadonlyMap<string, ZipMember>): string | null {
  const text = members.get("format")?.text().replaceAll("\0", "") ?? "";
  return members.has("shape") && members.has("data") ? /(csr|csc|bsr|dia|coo)$/.exec(text)?.[1] ?? null : null;
}

async function streamOf(path: string, members: Sparse["members"], name: string): Promise<ArrayStream> {
  const member = members.get(name);
  if (member === undefined) throw new UserError(path, `has no array ${name}`, AGAIN);
  return await ArrayStream.open(path, member);
}

/** The values of a small array. */
async function valuesOf(path: string, members: Sparse["members"], name: string): Promise<Float64Array> {
  const stream = await streamOf(path, members, name);
  try {
    return await stream.read(stream.shape.reduce((product, size) => product * size, 1));
  } finally {
    await stream.close();
  }
}

async function look(path: string): Promise<Sparse> {
  const members = membersOf(path);
  const form = formOf(members);
  if (form !== "csc" && form !== "coo" && form !== "bsr" && form !== "dia") {
    const what = form === null ? "is no matrix of scipy.sparse.save_npz" : "is a matrix in CSR form";
    throw new UserError(path, what, form === null ? undefined : "set data.format: csr_npz");
  }
  const [rows, columns] = await valuesOf(path, members, "shape");
  const data = await streamOf(path, members, "data");
  await data.close();
  const entries = data.shape.reduce((product, size) => product * size, 1);
  const isSize = (size: number | undefined) => Number.isSafeInteger(size) && size! >= 0 && size! < 2 ** 31;
  if (!isSize(rows) || !isSize(columns) || data.shape.length !== AXES[form]) {
    throw new UserError(path, `has the shape ${rows} x ${columns}, with values of ${data.shape.length} axes`, AGAIN);
  }
  requirePlausible(path, Math.max(rows!, columns!), entries);
  return { form, rows: rows!, columns: columns!, entries, stored: data.shape, type: data.type, members };
}

/** Axes of the array of values. */
const AXES = { csc: 1, coo: 1, bsr: 3, dia: 2 } as const;

function index(path: string, name: string, value: number, size: number): number {
  if (Number.isInteger(value) && value >= 0 && value < size) return value;
  throw new UserError(path, `${name}: ${value} is not a number from 0 to ${size - 1}`, AGAIN);
}

/** The column of each entry: of COO form it is stored, of CSC form the positions tell it. */
async function columnsOf(path: string, { form, columns, entries, members }: Sparse) {
  if (form === "coo") {
    const stream = await streamOf(path, members, "col");
    return {
      next: async (count: number) => (await stream.read(count)).map((value) => index(path, "col", value, columns)),
      close: () => stream.close(),
    };
  }
  const starts = await valuesOf(path, members, "indptr");
  const isRising = starts.every((start, at) => at === 0 ? start === 0 : start >= starts[at - 1]!);
  if (starts.length !== columns + 1 || !isRising || starts.at(-1) !== entries) {
    throw new UserError(path, "indptr does not fit the other arrays", AGAIN);
  }
  let column = 0, at = 0;
  return {
    next: (count: number) =>
      Promise.resolve(Float64Array.from({ length: count }, () => {
        while (starts[column + 1]! <= at) column++;
        at++;
        return column;
      })),
    close: () => Promise.resolve(),
  };
}

/** Takes an entry that is not 0. */
type Take = (row: number, column: number, value: number) => void;

/** All entries of a matrix of blocks: block k stands in column `indices[k]` of the blocks, and `indptr` says where each row of blocks begins. */
async function blockEntries(path: string, sparse: Sparse, take: Take): Promise<void> {
  const { rows, columns, members, stored } = sparse;
  const [blocks, height, width] = stored as [number, number, number];
  const starts = await valuesOf(path, members, "indptr"), places = await valuesOf(path, members, "indices");
  const isRising = starts.every((start, at) => at === 0 ? start === 0 : start >= starts[at - 1]!);
  const isWhole = height > 0 && width > 0 && (starts.length - 1) * height === rows && columns % width === 0;
  if (!isWhole || !isRising || starts.at(-1) !== blocks || places.length !== blocks) {
    throw new UserError(path, "indptr and indices do not fit the blocks of data", AGAIN);
  }
  let rowOfBlocks = 0;
  await eachValue(path, sparse, (at, value) => {
    const block = Math.floor(at / (height * width)), within = at % (height * width);
    while (starts[rowOfBlocks + 1]! <= block) rowOfBlocks++;
    const column = index(path, "indices", places[block]!, columns / width) * width + within % width;
    take(rowOfBlocks * height + Math.floor(within / width), column, value);
  });
}

/** All entries of a matrix of diagonals: value j of one with offset k stands in column j and row j - k. */
async function diagonalEntries(path: string, sparse: Sparse, take: Take): Promise<void> {
  const { rows, columns, members, stored: [diagonals, length] } = sparse;
  const offsets = await valuesOf(path, members, "offsets");
  if (offsets.length !== diagonals || !offsets.every(Number.isInteger)) {
    throw new UserError(path, `has ${offsets.length} offsets for ${diagonals} diagonals`, AGAIN);
  }
  await eachValue(path, sparse, (at, value) => {
    const column = at % length!, row = column - offsets[Math.floor(at / length!)]!;
    if (column < columns && row >= 0 && row < rows) take(row, column, value);
  });
}

/** The stored values that are not 0, with their numbers, in the order of the file. */
async function eachValue(path: string, { entries, members }: Sparse, take: (at: number, value: number) => void) {
  const values = await streamOf(path, members, "data");
  try {
    for (let done = 0; done < entries; done += SPAN) {
      const some = await values.read(Math.min(SPAN, entries - done));
      some.forEach((value, i) => value !== 0 && take(done + i, value));
    }
  } finally {
    await values.close();
  }
}

async function* rowsOf(path: string, sparse: Sparse, blockRows: number, scratch?: string): AsyncGenerator<Block> {
  const { form, rows, entries } = sparse;
  const buckets = new RowBuckets(Math.max(1, rows), entries, scratch);
  try {
    const take: Take = (row, column, value) => buckets.add(row, column, value);
    if (form === "bsr") await blockEntries(path, sparse, take);
    else if (form === "dia") await diagonalEntries(path, sparse, take);
    else await singleEntries(path, sparse, take);
    if (rows > 0) yield* buckets.blocks(blockRows);
  } finally {
    await buckets.close();
  }
}

/** All entries of CSC and COO form. */
async function singleEntries(path: string, sparse: Sparse, take: Take): Promise<void> {
  const { form, rows, entries, members } = sparse;
  const name = form === "coo" ? "row" : "indices";
  const closing: { close(): Promise<unknown> }[] = [];
  try {
    const places = await streamOf(path, members, name);
    closing.push(places);
    const values = await streamOf(path, members, "data");
    closing.push(values);
    const columns = await columnsOf(path, sparse);
    closing.push(columns);
    if (places.shape[0] !== entries) {
      throw new UserError(path, `${name} has ${places.shape[0]} values for ${entries}`, AGAIN);
    }
    for (let done = 0; done < entries; done += SPAN) {
      const count = Math.min(SPAN, entries - done);
      const [at, column, value] = [await places.read(count), await columns.next(count), await values.read(count)];
      for (let i = 0; i < count; i++) {
        const row = index(path, name, at[i]!, rows);
        if (value[i] !== 0) take(row, column[i]!, value[i]!);
      }
    }
  } finally {
    for (const each of closing) await each.close();
  }
}

async function open(path: string, options: ReaderOptions): Promise<OpenSource> {
  refuseMember(options, "a file of the format sparse_npz");
  requireNoSettings(options, "sparse_npz");
  const sparse = await look(path);
  const { form, rows, columns, type } = sparse;
  return {
    rows,
    columns,
    sparse: true,
    rowNames: null,
    columnNames: null,
    rowTables: new Map(),
    members: [{ name: basename(path), shape: [rows, columns], type, sparse: true }],
    notes: [`${form.toUpperCase()} form is brought into rows`],
    read: (blockRows) => rowsOf(path, sparse, blockRows, options.scratch),
    close: () => {},
  };
}

export const sparseNpz: Reader = {
  format: "sparse_npz",
  about: "a sparse matrix of SciPy in CSC, COO, BSR or DIA form",
  claims(path, head) {
    if (head[0] !== 0x50 || head[1] !== 0x4b) return false;
    try {
      const form = formOf(membersOf(path));
      return form !== null && form !== "csr";
    } catch {
      return false;
    }
  },
  open,
};

/** Matrices that scipy.sparse.save_npz wrote in CSC or COO form. Their entries are sorted by rows in bounded memory. */
import { z } from "zod";
import { basename } from "@std/path";
import { UserError } from "../../errors.ts";
import { ArrayStream, npzMembers } from "../../formats/npz_stream.ts";
import type { ZipMember } from "../../formats/zip_members.ts";
import type { Block, OpenSource, Reader, ReaderOptions } from "./reader.ts";
import { requireNoMember, settingsOf } from "./reader_settings.ts";
import { requirePlausible, RowBuckets } from "./rows.ts";

const SETTINGS = z.strictObject({});
/** Entries that are read at once. */
const SPAN = 1 << 20;
const AGAIN = "make the file again, or fetch it again";

interface Sparse {
  readonly form: "csc" | "coo";
  readonly rows: number;
  readonly columns: number;
  readonly entries: number;
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
  if (form !== "csc" && form !== "coo") {
    const what = form === null ? "is no matrix of scipy.sparse.save_npz" : `is a matrix in ${form.toUpperCase()} form`;
    throw new UserError(
      path,
      what,
      'in Python: scipy.sparse.save_npz("rows.npz", scipy.sparse.load_npz(FILE).tocsr())',
    );
  }
  const [rows, columns] = await valuesOf(path, members, "shape");
  const data = await streamOf(path, members, "data");
  await data.close();
  const [entries] = data.shape;
  const isSize = (size: number | undefined) => Number.isSafeInteger(size) && size! >= 0 && size! < 2 ** 31;
  if (!isSize(rows) || !isSize(columns) || data.shape.length !== 1) {
    throw new UserError(path, `has the shape ${rows} x ${columns}, with values of ${data.shape.length} axes`, AGAIN);
  }
  requirePlausible(path, Math.max(rows!, columns!), entries!);
  return { form, rows: rows!, columns: columns!, entries: entries!, type: data.type, members };
}

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

async function* rowsOf(path: string, sparse: Sparse, blockRows: number, scratch?: string): AsyncGenerator<Block> {
  const { form, rows, entries, members } = sparse;
  const buckets = new RowBuckets(Math.max(1, rows), entries, scratch);
  const name = form === "coo" ? "row" : "indices";
  const closing: { close(): Promise<unknown> }[] = [buckets];
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
        if (value[i] !== 0) buckets.add(row, column[i]!, value[i]!);
      }
    }
    if (rows > 0) yield* buckets.blocks(blockRows);
  } finally {
    for (const each of closing) await each.close();
  }
}

async function open(path: string, options: ReaderOptions): Promise<OpenSource> {
  requireNoMember("sparse_npz", options);
  settingsOf("sparse_npz", SETTINGS, options);
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
  about: "a sparse matrix of SciPy in CSC or COO form",
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

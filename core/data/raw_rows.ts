/** The rows of a file of chunks, read as stored entries in bounded memory: of a `.npz` file in CSR form, or of a dense `.npy` file. */
import { UserError } from "../errors.ts";
import { countText } from "../figures.ts";
import { ArrayStream, npzMembers } from "../formats/npz_stream.ts";
import { NumpyFile } from "../formats/numpy_arrays.ts";
import { sparsified } from "./chunk_writer.ts";
import type { Rows } from "./counts/step.ts";
import { sortEntries } from "./readers/rows.ts";

/** Rows of a block, and entries after which one ends: 32 MB. */
const BLOCK_ROWS = 4096;
const BLOCK_ENTRIES = 4 << 20;

const AGAIN = "make the file again";

/** @throws {UserError} where the file is damaged */
export function rawRows(path: string): AsyncGenerator<Rows> {
  return path.endsWith(".npy") ? denseRows(path) : csrRows(path);
}

async function* denseRows(path: string): AsyncGenerator<Rows> {
  const file = await NumpyFile.open(path);
  const [array] = file.arrays;
  const [rows, columns] = array!.shape;
  if (array!.shape.length !== 2 || array!.values === undefined || array!.isFortran) {
    throw new UserError(path, "is no array of rows x columns in C order", "save it with numpy.ascontiguousarray");
  }
  const most = Math.max(1, Math.min(BLOCK_ROWS, Math.floor(BLOCK_ENTRIES / columns!)));
  for (let row = 0; row < rows!; row += most) {
    const count = Math.min(most, rows! - row);
    const values = await file.part(array!, row * columns!, count * columns!);
    yield sparsified({ rows: count, values }, columns!);
  }
}

async function* csrRows(path: string): AsyncGenerator<Rows> {
  const members = new Map(npzMembers(path).map((member) => [member.name.replace(/\.npy$/, ""), member]));
  const opened: ArrayStream[] = [];
  const open = async (name: string) => {
    const member = members.get(name);
    if (member === undefined) throw new UserError(path, `has no array ${name}`, AGAIN);
    opened.push(await ArrayStream.open(path, member));
    return opened.at(-1)!;
  };
  try {
    const size = await open("shape");
    const [rows, columns] = await size.read(2);
    const starts = await open("indptr");
    const indptr = await starts.read(starts.shape[0] ?? 0);
    const [indices, data] = [await open("indices"), await open("data")];
    const isRising = indptr.every((start, at) => at === 0 ? start === 0 : start >= indptr[at - 1]!);
    const entries = indptr.at(-1);
    if (indptr.length !== rows! + 1 || !isRising || indices.shape[0] !== entries || data.shape[0] !== entries) {
      throw new UserError(path, "its indptr does not fit its other arrays", AGAIN);
    }
    for (let row = 0; row < rows!;) {
      let end = row + 1;
      while (end < rows! && end - row < BLOCK_ROWS && indptr[end + 1]! - indptr[row]! <= BLOCK_ENTRIES) end++;
      const count = indptr[end]! - indptr[row]!;
      const block = { columns: await indices.read(count), values: await data.read(count) };
      const wrong = block.columns.find((column) => !(column >= 0 && column < columns! && Number.isInteger(column)));
      if (wrong !== undefined) {
        throw new UserError(path, `indices has the column ${wrong} of ${countText(columns!)}`, AGAIN);
      }
      yield sorted(indptr.subarray(row, end + 1), block);
      row = end;
    }
  } finally {
    for (const stream of opened) await stream.close();
  }
}

/** Rows whose columns rise, without zeros: equal columns of a row are added up. */
function sorted(indptr: Float64Array, { columns, values }: { columns: Float64Array; values: Float64Array }): Rows {
  const rows = indptr.length - 1;
  const starts = new Float64Array(rows + 1), indices = new Uint32Array(columns.length);
  const data = new Float32Array(columns.length);
  let end = 0;
  for (let row = 0; row < rows; row++) {
    const start = end;
    let isRising = true;
    for (let at = indptr[row]! - indptr[0]!; at < indptr[row + 1]! - indptr[0]!; at++) {
      if (values[at] === 0) continue;
      if (end > start && columns[at]! <= indices[end - 1]!) isRising = false;
      indices[end] = columns[at]!;
      data[end++] = values[at]!;
    }
    if (!isRising) end = sortEntries(indices, data, start, end);
    starts[row + 1] = end;
  }
  return { rows, indptr: starts, indices: indices.slice(0, end), data: data.slice(0, end) };
}

/** Arrays of files as rows, part by part: any order of axes, whole rows or windows of them. */
import { UserError } from "../../errors.ts";
import type { AxisPlan } from "./axes.ts";
import { axesNote, type Axis, planAxes } from "./axes.ts";
import type { Block, OpenSource } from "./reader.ts";
import { checkRow, rowsOfBlock } from "./records.ts";
import { sizeOf } from "../../shapes.ts";
import { type SignalRecord, signalSource, type Windows } from "./windows.ts";

/**
 * A part of an array: the value at an index is at the sum of index times stride. Of complex numbers that is the real part, and the
 * imaginary part is behind it.
 */
export interface Numbers {
  readonly values: Float32Array;
  readonly strides: readonly number[];
}

export interface ArrayPart {
  /** For messages and names of rows. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Of its numbers, such as "uint8". */
  readonly type: string;
  /** The shape of what is stored, and compressed, together; null where that does not matter. */
  readonly chunks: readonly number[] | null;
  /** Whether its values are complex: each channel becomes two, of real and of imaginary parts. */
  readonly isComplex?: boolean;
  /** @param start the first index of each axis @param count how many along each axis */
  read(start: readonly number[], count: readonly number[]): Promise<Numbers>;
}

/** Bytes of rows that are read at once, and where the file's own parts are larger. */
const SLAB_BYTES = 32e6, SLAB_BYTES_MAX = 256e6;

/** Rows of a part that lie side by side on its last axis of rows. */
interface Slab {
  readonly part: number;
  readonly first: number;
  readonly rows: number;
  readonly values: Float32Array;
}

/** The rows of several arrays of one shape of row, one array after another. */
class ArrayRows {
  readonly #plans: readonly AxisPlan[];
  readonly columns: number;
  #last: Slab | null = null;

  /** Channels for each one of the array. */
  readonly #parts: 1 | 2;

  constructor(readonly parts: readonly ArrayPart[], plans: readonly AxisPlan[]) {
    this.#plans = plans;
    this.#parts = parts[0]!.isComplex ? 2 : 1;
    this.columns = sizeOf(this.shapeOf(0));
  }

  /** The shape of a row of a part. */
  shapeOf(part: number): readonly number[] {
    const [channels, ...rest] = this.#plans[part]!.shape as [number, ...number[]];
    return [this.#parts * channels, ...rest];
  }

  rowsOf(part: number): number {
    return this.#plans[part]!.rows;
  }

  /** Rows along the last axis of rows, and how many of them are read at once: a multiple of the stored parts. */
  #slabRows(part: number): { readonly inner: number; readonly rows: number } {
    const { shape, chunks } = this.parts[part]!;
    const axis = this.#plans[part]!.rowAxes.at(-1);
    if (axis === undefined) return { inner: 1, rows: 1 };
    const inner = shape[axis]!;
    const rowBytes = 4 * this.columns;
    const rows = Math.max(1, Math.floor(SLAB_BYTES / rowBytes));
    const together = chunks?.[axis] ?? 1;
    if (together <= rows) return { inner, rows: rows - rows % together };
    return { inner, rows: together * rowBytes <= SLAB_BYTES_MAX ? together : rows };
  }

  /** The slab that a row lies in. */
  async slab(part: number, row: number): Promise<Slab> {
    const last = this.#last;
    if (last?.part === part && row >= last.first && row < last.first + last.rows) return last;
    this.#last = null;
    const { inner, rows: most } = this.#slabRows(part);
    const within = row % inner;
    const start = within - within % most;
    const rows = Math.min(most, inner - start);
    const slab = {
      part,
      first: row - within + start,
      rows,
      values: await this.#read(part, row - within + start, rows),
    };
    return this.#last = slab;
  }

  async #read(part: number, first: number, rows: number): Promise<Float32Array> {
    const { shape } = this.parts[part]!;
    const plan = this.#plans[part]!;
    const [start, count] = this.#position(part, first);
    const axis = plan.rowAxes.at(-1);
    if (axis !== undefined) count[axis] = rows;
    for (const value of plan.valueAxes) if (value >= 0) count[value] = shape[value]!;
    return this.#gathered(await this.parts[part]!.read(start, count), plan.valueAxes, plan.shape, axis, rows);
  }

  /** The indices of a row, and a count of one along each axis. */
  #position(part: number, row: number): [start: number[], count: number[]] {
    const { shape } = this.parts[part]!;
    const start = shape.map(() => 0), count = shape.map(() => 1);
    let left = row;
    for (const axis of this.#plans[part]!.rowAxes.toReversed()) {
      start[axis] = left % shape[axis]!;
      left = Math.floor(left / shape[axis]!);
    }
    return [start, count];
  }

  /** Samples [from, from + count) of a row, of shape [channels, count]. */
  async samples(part: number, row: number, from: number, count: number): Promise<Float32Array> {
    const plan = this.#plans[part]!;
    const [channels, samples] = this.shapeOf(part) as [number, number];
    if (4 * this.columns <= SLAB_BYTES_MAX) {
      const { first, values } = await this.slab(part, row);
      const out = new Float32Array(channels * count);
      for (let channel = 0; channel < channels; channel++) {
        const at = (row - first) * this.columns + channel * samples + from;
        out.set(values.subarray(at, at + count), channel * count);
      }
      return out;
    }
    const [start, counts] = this.#position(part, row);
    const [channelAxis, sampleAxis] = plan.valueAxes as [number, number];
    if (channelAxis >= 0) counts[channelAxis] = plan.shape[0]!;
    [start[sampleAxis], counts[sampleAxis]] = [from, count];
    const numbers = await this.parts[part]!.read(start, counts);
    return this.#gathered(numbers, plan.valueAxes, [plan.shape[0]!, count], undefined, 1);
  }

  /** Rows in the order of their own axes, with the two parts of complex channels one behind the other. */
  #gathered(numbers: Numbers, ...form: Form): Float32Array {
    const real = gathered(numbers, ...form);
    if (this.#parts === 1) return real;
    const imaginary = gathered({ ...numbers, values: numbers.values.subarray(1) }, ...form);
    const out = new Float32Array(2 * real.length), size = sizeOf(form[1].slice(1));
    for (let from = 0; from < real.length; from += size) {
      out.set(real.subarray(from, from + size), 2 * from);
      out.set(imaginary.subarray(from, from + size), 2 * from + size);
    }
    return out;
  }
}

/** What rows are gathered of. */
type Form = [
  axes: readonly number[],
  shape: readonly number[],
  /** Along which rows lie; undefined for one row. */
  axis: number | undefined,
  rows: number,
];

/** Rows in the order of their own axes. */
function gathered({ values, strides }: Numbers, ...[axes, shape, axis, rows]: Form): Float32Array {
  const strideOf = (each: number) => each < 0 ? 0 : strides[each]!;
  const columns = sizeOf(shape);
  const line = shape.at(-1)!, step = strideOf(axes.at(-1)!);
  // Where the lines of a row begin: of a signal its channels, of a picture its channels and heights.
  const lines = Array.from({ length: columns / line }, (_, i) => {
    if (shape.length === 2) return i * strideOf(axes[0]!);
    const height = shape[1]!;
    return Math.floor(i / height) * strideOf(axes[0]!) + (i % height) * strideOf(axes[1]!);
  });
  const rowStride = axis === undefined ? 0 : strides[axis]!;
  const out = new Float32Array(rows * columns);
  // Rows that are neighbours in memory are taken together.
  if (step !== 1 && rowStride === 1) {
    for (const [k, start] of lines.entries()) {
      for (let i = 0; i < line; i++) {
        const from = start + i * step;
        for (let row = 0; row < rows; row++) out[row * columns + k * line + i] = values[from + row]!;
      }
    }
    return out;
  }
  for (let row = 0; row < rows; row++) {
    for (const [k, start] of lines.entries()) {
      const from = row * rowStride + start, to = row * columns + k * line;
      if (step === 1) out.set(values.subarray(from, from + line), to);
      else for (let i = 0; i < line; i++) out[to + i] = values[from + i * step]!;
    }
  }
  return out;
}

/**
 * A source of the rows of one or several arrays. Rows of several are named `ARRAY#NUMBER`, from 1, and the table `part` says
 * of which array a row is.
 */
export function arraySource(
  where: string,
  parts: readonly ArrayPart[],
  axes: readonly Axis[] | undefined,
  windows: Windows | undefined,
): Pick<OpenSource, "rows" | "columns" | "shape" | "rowNames" | "rowTables" | "notes" | "read"> {
  const plans = parts.map(({ name, shape, type }) => planAxes(name, shape, type, axes));
  const [first] = plans as [AxisPlan];
  for (const [i, { shape }] of plans.entries()) {
    if (shape.join() === first.shape.join() || (windows && shape[0] === first.shape[0])) continue;
    const what = `${parts[i]!.name} has rows of ${shape.join(" x ")}, ${parts[0]!.name} of ${first.shape.join(" x ")}`;
    throw new UserError(where, what, "name arrays of one kind, or set data.reader.axes");
  }
  const unlike = parts.find(({ isComplex }) => (isComplex ?? false) !== (parts[0]!.isComplex ?? false));
  if (unlike !== undefined) {
    const [complex, real] = unlike.isComplex ? [unlike, parts[0]!] : [parts[0]!, unlike];
    throw new UserError(
      where,
      `${complex.name} holds complex numbers, ${real.name} real ones`,
      "name arrays of one kind",
    );
  }
  const rows = new ArrayRows(parts, plans);
  const notes = axes === undefined ? [axesNote(parts[0]!.name, parts[0]!.shape, first)] : [];
  // Of each row; asked for where it is needed, since it is a list as long as the source.
  const owners = () => plans.flatMap((plan, part) => Array.from({ length: plan.rows }, (_, row) => ({ part, row })));
  const nameOf = ({ part, row }: { part: number; row: number }) =>
    plans[part]!.rows === 1 ? parts[part]!.name : `${parts[part]!.name}#${row + 1}`;
  if (windows) {
    if (first.shape.length !== 2) {
      throw new UserError("data.reader.window", "cuts signals, and data.reader.axes says that rows are pictures");
    }
    const all = owners();
    const records = all.map((owner): SignalRecord => ({
      name: nameOf(owner),
      samples: plans[owner.part]!.shape[1]!,
    }));
    const source = signalSource(where, {
      records,
      channels: rows.shapeOf(0)[0]!,
      read: (record, from, count) => rows.samples(all[record]!.part, all[record]!.row, from, count),
    }, windows);
    return { ...source, notes: [...notes, ...source.notes] };
  }
  checkRow(where, rows.columns);
  return {
    rows: plans.reduce((sum, plan) => sum + plan.rows, 0),
    columns: rows.columns,
    shape: rows.shapeOf(0),
    rowNames: parts.length === 1 ? null : owners().map(nameOf),
    rowTables: new Map(parts.length === 1 ? [] : [["part", owners().map(({ part }) => parts[part]!.name)]]),
    notes,
    read: (blockRows) => blocks(rows, blockRows),
  };
}

async function* blocks(rows: ArrayRows, blockRows: number): AsyncGenerator<Block> {
  const most = rowsOfBlock(blockRows, rows.columns);
  for (const part of rows.parts.keys()) {
    for (let row = 0; row < rows.rowsOf(part);) {
      const slab = await rows.slab(part, row);
      const count = Math.min(most, slab.first + slab.rows - row);
      const from = (row - slab.first) * rows.columns;
      yield { rows: count, values: slab.values.slice(from, from + count * rows.columns) };
      row += count;
    }
  }
}

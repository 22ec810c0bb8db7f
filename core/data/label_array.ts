/** Labels in an `.npy` file: whole or floating-point numbers, truth values, or text of a fixed width. */
import { basename } from "@std/path";
import { UserError } from "../errors.ts";
import { InputFile } from "../formats/file.ts";
import { otherType, readNpyHeader } from "../formats/npy.ts";

/** Bytes that are read at once, at least one element. */
const BLOCK_BYTES = 4 << 20;

/** The text of the element that begins at byte `at` of `view`. @throws {RangeError} of what is no text */
type Decode = (view: DataView, at: number, little: boolean) => string;

const NUMBERS: Readonly<Record<string, Decode>> = {
  b1: (view, at) => view.getUint8(at) === 0 ? "False" : "True",
  i1: (view, at) => `${view.getInt8(at)}`,
  i2: (view, at, little) => `${view.getInt16(at, little)}`,
  i4: (view, at, little) => `${view.getInt32(at, little)}`,
  i8: (view, at, little) => `${view.getBigInt64(at, little)}`,
  u1: (view, at) => `${view.getUint8(at)}`,
  u2: (view, at, little) => `${view.getUint16(at, little)}`,
  u4: (view, at, little) => `${view.getUint32(at, little)}`,
  u8: (view, at, little) => `${view.getBigUint64(at, little)}`,
  f4: (view, at, little) => single(view.getFloat32(at, little)),
  f8: (view, at, little) => `${view.getFloat64(at, little)}`,
};

/** The shortest decimal that is this single-precision number and no other: 0.1, not 0.10000000149011612. */
function single(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return `${text}`;
  }
  return `${value}`;
}

/** Text of `width` code points, zeros after its end. */
function codePoints(width: number): Decode {
  return (view, at, little) => {
    let end = width;
    const point = (i: number) => view.getUint32(at + 4 * i, little);
    while (end > 0 && point(end - 1) === 0) end--;
    return Array.from({ length: end }, (_, i) => String.fromCodePoint(point(i))).join("");
  };
}

/** UTF-8 of `width` bytes, zeros after its end. */
function utf8(width: number): Decode {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return (view, at) => {
    let end = width;
    while (end > 0 && view.getUint8(at + end - 1) === 0) end--;
    try {
      return decoder.decode(new Uint8Array(view.buffer, view.byteOffset + at, end));
    } catch {
      throw new RangeError("is not UTF-8");
    }
  };
}

function decoderOf(descr: string): Decode | undefined {
  const [kind, size] = [descr.replace(/^[<>=|]/, ""), Number(/\d+$/.exec(descr)?.[0])];
  return kind.startsWith("U") ? codePoints(size) : kind.startsWith("S") ? utf8(size) : NUMBERS[kind];
}

/** Python objects are a pickle, which could run any program when it is read: its owner makes text of it. */
function pickled(path: string): UserError {
  const name = basename(path);
  const text = `numpy.load("${name}", allow_pickle=True).astype(str)`;
  const save = `in Python: import numpy; numpy.save("${name}", ${text}) (only if you trust the file)`;
  return new UserError(path, "descr: 'O' is an array of pickled Python objects, which are not read", save);
}

/**
 * Every element as text, in C order.
 * @param wanted the number of elements that there have to be, one for each of so many rows or columns
 * @throws {UserError} naming the file and what is wrong with it
 */
export async function readLabelArray(path: string, wanted: number, of = "rows"): Promise<string[]> {
  using file = await InputFile.open(path);
  const { start, descr, itemBytes, shape } = await readNpyHeader(file);
  if (/^\|?O$/.test(descr)) throw pickled(path);
  const decode = decoderOf(descr);
  if (!decode || itemBytes === null) throw otherType(path, descr, "text, truth values, integers, f4 and f8", "str");
  const found = shape.reduce((product, size) => product * size, 1);
  if (found !== wanted) {
    throw new UserError(path, `has ${found} entries for ${wanted} ${of}`, "give one for each, in their order");
  }
  const labels: string[] = [];
  const some = Math.max(1, Math.floor(BLOCK_BYTES / Math.max(1, itemBytes)));
  while (labels.length < found) {
    const bytes = new Uint8Array(Math.min(some, found - labels.length) * itemBytes);
    await file.readAt(start + labels.length * itemBytes, bytes);
    const view = new DataView(bytes.buffer);
    const first = labels.length, count = Math.min(some, found - first);
    for (let i = 0; i < count; i++) {
      try {
        labels.push(decode(view, i * itemBytes, !descr.startsWith(">")));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new UserError(
          path,
          `entry ${first + i + 1} is no text: ${error.message}`,
          "save them as UTF-8 or Unicode",
        );
      }
    }
  }
  return labels;
}

/**
 * MATLAB's files up to version 7 ("Level 5 MAT-files", MathWorks, MAT-File Format, 2019): arrays of numbers, by themselves,
 * in cells or as fields of structures, plain or compressed. Values lie with the first axis changing fastest.
 */
import { MalformedError, UserError } from "../errors.ts";
import { bytesText, countText } from "../figures.ts";
import { ByteStream } from "./byte_stream.ts";
import { InputFile } from "./file.ts";
import { type Data, type Mat5Array, MATRIX, type Visit, Walk } from "./mat5_walk.ts";
import { type ByteOrder, firstNumber, toNumbers, valueBytes } from "./values.ts";

const COMPRESSED = 15;
const HEADER_BYTES = 128;
const ARRAYS_MAX = 100_000;
const SAVE_FEWER = "save the variables that are needed in a file of their own, such as save('F.mat', 'RcvData')";
/** Bytes that zlib makes of one, at most. */
const DEFLATE_MAX = 1032;
/** Values of an array, which is held in memory whole. */
const LOADED_MAX = 2 ** 28;
const READ_BYTES = 1 << 20;

/** Whether a file begins like this. */
export function isMat5(head: Uint8Array): boolean {
  if (head.length < HEADER_BYTES || head[0] === 0) return false;
  const order = String.fromCharCode(head[126]!, head[127]!);
  return (order === "IM" && head[125] === 1) || (order === "MI" && head[124] === 1);
}

export class Mat5File {
  private constructor(
    readonly path: string,
    readonly arrays: readonly Mat5Array[],
    private readonly order: ByteOrder,
    /** Where the variables lie. */
    private readonly places: readonly { readonly start: number; readonly end: number; readonly packed: boolean }[],
    /** The variable that an array is in, by the array's path. */
    private readonly placeOf: ReadonlyMap<string, number>,
  ) {}

  /** @throws {UserError} where it cannot be opened or is damaged */
  static async open(path: string): Promise<Mat5File> {
    using file = await InputFile.open(path);
    const head = new Uint8Array(Math.min(HEADER_BYTES, file.size));
    await file.readAt(0, head);
    if (!isMat5(head)) throw new MalformedError(path, "is not a MATLAB file of versions 5 to 7");
    const order: ByteOrder = head[126] === 0x49 ? "little" : "big";
    const places: { start: number; end: number; packed: boolean }[] = [];
    for (let at = HEADER_BYTES; at < file.size;) {
      const tag = new Uint8Array(8);
      if (at + 8 > file.size) throw new MalformedError(path, "the file ends within a tag");
      await file.readAt(at, tag);
      const view = new DataView(tag.buffer);
      const [type, bytes] = [view.getUint32(0, order === "little"), view.getUint32(4, order === "little")];
      const end = at + 8 + bytes;
      if (end > file.size) throw new MalformedError(path, `the file ends within the variable at byte ${at}`);
      if (places.length === ARRAYS_MAX) throw new MalformedError(path, `has more than ${ARRAYS_MAX} variables`);
      if (type === COMPRESSED) places.push({ start: at + 8, end, packed: true });
      else if (type === MATRIX) places.push({ start: at, end, packed: false });
      at = end;
    }
    const arrays: Mat5Array[] = [], placeOf = new Map<string, number>();
    const mat = new Mat5File(path, arrays, order, places, placeOf);
    const variables = new Map<string, { readonly place: number; readonly inside: Map<string, Mat5Array> }>();
    let count = 0;
    for (const place of places.keys()) {
      const inside = new Map<string, Mat5Array>();
      const name = await mat.#walk(place, (array) => {
        if (count++ === ARRAYS_MAX) {
          throw new UserError(path, `has more than ${countText(ARRAYS_MAX)} arrays`, SAVE_FEWER);
        }
        inside.delete(array.path);
        inside.set(array.path, array);
        return Promise.resolve(true);
      });
      // Of two of one name the last one counts, as in MATLAB.
      variables.delete(name);
      variables.set(name, { place, inside });
    }
    for (const { place, inside } of variables.values()) {
      for (const array of inside.values()) {
        if (!placeOf.has(array.path)) arrays.push(array);
        placeOf.set(array.path, place);
      }
    }
    return mat;
  }

  /**
   * All values of arrays of one variable, one array after another, each in the order of the file; complex numbers as two values.
   * @throws {UserError}
   */
  async load(paths: readonly string[]): Promise<Float32Array> {
    const wanted = new Map<string, { readonly from: number; readonly count: number }>();
    let from = 0;
    for (const path of paths) {
      const { shape, isComplex } = this.#array(path)!;
      const count = shape.reduce((product, size) => product * size, isComplex ? 2 : 1);
      wanted.set(path, { from, count });
      from += count;
    }
    if (from > LOADED_MAX) {
      const what = `${paths[0]}: ${bytesText(4 * from)} are more than are held in memory`;
      throw new UserError(this.path, what, "save it with -v7.3, of which parts are read");
    }
    const out = new Float32Array(from);
    await this.#values(paths, async ({ path, isComplex }, data) => {
      const { from, count } = wanted.get(path)!, parts = isComplex ? 2 : 1;
      if (parts * data.count !== count) throw new MalformedError(this.path, `has two arrays ${path}`);
      const part = out.subarray(from, from + count);
      await valuesInto(data, part, 0, parts);
      if (isComplex) await valuesInto(await data.imaginary(), part, 1, parts);
    });
    return out;
  }

  /** The value of an array with one; undefined of others. */
  async number(path: string): Promise<number | undefined> {
    const array = this.#array(path);
    if (array?.values === undefined || array.isComplex || array.shape.some((size) => size !== 1)) return undefined;
    let value: number | undefined;
    await this.#values([path], async (_, { type, order, take }) => {
      value = firstNumber(type, order, await take(valueBytes(type)));
    });
    return value;
  }

  #byPath: ReadonlyMap<string, Mat5Array> | null = null;

  #array(path: string): Mat5Array | undefined {
    this.#byPath ??= new Map(this.arrays.map((array) => [array.path, array]));
    return this.#byPath.get(path);
  }

  async #values(paths: readonly string[], use: (array: Mat5Array, data: Data) => Promise<void>): Promise<void> {
    const left = new Set(paths);
    await this.#walk(this.placeOf.get(paths[0]!)!, async (array, data) => {
      if (left.has(array.path)) await use(array, await data());
      left.delete(array.path);
      return left.size > 0;
    }, true);
    const [path] = left;
    if (path !== undefined) throw new MalformedError(this.path, `${path} is no longer there: the file was changed`);
  }

  /** @returns the name of the variable */
  async #walk(place: number, visit: Visit, isRead = false): Promise<string> {
    const { start, end, packed } = this.places[place]!;
    using stream = ByteStream.part(this.path, start, end, packed ? "zlib" : null);
    const most = (end - start) * (packed ? DEFLATE_MAX : 1);
    const walk = new Walk(this.path, this.order, stream, most, visit);
    const name = await walk.variable();
    // The sum of compressed data is checked at their end, which what is read needs.
    if (isRead) { while (await stream.skip(READ_BYTES) > 0); }
    return name;
  }
}

/** Reads values into every `step`-th place from `first` on. */
async function valuesInto({ type, order, count, take }: Data, out: Float32Array, first: number, step: number) {
  const most = READ_BYTES / valueBytes(type);
  for (let from = 0; from < count; from += most) {
    const length = Math.min(most, count - from), bytes = await take(length * valueBytes(type));
    if (step === 1) toNumbers(type, order, bytes, out.subarray(from, from + length));
    else {
      const part = new Float32Array(length);
      toNumbers(type, order, bytes, part);
      for (let i = 0; i < length; i++) out[(from + i) * step + first] = part[i]!;
    }
  }
}

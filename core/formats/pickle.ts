/**
 * Arrays of numbers in Python pickles (https://docs.python.org/3/library/pickle.html). A pickle is a program. Of what it may call,
 * only this is known: what makes arrays, their types and numbers of NumPy, bytes and plain containers. Everything else is refused
 * by its name, and nothing that a file says is run.
 */
import { NameRegistry, Parser } from "pickleparser";
import { MalformedError, UserError } from "../errors.ts";
import { bytesText } from "../figures.ts";
import { type ByteOrder, firstNumber, NUMPY_TYPES, toNumbers, valueBytes, type ValueType } from "./values.ts";

export interface PickledArray {
  /** Keys and places that lead to it, `scans/0`; "array" where the pickle is one array. */
  readonly name: string;
  readonly shape: readonly number[];
  /** NumPy's word for its type; "list" for numbers in lists of Python, "number" for a single one. */
  readonly type: string;
  /** How its numbers are stored; undefined where they are none. */
  readonly values: ValueType | undefined;
  /** Whether its numbers are complex: two values each, the real part first. */
  readonly isComplex: boolean;
  readonly isFortran: boolean;
  /** All values in the order of memory. @throws {RangeError} of an array without numbers */
  load(): Float32Array;
  /** Its first value, as exactly as a double holds it. @throws {RangeError} of an array without numbers */
  first(): number;
}

/** A pickle is read whole. */
const FILE_BYTES_MAX = 2 ** 31;
const ARRAYS_MAX = 1 << 16, DEPTH_MAX = 32;
/** Single numbers are listed among the first so many arrays. */
const NUMBERS_MAX = 1024;

/** NumPy's complex numbers, by the type of each part. */
const COMPLEX_TYPES: Readonly<Record<string, ValueType>> = { c8: "float32", c16: "float64" };

type Shape = readonly number[];
const product = (shape: Shape) => shape.reduce((all, size) => all * size, 1);
const isShape = (value: unknown): value is Shape =>
  Array.isArray(value) && value.length <= 32 && value.every((size) => Number.isSafeInteger(size) && size >= 0);

class Dtype {
  order: ByteOrder = "little";
  readonly letters: string;

  constructor(letters: unknown) {
    this.letters = String(letters);
    if (this.letters.startsWith(">")) this.order = "big";
  }

  /** The state of a type begins with a version and the byte order. */
  __setstate__(state: unknown): void {
    if (Array.isArray(state) && state[1] === ">") this.order = "big";
  }

  get #plain(): string {
    return this.letters.replace(/^[<>|=]/, "");
  }

  get isComplex(): boolean {
    return this.#plain in COMPLEX_TYPES;
  }

  get values(): ValueType | undefined {
    return COMPLEX_TYPES[this.#plain] ?? NUMPY_TYPES[this.#plain];
  }

  /** Bytes of a value; undefined where it is no number. */
  get bytes(): number | undefined {
    return this.values && valueBytes(this.values) * (this.isComplex ? 2 : 1);
  }

  get word(): string {
    if (this.values !== undefined) return `${this.isComplex ? "complex " : ""}${this.values}`;
    return /^O/.test(this.#plain) ? "object" : this.letters;
  }
}

class Array_ {
  shape: Shape = [];
  type: Dtype = new Dtype("O");
  isFortran = false;
  /** Bytes of numbers, or the elements of an array of objects. */
  content: Uint8Array | readonly unknown[] = [];

  /** (version, shape, type, whether in Fortran's order, bytes or elements) */
  __setstate__(state: unknown): void {
    if (!Array.isArray(state) || state.length !== 5) throw new RangeError("an array without its state");
    this.fill(state[1], state[2], state[3] === true, state[4]);
  }

  fill(shape: unknown, type: unknown, isFortran: boolean, content: unknown): void {
    const bytes = typeof content === "string" ? latinBytes(content) : content;
    if (!isShape(shape) || !(type instanceof Dtype)) throw new RangeError("an array without shape or type");
    const isWhole = type.bytes !== undefined
      ? bytes instanceof Uint8Array && bytes.length === product(shape) * type.bytes
      : type.word !== "object" || (Array.isArray(bytes) && bytes.length === product(shape));
    if (!isWhole) throw new RangeError(`an array of ${shape.join(" x ")} ${type.word} with other bytes than it claims`);
    Object.assign(this, { shape, type, isFortran, content: bytes });
  }
}

/** Text of Python 2, or of `_codecs.encode`: a letter for each byte. */
function latinBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** What stands for a class that is only named, and never made. */
class Named {
  constructor(readonly name: string) {}
}

/** A complex number of Python. */
class Complex {
  constructor(readonly real: number, readonly imag: number) {}
}

// deno-lint-ignore no-explicit-any -- as the parser has it
type Callable = (...args: any[]) => any;

class Known extends NameRegistry {
  constructor() {
    super();
    for (const core of ["numpy.core", "numpy._core"]) {
      this.register(`${core}.multiarray`, "_reconstruct", () => new Array_());
      this.register(`${core}.multiarray`, "scalar", (type: unknown, bytes: unknown) => {
        const array = new Array_();
        array.fill([], type, false, bytes);
        return array;
      });
      this.register(
        `${core}.numeric`,
        "_frombuffer",
        (bytes: unknown, type: unknown, shape: unknown, order: unknown) => {
          const array = new Array_();
          array.fill(shape, type, order === "F", bytes);
          return array;
        },
      );
    }
    this.register("numpy", "ndarray", () => new Named("numpy.ndarray"));
    this.register("numpy", "dtype", (letters: unknown) => new Dtype(letters));
    this.register("_codecs", "encode", (text: unknown, coding: unknown) => {
      if (typeof text !== "string" || !/^latin-?1$/.test(String(coding))) throw new RangeError("an unknown coding");
      return latinBytes(text);
    });
    for (const builtins of ["builtins", "__builtin__"]) {
      this.register(builtins, "complex", (real: unknown, imag: unknown) => {
        if (typeof real !== "number" || typeof imag !== "number") {
          throw new RangeError("a complex number of other parts");
        }
        return new Complex(real, imag);
      });
      this.register(builtins, "bytearray", (bytes: unknown) => typeof bytes === "string" ? latinBytes(bytes) : bytes);
    }
    this.register("collections", "OrderedDict", (pairs: unknown) => new Map(Array.isArray(pairs) ? pairs : []));
  }

  override onMissingName(module: string, name: string): Callable {
    throw new Foreign(`${module}.${name}`);
  }
}

/** What a file says, for a message. */
const oneLine = (text: unknown) => JSON.stringify(String(text).slice(0, 120)).slice(1, -1);

/** A name that is not known. */
class Foreign extends Error {}

/** The arrays of a pickle. @throws {UserError} {MalformedError} */
export function pickledArrays(path: string, bytes: Uint8Array): PickledArray[] {
  if (bytes.length > FILE_BYTES_MAX) {
    throw new UserError(path, `${bytesText(bytes.length)} are more than are read of a pickle`, "save it as .npy");
  }
  let top: unknown;
  const { warn } = console;
  console.warn = () => {}; // the parser's warnings are of numbers that are no values
  try {
    top = new Parser({ nameResolver: new Known(), unpicklingTypeOfDictionary: "Map" }).parse(bytes);
  } catch (error) {
    if (error instanceof Foreign) {
      const what = `is a pickle that calls ${
        oneLine(error.message)
      }: only arrays of NumPy in lists, tuples and dicts are read`;
      throw new UserError(path, what, 'save the arrays with numpy.savez("F.npz", name=array)');
    }
    if (bytes[0] !== 0x80) {
      const what = "is a pickle of protocol 0 or 1, in which arrays are text, or no pickle";
      throw new UserError(path, what, "save it again with protocol=2 or a later one");
    }
    throw new MalformedError(path, `is a damaged pickle: ${oneLine(error instanceof Error ? error.message : error)}`);
  } finally {
    console.warn = warn;
  }
  const found: PickledArray[] = [];
  collect(path, top, "", found, 0);
  if (found.every(({ type }) => type === "number")) throw new UserError(path, "is a pickle without arrays of numbers");
  return found;
}

function collect(path: string, value: unknown, name: string, found: PickledArray[], depth: number): void {
  if (depth > DEPTH_MAX) throw new UserError(path, `has containers in more than ${DEPTH_MAX} containers`);
  if (found.length > ARRAYS_MAX) throw new UserError(path, `has more than ${ARRAYS_MAX} arrays`, "save it as .npz");
  const below = (key: unknown) => name === "" ? String(key) : `${name}/${key}`;
  if (value instanceof Array_) {
    const { content } = value;
    if (value.type.word === "object" && Array.isArray(content)) {
      content.forEach((inner, at) => collect(path, inner, below(at), found, depth + 1));
    } else found.push(arrayOf(value, name || "array"));
  } else if (value instanceof Map) {
    for (const [key, inner] of value) {
      if (["string", "number"].includes(typeof key)) collect(path, inner, below(key), found, depth + 1);
    }
  } else if (Array.isArray(value)) {
    const shape = shapeOfList(value);
    if (shape !== null) found.push(listOf(value, shape, name || "array"));
    else value.forEach((inner, at) => collect(path, inner, below(at), found, depth + 1));
  } else if (typeof value === "number" && name !== "" && found.length < NUMBERS_MAX) {
    const first = () => value;
    found.push({
      ...{ name, shape: [], type: "number", values: "float64", isComplex: false, isFortran: false },
      ...{ load: () => Float32Array.of(value), first },
    });
  }
}

function arrayOf({ shape, type, isFortran, content }: Array_, name: string): PickledArray {
  const { values, isComplex } = type;
  return {
    name,
    shape,
    type: type.word,
    values,
    isComplex,
    isFortran,
    load() {
      if (values === undefined) throw new RangeError(`${name} has no numbers`);
      const out = new Float32Array(product(shape) * (isComplex ? 2 : 1));
      toNumbers(values, type.order, content as Uint8Array, out);
      return out;
    },
    first() {
      if (values === undefined) throw new RangeError(`${name} has no numbers`);
      return firstNumber(values, type.order, content as Uint8Array);
    },
  };
}

const isNumber = (value: unknown): value is number | Complex => typeof value === "number" || value instanceof Complex;

/** The shape of numbers in lists of lists of the same lengths; null of anything else. */
function shapeOfList(value: readonly unknown[]): Shape | null {
  const [first] = value;
  if (isNumber(first)) return value.every(isNumber) ? [value.length] : null;
  if (!Array.isArray(first)) return null;
  const inner = shapeOfList(first);
  if (inner === null) return null;
  const isSame = value.every((each) => Array.isArray(each) && String(shapeOfList(each)) === String(inner));
  return isSame ? [value.length, ...inner] : null;
}

function listOf(value: readonly unknown[], shape: Shape, name: string): PickledArray {
  const all = value.flat(shape.length) as (number | Complex)[];
  const isComplex = all.some((each) => each instanceof Complex);
  const partsOf = (each: number | Complex) => each instanceof Complex ? [each.real, each.imag] : [each, 0];
  const numbers = isComplex ? all.flatMap(partsOf) : all as number[];
  return {
    ...{ name, shape, type: isComplex ? "complex list" : "list", values: "float64", isComplex, isFortran: false },
    load: () => Float32Array.from(numbers),
    first: () => numbers[0]!,
  };
}

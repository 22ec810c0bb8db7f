/**
 * The text of a Matrix Market file (https://math.nist.gov/MatrixMarket/formats.html): a first line, comments, the sizes, and one
 * entry a line. It is parsed as bytes, since it may have hundreds of millions of lines.
 */
import { UserError } from "../../errors.ts";
import { wholeLines } from "./bytes.ts";

export interface MatrixHeader {
  readonly rows: number;
  readonly columns: number;
  /** Lines that follow. */
  readonly entries: number;
  /** Whether entries have no value, which then is 1. */
  readonly isPattern: boolean;
  /** `general`, `symmetric` or `skew-symmetric`. */
  readonly symmetry: string;
  /** Whether all values stand there, column by column. */
  readonly isArray: boolean;
  /** `real`, `integer` or `pattern`. */
  readonly type: string;
}

/** Some entries. Numbers of rows and columns begin at 0. */
export interface Entries {
  readonly count: number;
  readonly rows: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float64Array;
}

/** The largest number of rows or columns. */
const MAX_SIZE = 2 ** 31 - 2;
/** Where the sizes have to be found. */
const HEADER_BYTES = 1 << 20;
const BATCH = 1 << 16;

const AGAIN = "make the file again, or fetch it again";

/** @throws {UserError} */
export function parseHeader(path: string, head: string): { header: MatrixHeader; length: number; lines: number } {
  const first = /^%%MatrixMarket\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)[^\n]*\n/i.exec(head);
  if (!first) throw new UserError(path, "is not a Matrix Market file: it does not begin with %%MatrixMarket");
  const [, object, form, type, symmetry] = first.map((word) => word.toLowerCase());
  if (object !== "matrix" || (form !== "coordinate" && form !== "array")) {
    throw new UserError(path, `line 1: ${object} ${form} is not read`, "a matrix in coordinate or array form is");
  }
  if (type !== "real" && type !== "integer" && type !== "pattern" && type !== "double") {
    throw new UserError(path, `line 1: values of type ${type} are not read`, "real, integer and pattern are");
  }
  if (symmetry !== "general" && symmetry !== "symmetric" && symmetry !== "skew-symmetric") {
    throw new UserError(path, `line 1: a matrix that is ${symmetry} is not read`, "save it as a general matrix");
  }
  let at = first[0].length, lines = 1;
  for (;;) {
    const end = head.indexOf("\n", at);
    if (end < 0) throw new UserError(path, "has no line with the sizes of the matrix", AGAIN);
    const line = head.slice(at, end).trim();
    at = end + 1;
    lines++;
    if (line === "" || line.startsWith("%")) continue;
    const sizes = line.split(/\s+/).map(Number);
    const isArray = form === "array";
    if (sizes.length !== (isArray ? 2 : 3) || !sizes.every((size) => Number.isSafeInteger(size) && size >= 0)) {
      throw new UserError(path, `line ${lines}: these are not the sizes of a matrix: ${line.slice(0, 60)}`, AGAIN);
    }
    const [rows, columns] = sizes as [number, number];
    if (Math.max(rows, columns) > MAX_SIZE) {
      throw new UserError(path, `line ${lines}: ${rows} x ${columns} is more than ${MAX_SIZE} rows or columns`);
    }
    if (symmetry !== "general" && rows !== columns) {
      throw new UserError(path, `line ${lines}: ${rows} x ${columns} cannot be ${symmetry}`, AGAIN);
    }
    const entries = !isArray ? sizes[2]! : symmetry === "general" ? rows * columns : triangle(rows, symmetry);
    if (!(entries <= rows * columns)) {
      throw new UserError(path, `line ${lines}: ${entries} entries in ${rows} x ${columns} values`, AGAIN);
    }
    const header = { rows, columns, entries, isPattern: type === "pattern", symmetry, isArray, type };
    return { header, length: at, lines };
  }
}

/** Values of an array of which the lower triangle stands in the file; of a skew-symmetric one without its diagonal. */
const triangle = (rows: number, symmetry: string) => rows * (symmetry === "symmetric" ? rows + 1 : rows - 1) / 2;

/** The column of the value with a number, of those of a lower triangle with its diagonal, column by column. */
function columnInTriangle(number: number, rows: number): number {
  const before = (column: number) => column * rows - column * (column - 1) / 2;
  let column = Math.floor((2 * rows + 1 - Math.sqrt((2 * rows + 1) ** 2 - 8 * number)) / 2);
  while (before(column) > number) column--; // where the root was rounded
  while (before(column + 1) <= number) column++;
  return column;
}

/** Where the value of an array with a number stands: row and column. */
function placeOf({ rows, symmetry }: MatrixHeader, number: number): [number, number] {
  if (symmetry === "general") return [number % rows, Math.floor(number / rows)];
  const below = symmetry === "symmetric" ? 0 : 1, size = rows - below;
  const column = columnInTriangle(number, size);
  const row = column + number - (column * size - column * (column - 1) / 2);
  return [row + below, column];
}

/** Reads a file up to the sizes. */
export async function readHeader(path: string): Promise<MatrixHeader> {
  for await (const bytes of wholeLines(path)) {
    return parseHeader(path, new TextDecoder("latin1").decode(bytes.subarray(0, HEADER_BYTES))).header;
  }
  throw new UserError(path, "is an empty file", AGAIN);
}

/** All entries in the order of the file, some at a time; the arrays are used again. @throws {UserError} with the line that is wrong */
export async function* entriesOf(path: string): AsyncGenerator<Entries> {
  const batch = {
    count: 0,
    rows: new Uint32Array(BATCH),
    columns: new Uint32Array(BATCH),
    values: new Float64Array(BATCH),
  };
  let header: MatrixHeader | null = null;
  let line = 0, seen = 0;
  for await (const bytes of wholeLines(path)) {
    let at = 0;
    if (header === null) {
      const parsed = parseHeader(path, new TextDecoder("latin1").decode(bytes.subarray(0, HEADER_BYTES)));
      header = parsed.header;
      at = parsed.length;
      line = parsed.lines;
    }
    const parser = new LineParser(path, header, bytes);
    while (at < bytes.length) {
      line++;
      const end = parser.parse(at, line, seen, batch);
      if (parser.isEntry) {
        seen++;
        if (seen > header.entries) {
          throw new UserError(
            path,
            `line ${line}: there are more entries than the ${header.entries} that line 1 to 3 state`,
            AGAIN,
          );
        }
        if (++batch.count === BATCH) {
          yield batch;
          batch.count = 0;
        }
      }
      at = end;
    }
  }
  if (header === null) throw new UserError(path, "is an empty file", AGAIN);
  if (batch.count > 0) yield batch;
  if (seen !== header.entries) {
    throw new UserError(path, `has ${seen} entries, but states ${header.entries}: it was cut short`, AGAIN);
  }
}

const SPACE = 0x20, TAB = 0x09, NEWLINE = 0x0a, RETURN = 0x0d, ZERO = 0x30, NINE = 0x39, PERCENT = 0x25;

/** Parses lines of one block of bytes. */
class LineParser {
  /** Whether the line that was parsed last is an entry, and neither empty nor a comment. */
  isEntry = false;
  #at = 0;

  constructor(readonly path: string, readonly header: MatrixHeader, readonly bytes: Uint8Array) {}

  /** Writes the entry of the line that begins at `at` to the end of `into`. @returns where the next line begins */
  parse(at: number, line: number, seen: number, into: { count: number } & Omit<Entries, "count">): number {
    const { header, bytes } = this;
    this.#at = at;
    this.#skipSpace();
    const first = bytes[this.#at];
    this.isEntry = first !== NEWLINE && first !== RETURN && first !== PERCENT && first !== undefined;
    if (this.isEntry) {
      const { count } = into;
      if (header.isArray) {
        const [row, column] = seen < header.entries ? placeOf(header, seen) : [0, 0];
        into.rows[count] = row;
        into.columns[count] = column;
      } else {
        into.rows[count] = this.#index(header.rows, "row", line);
        into.columns[count] = this.#index(header.columns, "column", line);
      }
      into.values[count] = header.isPattern ? 1 : this.#value(line);
      this.#skipSpace();
      const end = bytes[this.#at];
      if (end !== NEWLINE && end !== RETURN && end !== undefined) throw this.#wrong(line, "has more than an entry");
    }
    const next = bytes.indexOf(NEWLINE, this.#at);
    return next < 0 ? bytes.length : next + 1;
  }

  #skipSpace(): void {
    const { bytes } = this;
    while (bytes[this.#at] === SPACE || bytes[this.#at] === TAB) this.#at++;
  }

  #wrong(line: number, what: string): UserError {
    return new UserError(this.path, `line ${line} ${what}`, AGAIN);
  }

  #index(size: number, what: string, line: number): number {
    this.#skipSpace();
    const { bytes } = this;
    let at = this.#at, value = 0;
    for (let digit; (digit = bytes[at]!) >= ZERO && digit <= NINE; at++) value = 10 * value + digit - ZERO;
    if (at === this.#at) throw this.#wrong(line, `has no number of a ${what}`);
    if (!(value >= 1 && value <= size)) throw this.#wrong(line, `names ${what} ${value} of ${size}`);
    this.#at = at;
    return value - 1;
  }

  #value(line: number): number {
    this.#skipSpace();
    const { bytes } = this;
    const start = this.#at;
    let at = start, value = 0;
    for (let digit; (digit = bytes[at]!) >= ZERO && digit <= NINE; at++) value = 10 * value + digit - ZERO;
    const end = bytes[at];
    const isWhole = at > start && at - start < 16 && !(end! > SPACE);
    if (!isWhole) {
      while (at < bytes.length && bytes[at]! > SPACE) at++;
      value = at > start ? Number(String.fromCharCode(...bytes.subarray(start, Math.min(at, start + 64)))) : NaN;
      if (Number.isNaN(value)) throw this.#wrong(line, "has no number as its value");
    }
    this.#at = at;
    return value;
  }
}

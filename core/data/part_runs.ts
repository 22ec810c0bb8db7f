/** Which part each row of a file belongs to, as runs of rows: the number of a part, then how many rows in turn belong to it. */
import { Buffer } from "node:buffer";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { DecodeError, list, number } from "../runs/decode.ts";
import { type Part, PARTS } from "./list.ts";

/** So many numbers are written as they are. */
const PLAIN_MAX = 64;

/** @param parts for each part its rows, rising; every row is in one of them */
export function partRuns(parts: Readonly<Record<Part, Uint32Array>>): number[] {
  const rows = PARTS.reduce((sum, part) => sum + parts[part].length, 0);
  const codes = new Uint8Array(rows);
  PARTS.forEach((part, code) => parts[part].forEach((row) => codes[row] = code));
  const runs: number[] = [];
  for (const code of codes) {
    if (runs.at(-2) === code) runs[runs.length - 1]!++;
    else runs.push(code, 1);
  }
  return runs;
}

/** 1 for each row of a part, 0 for the others. */
export function flagsOf(runs: readonly number[], part: Part, rows: number): Uint8Array<ArrayBuffer> {
  const flags = new Uint8Array(rows);
  let row = 0;
  for (let at = 0; at < runs.length; at += 2) {
    const next = row + runs[at + 1]!;
    if (PARTS[runs[at]!] === part) flags.fill(1, row, next);
    row = next;
  }
  return flags;
}

/**
 * Runs as JSON has them: a short list as it is. A long one, of groups that alternate row by row, as text: the numbers with seven bits
 * a byte, the lowest first, and the eighth set where more follow; deflated, in base 64.
 */
export function writtenRuns(runs: readonly number[]): readonly number[] | string {
  if (runs.length <= PLAIN_MAX) return runs;
  const bytes: number[] = [];
  for (let rest of runs) {
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push(128 + rest % 128);
    bytes.push(rest);
  }
  return deflateRawSync(Uint8Array.from(bytes)).toString("base64");
}

/** @param rows of the file, all of which must be in a run @throws {DecodeError} */
export function readRuns(value: unknown, field: string, rows: number): number[] {
  const runs = typeof value === "string" ? unpacked(value, field, rows) : list(number)(value, field);
  let sum = 0;
  for (const [at, one] of runs.entries()) {
    const isRight = at % 2 === 0 ? one in PARTS : Number.isInteger(one) && one > 0;
    if (!isRight) throw new DecodeError(`${field}: number ${at}, ${one}, is no part and no number of rows`);
    if (at % 2 === 1) sum += one;
  }
  if (runs.length % 2 !== 0 || sum !== rows) throw new DecodeError(`${field}: has parts of ${sum} rows, not ${rows}`);
  return runs;
}

function unpacked(text: string, field: string, rows: number): number[] {
  let bytes: Uint8Array;
  try {
    // A run is of a row at least, and takes a byte for its part and up to six for its rows.
    bytes = inflateRawSync(Buffer.from(text, "base64"), { maxOutputLength: 7 * rows + 1 });
  } catch {
    throw new DecodeError(`${field}: is not the text that this program writes`);
  }
  const numbers: number[] = [];
  let value = 0, place = 1;
  for (const byte of bytes) {
    value += (byte & 127) * place;
    place *= 128;
    if (byte > 127) continue;
    numbers.push(value);
    value = 0;
    place = 1;
  }
  return numbers;
}

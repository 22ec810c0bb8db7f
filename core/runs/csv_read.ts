/** Reading a log of any length in bounded memory. */
import { InputFile } from "../formats/file.ts";
import { isCsvNumber, parseCsvLine, parseCsvNumber } from "../formats/csv.ts";
import type { Columns } from "./schema.ts";

const BLOCK_BYTES = 1 << 20;
const LINE_BYTES_MAX = 1 << 16;
const NEWLINE = 0x0a;

/**
 * The rows of a CSV log by the header's names. Beyond `most` rows, every 2nd, 4th, ... is kept, and the last one; only kept rows
 * are parsed; `total` counts all. An unfinished last line is left out. Rows that are malformed are left out and named.
 * @throws {UserError} if the file cannot be read.
 */
export async function readCsv<Row>(
  path: string,
  columns: Columns<Row>,
  most: number,
): Promise<{ rows: Row[]; total: number; problems: string[] }> {
  const sampler = new Sampler(most);
  let header: string | null = null;
  let number = 0;
  for await (const line of lines(path)) {
    number++;
    if (header === null) header = line();
    else sampler.offer(number, line);
  }
  if (header === null) return { rows: [], total: 0, problems: [] };

  const names = parseCsvLine(header);
  const kinds = Object.entries(columns) as [keyof Row & string, Columns<Row>[keyof Row]][];
  const missing = kinds.map(([name]) => name).filter((name) => !names.includes(name));
  if (missing.length > 0) return { rows: [], total: 0, problems: [`${path}:1: no column ${missing.join(", ")}`] };

  const positions = kinds.map(([name, kind]) => ({ name, kind, at: names.indexOf(name) }));
  const rows: Row[] = [];
  const bad: string[] = [];
  for (const { number, text } of sampler.kept()) {
    const fields = parseCsvLine(text);
    const row: Record<string, unknown> = {};
    const wrong = positions.find(({ name, kind, at }) => {
      const field = fields[at];
      row[name] = kind === "text" ? field : kind === "nullable" && field === "" ? null : parseCsvNumber(field ?? "");
      return field === undefined || (kind !== "text" && row[name] !== null && !isCsvNumber(field));
    });
    if (wrong) {
      bad.push(
        `${path}:${number}: ${wrong.name}: ${JSON.stringify((fields[wrong.at] ?? "").slice(0, 40))} is not a number`,
      );
    } else rows.push(row as Row);
  }
  const problems = bad.length > 3 ? [...bad.slice(0, 3), `${path}: ${bad.length - 3} more rows are malformed`] : bad;
  return { rows, total: number - 1, problems };
}

/** Keeps at most `most` of the lines offered, evenly, and the last. */
class Sampler {
  #kept: { number: number; text: string }[] = [];
  #stride = 1;
  #count = 0;
  #last: { number: number; line: () => string } | null = null;

  constructor(private readonly most: number) {}

  offer(number: number, line: () => string): void {
    this.#last = { number, line };
    if (this.#count++ % this.#stride !== 0) return;
    this.#kept.push({ number, text: line() });
    if (this.#kept.length < this.most) return;
    this.#kept = this.#kept.filter((_, i) => i % 2 === 0);
    this.#stride *= 2;
  }

  kept(): { number: number; text: string }[] {
    if (!this.#last || this.#last.number === this.#kept.at(-1)?.number) return this.#kept;
    return [...this.#kept, { number: this.#last.number, text: this.#last.line() }];
  }
}

/** Each whole line, as a function that decodes it. */
async function* lines(path: string): AsyncGenerator<() => string> {
  using file = await InputFile.open(path);
  const decoder = new TextDecoder();
  let rest = new Uint8Array(0);
  for (let offset = 0; offset < file.size; offset += BLOCK_BYTES) {
    const length = Math.min(BLOCK_BYTES, file.size - offset);
    // A fresh block each time: lines not yet decoded still point into the last one.
    const block = new Uint8Array(rest.length + length);
    block.set(rest);
    await file.readAt(offset, block.subarray(rest.length));
    let start = 0;
    for (let end = block.indexOf(NEWLINE); end >= 0; end = block.indexOf(NEWLINE, start)) {
      const line = block.subarray(start, Math.min(end, start + LINE_BYTES_MAX));
      yield () => decoder.decode(line);
      start = end + 1;
    }
    // A line that is too long to be one of ours is carried on cut off, which makes it malformed.
    rest = block.slice(start, Math.min(block.length, start + LINE_BYTES_MAX));
  }
}

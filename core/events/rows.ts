/**
 * The rows of a run's CSV files as events. The engine writes steps.csv, so that its rows come from there: every sink has the
 * values that the file has.
 */
import { join } from "@std/path";
import { parseCsvNumber } from "../formats/csv.ts";
import { exists, notRegular } from "../formats/file.ts";
import { ioError } from "../formats/io_error.ts";
import { readCsv } from "../runs/csv_read.ts";
import { CHUNK_COLUMNS, columnNames, EPOCH_COLUMNS, STEP_COLUMNS } from "../runs/schema.ts";
import type { StepRow } from "../runs/types.ts";
import { type Held, isPast, type Position } from "./course.ts";
import type { RunEvent, StepsEvent } from "./types.ts";

/** Rows of one event at most. */
const BLOCK_ROWS = 1024;
const READ_BYTES = 1 << 18;

type StepColumns = { [C in keyof StepRow]: number[] };
const NAMES = columnNames(STEP_COLUMNS);

function emptyColumns(): StepColumns {
  return Object.fromEntries(NAMES.map((name) => [name, []])) as unknown as StepColumns;
}

/** Reads the rows of steps.csv that were not there before. The file is kept open, since short windows end many times a second. */
export class StepReader implements Disposable {
  #file: Deno.FsFile | null = null;
  /** Where the columns stand in a row; null before the header is read. */
  #places: number[] | null = null;
  /** What is read and not yet given out; whole lines stand in #lines, from #next on. */
  #torn = "";
  #lines: string[] = [];
  #next = 0;
  readonly #buffer = new Uint8Array(READ_BYTES);

  /** @param at the byte after which rows are new: 0, or the end of a row */
  constructor(readonly path: string, private readonly at = 0) {}

  /**
   * The rows since the last call up to a step, in events of at most 1024 of them.
   * @throws {UserError} if the file cannot be read
   */
  async *read(until = Infinity): AsyncGenerator<StepsEvent> {
    let columns = emptyColumns();
    for (let line = await this.#line(); line !== null; line = await this.#line()) {
      const fields = line.split(",");
      this.#places ??= NAMES.map((name) => fields.indexOf(name));
      const step = parseCsvNumber(fields[this.#places[0]!] ?? "");
      if (step > until) {
        this.#next--;
        break;
      }
      if (Number.isNaN(step)) continue; // the header
      for (const [index, name] of NAMES.entries()) {
        columns[name].push(parseCsvNumber(fields[this.#places[index]!] ?? ""));
      }
      if (columns.step.length < BLOCK_ROWS) continue;
      yield { event: "steps", ...columns };
      columns = emptyColumns();
    }
    if (columns.step.length > 0) yield { event: "steps", ...columns };
  }

  /** The next whole line; null where there is none yet. */
  async #line(): Promise<string | null> {
    while (this.#next === this.#lines.length) {
      const count = await this.#read();
      if (count === 0) return null;
      const parts = (this.#torn + new TextDecoder().decode(this.#buffer.subarray(0, count))).split("\n");
      this.#torn = parts.pop()!;
      this.#lines = parts;
      this.#next = 0;
    }
    return this.#lines[this.#next++]!;
  }

  /** Reads on; the rows are ASCII, so that no character is torn. @returns 0 at the present end, and where there is no file */
  async #read(): Promise<number> {
    try {
      if (this.#file === null) {
        if (!await exists(this.path)) return 0;
        if (!(await Deno.stat(this.path)).isFile) throw notRegular(this.path);
        this.#file = await Deno.open(this.path, { read: true });
        if (this.at > 0) await this.#seek(this.#file);
      }
      return await this.#file.read(this.#buffer) ?? 0;
    } catch (cause) {
      throw ioError(this.path, "read", cause);
    }
  }

  /** Reads the header, and goes on where rows are new. */
  async #seek(file: Deno.FsFile): Promise<void> {
    const count = await file.read(this.#buffer) ?? 0;
    const [header] = new TextDecoder().decode(this.#buffer.subarray(0, count)).split("\n");
    const names = header!.split(",");
    this.#places = NAMES.map((name) => names.indexOf(name));
    await file.seek(this.at, Deno.SeekMode.Start);
  }

  [Symbol.dispose](): void {
    this.#file?.close();
    this.#file = null;
  }
}

/** The rows that `keep` accepts; null if there are none. */
function chosen(event: StepsEvent, keep: (step: number) => boolean): StepsEvent | null {
  const kept = event.step.flatMap((step, index) => keep(step) ? [index] : []);
  if (kept.length === event.step.length) return event;
  if (kept.length === 0) return null;
  const columns = Object.fromEntries(NAMES.map((name) => [name, kept.map((index) => event[name][index]!)]));
  return { event: "steps", ...columns } as unknown as StepsEvent;
}

const MOST_ROWS = 1_000_000;

/** The events of whole windows and epochs in the files, in their order. */
async function windowsAndEpochs(run: string, start: number): Promise<(RunEvent & { readonly step: number })[]> {
  const rowsIn = async <Row>(name: string, columns: Parameters<typeof readCsv<Row>>[1]) => {
    const path = join(run, name);
    return await exists(path) ? (await readCsv<Row>(path, columns, MOST_ROWS)).rows : [];
  };
  const chunks = await rowsIn("chunks.csv", CHUNK_COLUMNS);
  const epochs = await rowsIn("epochs.csv", EPOCH_COLUMNS);
  const events: (RunEvent & { readonly step: number })[] = [];
  let step = start, next = 0;
  for (const epoch of epochs) {
    for (; next < chunks.length && chunks[next]!.epoch <= epoch.epoch; next++) {
      const chunk = chunks[next]!;
      step = chunk.first_step + chunk.steps - 1;
      events.push({ event: "chunk", step, ...chunk });
    }
    events.push({ event: "epoch", step, ...epoch });
  }
  for (const chunk of chunks.slice(next)) {
    events.push({ event: "chunk", step: chunk.first_step + chunk.steps - 1, ...chunk });
  }
  return events;
}

/** The rows after `held` and up to a position, in the order in which they came about. */
export async function* rowsAfter(run: string, held: Held, position: Position): AsyncGenerator<RunEvent> {
  const others = (await windowsAndEpochs(run, position.step)).filter((event) =>
    !isPast(event, position) &&
    (event.event === "chunk"
      ? event.epoch > held.chunk[0] || (event.epoch === held.chunk[0] && event.chunk > held.chunk[1])
      : event.event === "epoch" && event.epoch > held.epoch)
  );
  let next = 0, last = held.step;
  using steps = new StepReader(join(run, "steps.csv"));
  for await (const block of steps.read()) {
    if (block.step[0]! > position.step) break;
    if (block.step.at(-1)! <= last) continue;
    for (; next < others.length && others[next]!.step < block.step.at(-1)!; next++) {
      const until = others[next]!.step, from = last;
      const before = chosen(block, (step) => step > from && step <= until && step <= position.step);
      if (before) yield before;
      yield others[next]!;
      last = Math.max(last, until);
    }
    const from = last;
    const rest = chosen(block, (step) => step > from && step <= position.step);
    if (rest) yield rest;
    last = Math.max(last, block.step.at(-1)!);
  }
  yield* others.slice(next);
}

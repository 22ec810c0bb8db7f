/**
 * The rows of a run's CSV files as events. The engine writes steps.csv, so that its rows come from there: every sink has the
 * values that the file has.
 */
import { join } from "@std/path";
import { parseCsvLine, parseCsvNumber } from "../formats/csv.ts";
import { exists, InputFile } from "../formats/file.ts";
import { readCsv } from "../runs/csv_read.ts";
import { CHUNK_COLUMNS, columnNames, EPOCH_COLUMNS, STEP_COLUMNS } from "../runs/schema.ts";
import type { StepRow } from "../runs/types.ts";
import { type Held, isPast, type Position } from "./course.ts";
import type { RunEvent, StepsEvent } from "./types.ts";

/** Rows of one event at most. */
const BLOCK_ROWS = 1024;
const READ_BYTES = 1 << 18;
const NEWLINE = 0x0a;

type StepColumns = { [C in keyof StepRow]: number[] };
const NAMES = columnNames(STEP_COLUMNS);

function emptyColumns(): StepColumns {
  return Object.fromEntries(NAMES.map((name) => [name, []])) as unknown as StepColumns;
}

/** Reads the rows of steps.csv that were not there before. */
export class StepReader {
  #at: number;
  /** Where the columns stand in a row; null before the header is read. */
  #places: number[] | null = null;

  /** @param at the byte after which rows are new: 0, or the end of a row */
  constructor(readonly path: string, at = 0) {
    this.#at = at;
  }

  /**
   * The rows since the last call up to a step, in events of at most 1024 of them.
   * @throws {UserError} if the file cannot be read
   */
  async *read(until = Infinity): AsyncGenerator<StepsEvent> {
    if (!await exists(this.path)) return;
    using file = await InputFile.open(this.path);
    this.#places ??= await this.#header(file);
    if (this.#places === null) return;
    let columns = emptyColumns();
    let held = new Uint8Array(0);
    for (let from = this.#at, isDone = false; from < file.size && !isDone;) {
      const length = Math.min(READ_BYTES, file.size - from);
      const block = new Uint8Array(held.length + length);
      block.set(held);
      await file.readAt(from, block.subarray(held.length));
      from += length;
      const end = block.lastIndexOf(NEWLINE) + 1;
      for (const line of new TextDecoder().decode(block.subarray(0, end)).split("\n")) {
        if (line === "") continue;
        const fields = line.split(",");
        isDone = parseCsvNumber(fields[this.#places[0]!] ?? "") > until;
        if (isDone) break;
        this.#at += line.length + 1; // the rows are ASCII
        for (const [index, name] of NAMES.entries()) {
          columns[name].push(parseCsvNumber(fields[this.#places[index]!] ?? ""));
        }
        if (columns.step.length < BLOCK_ROWS) continue;
        yield { event: "steps", ...columns };
        columns = emptyColumns();
      }
      held = block.slice(end);
    }
    if (columns.step.length > 0) yield { event: "steps", ...columns };
  }

  async #header(file: InputFile): Promise<number[] | null> {
    const head = new Uint8Array(Math.min(file.size, 4096));
    await file.readAt(0, head);
    const end = head.indexOf(NEWLINE);
    if (end < 0) return null;
    const names = parseCsvLine(new TextDecoder().decode(head.subarray(0, end)));
    this.#at = Math.max(this.#at, end + 1);
    return NAMES.map((name) => names.indexOf(name));
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
  for await (const block of new StepReader(join(run, "steps.csv")).read()) {
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

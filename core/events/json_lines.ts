/** events.jsonl: every event as a line of JSON. */
import { exists, InputFile } from "../formats/file.ts";
import { type Held, holding, isPast, NOTHING_HELD, type Position } from "./course.ts";
import { LogFile } from "./log_file.ts";
import type { Sink } from "./sink.ts";
import type { RunEvent } from "./types.ts";

const READ_BYTES = 1 << 20;
const NEWLINE = 0x0a;

/** An event as a line, without its end. Numbers that JSON does not have are null. */
export function lineOf(event: RunEvent): string {
  return JSON.stringify(event);
}

/** The event of a line; null for a line that a failing disk has left, which is cut off with what follows. */
function eventOf(line: string): RunEvent | null {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** The whole lines of a file, each with the byte after its end. A torn last line is left out. */
async function* linesOf(path: string): AsyncGenerator<{ text: string; end: number }> {
  using file = await InputFile.open(path);
  let held = new Uint8Array(0);
  for (let at = 0; at < file.size;) {
    const length = Math.min(READ_BYTES, file.size - at);
    const block = new Uint8Array(held.length + length);
    block.set(held);
    await file.readAt(at, block.subarray(held.length));
    const first = at - held.length;
    let start = 0;
    for (let end = block.indexOf(NEWLINE); end >= 0; end = block.indexOf(NEWLINE, start)) {
      yield { text: new TextDecoder().decode(block.subarray(start, end)), end: first + end + 1 };
      start = end + 1;
    }
    held = block.slice(start);
    at += length;
  }
}

export class JsonLinesSink implements Sink {
  readonly name = "jsonl";
  #file: LogFile | null = null;

  constructor(readonly path: string) {}

  async open(position: Position): Promise<Held> {
    let held = NOTHING_HELD, length = 0;
    if (await exists(this.path)) {
      for await (const { text, end } of linesOf(this.path)) {
        const event = eventOf(text);
        if (event === null || isPast(event, position)) break;
        held = holding(held, event);
        length = end;
      }
    }
    this.#file = await LogFile.open(this.path, length);
    return held;
  }

  async write(events: readonly RunEvent[]): Promise<void> {
    await this.#file!.write([new TextEncoder().encode(events.map((event) => `${lineOf(event)}\n`).join(""))]);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }

  abandon(): void {
    this.#file?.abandon();
    this.#file = null;
  }
}

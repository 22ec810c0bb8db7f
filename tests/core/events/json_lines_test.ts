/** events.jsonl: what is written, and what a resume leaves of it. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { holding, NOTHING_HELD, type Position } from "../../../core/events/course.ts";
import { JsonLinesSink } from "../../../core/events/json_lines.ts";
import type { RunEvent } from "../../../core/events/types.ts";
import { COURSE, epochDone, START, steps } from "../../helpers/events.ts";
import { testInFolder } from "../../temp.ts";

const START_AT: Position = { step: 0, epoch: 0, window: 0 };
const read = (path: string): RunEvent[] =>
  Deno.readTextFileSync(path).trimEnd().split("\n").map((line) => JSON.parse(line));

async function write(path: string, position: Position, events: readonly RunEvent[]) {
  const sink = new JsonLinesSink(path);
  const held = await sink.open(position);
  await sink.write(events);
  await sink.close();
  return held;
}

testInFolder("events.jsonl: every event is a line; a resume keeps what lies before its checkpoint", async (dir) => {
  const path = join(dir, "events.jsonl");
  assertEquals(await write(path, START_AT, COURSE), NOTHING_HELD);
  assertEquals(read(path), COURSE);
  // At the end of the first epoch: its rows stay, and the checkpoint that was told after them.
  const after = { ...START, step: 5, epoch: 1, resumed: 1 };
  const held = await write(path, { step: 5, epoch: 1, window: 0 }, [after, steps(6, 10, 2), epochDone(2, 10)]);
  assertEquals(held, { step: 5, chunk: [1, 0], epoch: 1 });
  assertEquals(read(path), [...COURSE.slice(0, 5), after, steps(6, 10, 2), epochDone(2, 10)]);
  // Before the epoch counts, and within a block of steps, which goes as a whole.
  assertEquals(await write(path, { step: 5, epoch: 0, window: 0 }, []), { ...NOTHING_HELD, step: 5 });
  assertEquals(read(path), COURSE.slice(0, 2));
  assertEquals(await write(path, { step: 3, epoch: 0, window: 0 }, []), NOTHING_HELD);
  assertEquals(read(path), [START]);
});

testInFolder("events.jsonl: a torn line and an end are cut off, a step at the start leaves nothing", async (dir) => {
  const path = join(dir, "events.jsonl");
  const end = { event: "end", time: "", step: 10, summary: {} } as unknown as RunEvent;
  await write(path, START_AT, [...COURSE, end]);
  Deno.writeTextFileSync(path, '{"event":"no', { append: true });
  const position = { step: 10, epoch: 2, window: 0 };
  const whole = COURSE.reduce(holding, NOTHING_HELD);
  assertEquals(await write(path, position, []), whole);
  assertEquals(read(path), COURSE);
  Deno.writeTextFileSync(path, Deno.readTextFileSync(path).replace("a note", "a no\0te").replace('"note"', '"no\nte"'));
  assertEquals((await write(path, position, [])).step, 8);
  assertEquals(read(path), COURSE.slice(0, 6));
  assertEquals(await write(path, START_AT, []), NOTHING_HELD);
  assertEquals(Deno.statSync(path).size, 0);
});

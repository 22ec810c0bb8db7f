/** The queue of a sink: whatever a sink does, events go on, and what is wrong is told once. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Held, NOTHING_HELD } from "../../../core/events/course.ts";
import { Lane } from "../../../core/events/lane.ts";
import type { Sink } from "../../../core/events/sink.ts";
import type { RunEvent } from "../../../core/events/types.ts";
import { COURSE, epochDone, START, steps } from "../../helpers/events.ts";

const LIMITS = { queuedRows: 100, callMs: 60, lastCallMs: 30, endMs: 10_000 };
const AT = { step: 0, epoch: 0, window: 0 };

/** A sink that keeps what it is given, and otherwise does what the test says. */
function keeping(changes: Partial<Sink> = {}) {
  const taken: RunEvent[] = [], calls: string[] = [];
  const sink: Sink = {
    name: "keeping",
    open: () => Promise.resolve<Held | null>((calls.push("open"), null)),
    write: (events) => Promise.resolve(void taken.push(...events)),
    close: () => Promise.resolve(void calls.push("close")),
    abandon: () => void calls.push("abandon"),
    ...changes,
  };
  return { sink, taken, calls };
}

function laneOf(sink: Sink, missing: readonly RunEvent[] = [], limits = LIMITS) {
  const told: string[] = [];
  const lane = new Lane(sink, {
    position: AT,
    start: START,
    missing: async function* () {
      yield* missing;
    },
    warn: (text) => told.push(text),
    limits,
  });
  return { lane, told };
}

const hang = () => new Promise<never>(() => {});

Deno.test("lane: a sink gets what it lacks, then all events in their order, then it is closed", async () => {
  const { sink, taken, calls } = keeping({ open: () => Promise.resolve(NOTHING_HELD) });
  const { lane, told } = laneOf(sink, [steps(1, 3, 1)]);
  for (const event of COURSE) lane.push(event);
  await lane.finish();
  assertEquals(taken, [steps(1, 3, 1), ...COURSE]);
  assertEquals([calls, told], [["close"], []]);
});

Deno.test("lane: a sink that throws is switched off with one warning and gets nothing more", async () => {
  for (const method of ["open", "write", "close"] as const) {
    const { sink, calls } = keeping({ [method]: () => Promise.reject(new Error("No space left on device")) });
    const { lane, told } = laneOf(sink);
    for (const event of COURSE) lane.push(event);
    await lane.finish();
    assertEquals(told, [
      "logging.sinks: keeping failed: No space left on device; it is switched off, and the run goes on without it",
    ], method);
    assertEquals(calls.at(-1), "abandon", method);
    assert(!lane.isOn);
    lane.push(epochDone(3, 15)); // is dropped
  }
});

Deno.test("lane: a sink that hangs is switched off, while the run goes on and at its end", async () => {
  for (const method of ["open", "write", "close"] as const) {
    for (const whileRunning of method === "close" ? [false] : [true, false]) {
      const { sink, calls } = keeping({ [method]: hang });
      const { lane, told } = laneOf(sink);
      for (const event of COURSE) lane.push(event);
      if (whileRunning) {
        await new Promise((resolve) => setTimeout(resolve, 120));
        assertEquals(told.length, 1, method);
      }
      const begun = performance.now();
      await lane.finish();
      assert(performance.now() - begun < 2000);
      assertEquals(told.length, 1, method);
      assertMatch(told[0]!, /keeping hangs: it has not answered for 0 s; it is switched off/);
      assertEquals(calls.at(-1), "abandon");
    }
  }
});

Deno.test("lane: a sink that does not keep up is switched off before its queue takes the memory", async () => {
  const { sink, calls } = keeping({ write: hang });
  const { lane, told } = laneOf(sink);
  for (let epoch = 1; epoch <= 30; epoch++) lane.push(steps(5 * epoch - 4, 5 * epoch, epoch));
  assertEquals(told, [
    "logging.sinks: keeping does not keep up: more than 100 rows wait for it; it is switched off, and the run goes on " +
    "without it",
  ]);
  await lane.finish();
  assertEquals(told.length, 1);
  assertEquals(calls, ["open", "abandon"]);
});

Deno.test("lane: a sink that hung long before the end of the run does not hold it up", async () => {
  const { sink } = keeping({ write: hang });
  const { lane, told } = laneOf(sink, [], { ...LIMITS, callMs: 1e6, lastCallMs: 400 });
  for (const event of COURSE) lane.push(event);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const begun = performance.now();
  await lane.finish();
  const waited = performance.now() - begun;
  assert(waited < 250, `it waited ${waited} ms more`);
  assertEquals(told.length, 1);
});

Deno.test("lane: a sink that answers each call in time, but has too many of them, does not hold up the end of the run", async () => {
  const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 20));
  const { sink, calls } = keeping({ open: () => Promise.resolve(NOTHING_HELD), write: slow });
  const missing = Array.from({ length: 200 }, (_, i) => steps(5 * i + 1, 5 * i + 5, i + 1));
  const { lane, told } = laneOf(sink, missing, { ...LIMITS, callMs: 1e6, lastCallMs: 1e6, endMs: 100 });
  const begun = performance.now();
  await lane.finish();
  const waited = performance.now() - begun;
  assert(waited < 2000, `it waited ${waited} ms`);
  assertEquals(told.length, 1);
  assertMatch(told[0]!, /keeping does not keep up: it still writes 0 s after the end of the run; it is switched off/);
  assertEquals(calls, ["abandon"]);
});

/** Parts of the studio by themselves: the queue of a page, the share of time that watching takes, histories, undo, frames. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../core/build/ensure.ts";
import type { Edit } from "../../core/steer/journal.ts";
import { pack, unpack } from "../../studio/frame.ts";
import type { Message, RowName, Tells } from "../../studio/protocol.ts";
import { requireFileName } from "../../studio/questions/dropped.ts";
import { BUFFERED_MAX, Queue, TOGETHER_MS } from "../../studio/server/queue.ts";
import { History } from "../../studio/session/history.ts";
import { inverseOf, UndoStack } from "../../studio/session/undo.ts";
import { SHARE, Watching } from "../../studio/session/watching.ts";
import { temporary } from "../helpers/cli.ts";
import { openStudio, smallConfig } from "../helpers/studio.ts";

await ensureEngine({ quiet: true });

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** A socket whose other end reads only when it is told to. */
class Slow {
  bufferedAmount = 0;
  readonly readyState = WebSocket.OPEN;
  readonly sent: Message[] = [];

  send(data: string | ArrayBufferView<ArrayBuffer>): void {
    this.bufferedAmount += typeof data === "string" ? data.length : data.byteLength;
    this.sent.push(unpack(typeof data === "string" ? data : data.buffer) as Message);
  }
}

const told = (sent: readonly Message[]) => sent.map((message) => "tell" in message ? message.tell : message.id);
const steps = (step: number) => ({ step, loss: 1, seconds: step, count: 1 });

Deno.test("studio: of what a full socket is told only the newest waits, but all answers, edits and notes do", async () => {
  const socket = new Slow(), queue = new Queue(socket);
  queue.tell("steps", steps(1));
  assertEquals(told(socket.sent), ["steps"]);
  socket.bufferedAmount = BUFFERED_MAX + 1;
  for (let step = 2; step < 100; step++) queue.tell("steps", steps(step));
  queue.tell("note", { text: "a", warning: false });
  queue.answer({ id: 7, stood: 0, answer: {} });
  queue.tell("note", { text: "b", warning: false });
  await pause(60);
  assertEquals([socket.sent.length, queue.answers], [1, 1]);
  socket.bufferedAmount = 0;
  await pause(60);
  assertEquals(told(socket.sent), ["steps", "note", 7, "note"]);
  await pause(TOGETHER_MS);
  assertEquals(told(socket.sent), ["steps", "note", 7, "note", "steps"]);
  assertEquals((socket.sent.at(-1) as { value: Tells["steps"] }).value.step, 99);
  assertEquals(queue.answers, 0);

  // Notes are bounded too, and those that are left out are counted.
  socket.bufferedAmount = BUFFERED_MAX + 1;
  for (let i = 0; i < 1500; i++) queue.tell("note", { text: String(i), warning: false });
  socket.bufferedAmount = -1e9;
  await pause(60);
  const last = socket.sent.at(-1) as { value: Tells["note"] };
  assertEquals(last.value.text, "500 messages were left out, since this page did not keep up");
  queue.close();
});

Deno.test("studio: steps and epochs that wait for a slow page become one message without holes", async () => {
  const socket = new Slow(), queue = new Queue(socket);
  const epoch = (number: number) => ({ epoch: number, step: 10 * number, seconds: number, train: 1, validation: null });
  queue.tell("steps", { step: 10, loss: 7, seconds: 1, count: 10 });
  queue.tell("epochs", [epoch(1)]);
  socket.bufferedAmount = BUFFERED_MAX + 1;
  queue.tell("steps", { step: 13, loss: 2, seconds: 2, count: 3 });
  queue.tell("epochs", [epoch(2)]);
  queue.tell("steps", { step: 14, loss: 6, seconds: 3, count: 1 });
  queue.tell("epochs", [epoch(3)]);
  queue.tell("steps", { step: 20, loss: 8, seconds: 4, count: 6 });
  socket.bufferedAmount = 0;
  await pause(2 * TOGETHER_MS);
  queue.tell("epochs", [epoch(4)]);
  await pause(2 * TOGETHER_MS);
  const of = (kind: string) =>
    socket.sent.flatMap((message) => "tell" in message && message.tell === kind ? [message.value] : []);
  const loss = (3 * 2 + 1 * 6 + 6 * 8) / 10;
  assertEquals(of("steps"), [{ step: 10, loss: 7, seconds: 1, count: 10 }, { step: 20, loss, seconds: 4, count: 10 }]);
  assertEquals(of("epochs").flat(), [1, 2, 3, 4].map(epoch), "no epoch is left out, and none is told twice");
  queue.close();
});

Deno.test("studio: values wait until those before are taken, the newest of them, and answers do not wait behind them", async () => {
  const socket = new Slow(), queue = new Queue(socket);
  const tell = (step: number) => queue.tell("values", { step, at: [0], values: Float32Array.of(step) });
  for (const step of [1, 2, 3]) tell(step);
  queue.answer({ id: 4, stood: 0, answer: {} });
  assertEquals(told(socket.sent), ["values", 4]);
  await pause(2 * TOGETHER_MS);
  assertEquals(told(socket.sent), ["values", 4]);
  queue.taken();
  assertEquals(told(socket.sent), ["values", 4, "values"]);
  assertEquals((socket.sent.at(-1) as { value: Tells["values"] }).value.step, 3);
  queue.taken();
  assertEquals(socket.sent.length, 3);
  tell(5);
  assertEquals((socket.sent.at(-1) as { value: Tells["values"] }).value.step, 5);
  queue.close();
});

Deno.test("studio: watchers share a bounded share of the time, and all are told", async () => {
  let spent = 0, longest = 0, asked = 0;
  const values = async (of: RowName) => {
    asked++;
    const begun = performance.now();
    await pause(1);
    const took = performance.now() - begun;
    spent += took;
    longest = Math.max(longest, took);
    return {
      took,
      values: { step: asked, at: [0], values: Float32Array.of("row" in of ? of.row : -1) },
    };
  };
  const watching = new Watching({ isTraining: () => true, check: () => Promise.resolve(), values });
  const watchers = [0, 1, 2].map((row) => ({
    row,
    rows: new Set<number>(),
    count: 0,
    tell<K extends "values" | "note">(_: K, value: Tells[K]) {
      if ("values" in value) this.rows.add(value.values[0]!);
      this.count++;
    },
  }));
  const begun = performance.now();
  for (const watcher of watchers) await watching.watch(watcher, { row: watcher.row }, 30);
  // On a machine that is busy a question takes longer, and so does the time that pays for it.
  while (watchers.some(({ count }) => count < 3) && performance.now() - begun < 30_000) await pause(100);
  watching.close();
  const share = spent / (performance.now() - begun);
  // The questions of the last round are paid for by the time after it.
  assert(share < SHARE + 3 * longest / (performance.now() - begun), `${share} of the time`);
  for (const { rows, row, count } of watchers) {
    assertEquals([...rows], [row]);
    assert(count >= 2, `row ${row} was told ${count} times`);
  }
  const before = asked;
  await pause(300);
  assertEquals(asked, before, "it is asked after the end");
});

Deno.test("studio: watching stands for the rows of a real network, while it trains and where it is paused", async () => {
  using folder = temporary();
  await using open = await openStudio({ config: smallConfig(folder.path, { training: { epochs: 100_000 } }) });
  await open.ask("watch", { of: { row: 5 }, per_second: 30 });
  await open.until(() => open.told.of("values").length === 1);
  await pause(200);
  assertEquals(open.told.of("values").length, 1, "nothing changes while it is paused");
  await open.command({ do: "write", tensor: "encoder.0.bias", at: [0], value: 9 });
  await open.until(() => open.told.of("values").length === 2);
  const [before, after] = open.told.of("values");
  assertEquals(before!.at, [0, 12, 20, 23, 31]);
  assert(before!.values[12] !== after!.values[12], "the edit is seen");
  await open.command({ do: "continue" });
  await open.until(() => new Set(open.told.of("values").map(({ step }) => step)).size > 5);
  await open.until(() => open.told.of("steps").length > 3);
  await open.ask("watch", { of: null, per_second: 1 });
  await pause(100);
  const { length } = open.told.of("values");
  await pause(300);
  assertEquals(open.told.of("values").length, length, "a row that is not watched any more is told");
  const counted = open.told.of("steps").map(({ step, count }) => step - count);
  assertEquals(counted.slice(1), open.told.of("steps").slice(0, -1).map(({ step }) => step), "no step is left out");
});

Deno.test("studio: a run whose loss is not finite has failed, says why, and is begun anew", async () => {
  using folder = temporary();
  await using open = await openStudio({ config: smallConfig(folder.path) });
  await open.steps(20);
  await open.command({ do: "save" });
  await open.command({ do: "set", key: "optimizer.learning_rate", value: 1e30 });
  await open.command({ do: "continue" });
  const { reason } = await open.until(({ phase }) => phase === "failed");
  assert(/not finite|non-finite|NaN|inf/i.test(reason!), reason!);
  const row = await open.ask("row", { of: { row: 1 } });
  assert(row.output.every(Number.isFinite), "the last good checkpoint answers");
  assertEquals((await open.ask("reset", {})).state.phase, "paused");
  assertEquals((await open.steps(3)).step, 3);
});

Deno.test("studio: a run that trains is ended and begun anew by reset; two resets at once are one too many", async () => {
  using folder = temporary();
  await using open = await openStudio({ config: smallConfig(folder.path, { training: { epochs: 100_000 } }) });
  const first = open.run;
  await open.command({ do: "continue" });
  await open.until(({ step }) => step > 50);
  const [about, second] = await Promise.allSettled([open.ask("reset", {}), open.ask("reset", {})]);
  assertEquals([about.status, second.status], ["fulfilled", "rejected"]);
  const { status, steps } = JSON.parse(Deno.readTextFileSync(join(first, "summary.json")));
  assertEquals(status, "stopped");
  assert(steps > 50 && open.run !== first);
  assertEquals((await open.studio.state()).step, 0);
});

Deno.test("studio: a long history has a bounded number of points, whose means are those of all steps", () => {
  const history = new History();
  const losses = Array.from({ length: 100_000 }, (_, i) => 1 + Math.sin(i * 0.001));
  losses.forEach((loss, i) => history.add(i + 1, loss, i / 10));
  const all = history.answer(10_000);
  assert(all.loss.length <= 8193 && all.loss.length > 4000, `${all.loss.length} points`);
  assertEquals([all.step.at(-1), all.seconds.at(-1)], [100_000, 9999.9].map(Math.fround));
  const size = all.step[0]!;
  assertAlmostEquals(all.loss[3]!, losses.slice(3 * size, 4 * size).reduce((sum, loss) => sum + loss, 0) / size, 1e-6);
  assert(history.answer(100).loss.length <= 100);
});

Deno.test("studio: undo follows from the journal alone", () => {
  const stack = new UndoStack();
  let number = 0;
  const edit = (command: Edit["command"], before?: number | boolean): Edit => ({
    ...{ edit: ++number, step: number, epoch: 0, at: "", command },
    ...before === undefined ? {} : { before },
  });
  const rate = (value: number, before: number) => edit({ do: "set", key: "optimizer.learning_rate", value }, before);
  stack.add(edit({ do: "pause" }));
  stack.add(rate(0.1, 0.01));
  stack.add(rate(0.2, 0.1));
  stack.add(edit({ do: "save" }));
  assertEquals(stack.size, 2);
  assertEquals(inverseOf(stack.last!), { do: "set", key: "optimizer.learning_rate", value: 0.1 });
  stack.add(rate(0.1, 0.2)); // taken back
  assertEquals(stack.size, 1);
  stack.add(edit({ do: "freeze", layer: "encoder.0", frozen: true }, true)); // it was frozen before
  assertEquals(stack.size, 1);
  const at = { do: "write", tensor: "t", at: [1] } as const, rounded = Math.fround(0.1);
  stack.add(edit({ ...at, value: 5 }, rounded));
  stack.add(edit({ ...at, value: 0.1 }, 5)); // rounded to what was there
  assertEquals(stack.size, 1);
  stack.add(rate(0.01, 0.1));
  assertEquals([stack.size, inverseOf(edit({ do: "pause" }))], [0, null]);
});

Deno.test("studio: frames hold arrays of numbers, and names of files are plain", () => {
  const message = { a: Float32Array.of(1.5, NaN), b: { c: Uint32Array.of(7), d: ["é", null] }, e: new Float32Array(0) };
  const packed = pack(message) as Uint8Array<ArrayBuffer>;
  const read = unpack(packed.buffer) as typeof message;
  assertEquals([...read.a], [1.5, NaN]);
  assertEquals([[...read.b.c], read.b.d, read.e.length], [[7], ["é", null], 0]);
  assertEquals(pack({ a: 1 }), '{"a":1}');
  for (const name of ["", ".", "..", "a/b", "a\\b", "a\0b", "a\nb", "x".repeat(201)]) {
    assertThrows(() => requireFileName(name));
  }
  requireFileName("ein Bild (1).png");
});

/** Rows of steps.csv as they appear, and those that a sink lacks, in the order in which they came about. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { NOTHING_HELD, type Position } from "../../../core/events/course.ts";
import { rowsAfter, StepReader } from "../../../core/events/rows.ts";
import type { RunEvent, StepsEvent } from "../../../core/events/types.ts";
import { chunkRow, epochRow, stepRow, steps } from "../../helpers/events.ts";
import { testInFolder } from "../../temp.ts";

const table = (rows: readonly object[]) =>
  [Object.keys(rows[0]!), ...rows.map((row) => Object.values(row))].map((fields) => `${fields.join(",")}\n`).join("");
const lines = (first: number, last: number) =>
  table(Array.from({ length: last - first + 1 }, (_, i) => stepRow(first + i, 1))).split("\n").slice(1).join("\n");

testInFolder(
  "rows: steps are given out up to the step that is asked for, once, also while the file grows",
  async (dir) => {
    const path = join(dir, "steps.csv");
    using reader = new StepReader(path);
    const read = async (until?: number): Promise<number[]> => {
      const found: StepsEvent[] = await Array.fromAsync(reader.read(until));
      for (const event of found) {
        const [first, last] = [event.step[0]!, event.step.at(-1)!];
        assertEquals(event, steps(first, last, 1));
      }
      return found.flatMap(({ step }) => step);
    };
    assertEquals(await read(), []);
    Deno.writeTextFileSync(path, table([stepRow(1, 1)]));
    assertEquals(await read(5), [1]);
    Deno.writeTextFileSync(path, lines(2, 6), { append: true });
    assertEquals(await read(3), [2, 3]);
    assertEquals(await read(3), []);
    assertEquals(await read(6), [4, 5, 6]);
    Deno.writeTextFileSync(path, lines(7, 7).slice(0, 9), { append: true });
    assertEquals(await read(), []);
    Deno.writeTextFileSync(path, lines(7, 7).slice(9) + lines(8, 5000), { append: true });
    assertEquals(await read(), Array.from({ length: 4994 }, (_, i) => 7 + i));
    using later = new StepReader(path, Deno.statSync(path).size);
    assertEquals(await Array.fromAsync(later.read()), []);
    Deno.writeTextFileSync(path, lines(5001, 5002), { append: true });
    assertEquals(await Array.fromAsync(later.read()), [steps(5001, 5002, 1)]);
  },
);

testInFolder("rows: what a sink lacks up to a position, with windows and epochs after their steps", async (dir) => {
  const chunks = [chunkRow(1, 0, 1, 3), chunkRow(1, 1, 4, 2), chunkRow(2, 0, 6, 3), chunkRow(2, 1, 9, 2)];
  Deno.writeTextFileSync(join(dir, "steps.csv"), table(Array.from({ length: 10 }, (_, i) => stepRow(1 + i, 1))));
  Deno.writeTextFileSync(join(dir, "chunks.csv"), table(chunks));
  Deno.writeTextFileSync(join(dir, "epochs.csv"), table([epochRow(1), epochRow(2)]));
  const shown = (event: RunEvent) =>
    event.event === "steps" ? event.step : event.event === "chunk" ? `window ${event.step}` : `${event.event}`;
  const after = async (held: Partial<typeof NOTHING_HELD>, position: Position) =>
    (await Array.fromAsync(rowsAfter(dir, { ...NOTHING_HELD, ...held }, position))).map(shown);
  const all = [
    [1, 2, 3],
    "window 3",
    [4, 5],
    "window 5",
    "epoch",
    [6, 7, 8],
    "window 8",
    [9, 10],
    "window 10",
    "epoch",
  ];
  assertEquals(await after({}, { step: 10, epoch: 2, window: 0 }), all);
  assertEquals(await after({ step: 10, chunk: [2, 1], epoch: 2 }, { step: 10, epoch: 2, window: 0 }), []);
  assertEquals(await after({ step: 4, chunk: [1, 0], epoch: 0 }, { step: 7, epoch: 1, window: 0 }), [
    ...[[5], "window 5", "epoch", [6, 7]],
  ]);
  assertEquals(await after({ step: 5, chunk: [1, 1], epoch: 0 }, { step: 8, epoch: 1, window: 1 }), [
    ...["epoch", [6, 7, 8], "window 8"],
  ]);
  assertEquals(await after({}, { step: 5, epoch: 0, window: 1 }), [[1, 2, 3], "window 3", [4, 5]]);
});

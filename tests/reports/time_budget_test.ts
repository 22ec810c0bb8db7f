/** The uses of a run's time. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { timeBudget } from "../../reports/time_budget.ts";
import { makeRun } from "./fixture.ts";

Deno.test("time: the save at the end is listed apart from those beside the training, each part once in a colour of its own", () => {
  const run = makeRun();
  const summary = run.summary!;
  const parts = (end: number | null) => {
    const seconds = { ...summary.seconds, checkpoint: 3, checkpoint_end: end, evaluation: 1 };
    const { parts, total } = timeBudget({ ...run, summary: { ...summary, seconds } })!;
    assertAlmostEquals(parts.reduce((sum, part) => sum + part.seconds, 0), total, 1e-9);
    assertEquals(new Set(parts.map(({ fill }) => fill)).size, parts.length);
    return ["saves", "save at the end"].map((name) => parts.find((part) => part.name === name)?.seconds);
  };
  assertEquals(parts(2), [1, 2]);
  assertEquals(parts(null), [3, undefined]);
  assertEquals(parts(9), [undefined, 3]); // of a file that somebody wrote
  assert(summary.seconds.checkpoint_end === undefined, "older summaries do not have it");
});

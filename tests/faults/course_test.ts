/** A few of the random courses that `deno run -A tests/faults/course.ts` takes by the hundred. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../core/build/ensure.ts";
import { temporary } from "../helpers/cli.ts";
import { course } from "./course.ts";
import { checkCourse } from "./course_check.ts";
import { buildShim } from "./shim.ts";

Deno.test("courses: logs, weights and provenance agree after kills, rollbacks, overrides and forks", async () => {
  await ensureEngine({ quiet: true });
  using folder = temporary();
  const shim = await buildShim(folder.path);
  let kills = 0;
  for (const seed of [3, 5]) {
    const inside = join(folder.path, String(seed));
    Deno.mkdirSync(inside);
    const outcome = await course(inside, shim, seed, 3);
    assertEquals(outcome.violations, [], outcome.operations.join("\n"));
    kills += outcome.kills;
  }
  assert(kills >= 6, `${kills} kills`);
});

Deno.test("courses: a step that is told wrongly, or not at all, is seen", async () => {
  await ensureEngine({ quiet: true });
  using folder = temporary();
  const outcome = await course(folder.path, null, 1, 0);
  assertEquals(outcome.violations, []);
  const run = join(folder.path, "run-0"), config = join(folder.path, "small.yaml");
  const steps = join(run, "steps.csv"), text = Deno.readTextFileSync(steps), lines = text.split("\n");
  const planted: Record<string, readonly string[]> = {
    "a step twice": [...lines.slice(0, 4), lines[3]!, ...lines.slice(4)],
    "a step left out": [...lines.slice(0, 4), ...lines.slice(5)],
    "another rate": lines.map((line, i) => i === 4 ? line.replace(",0.003,", ",0.004,") : line),
  };
  for (const [what, changed] of Object.entries(planted)) {
    Deno.writeTextFileSync(steps, changed.join("\n"));
    assert((await checkCourse(folder.path, config, run)).length > 0, what);
    Deno.removeSync(join(folder.path, "reference-run-0-end"), { recursive: true });
  }
});

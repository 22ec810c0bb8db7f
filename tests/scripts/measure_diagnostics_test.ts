/** The measurement of what diagnostics cost: pairs of runs, and the tables that are made of them. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { measure, tablesOf } from "../../scripts/measure_diagnostics.ts";
import { ROOT } from "../helpers/cli.ts";

Deno.test("diagnostics are measured in pairs of runs, one without them", async () => {
  const config = join(ROOT, "configs/digits.yaml");
  const overrides = ["training.epochs=1"];
  const found = await measure(config, { repeats: 1, kinds: "[latent, rows]", sinks: "[jsonl]", overrides });
  const [[without], [made]] = [found.without, found.made];
  assertEquals([...without!.each.keys(), ...made!.each.keys()], ["latent", "rows"]);
  assert(without!.cpu > 0 && made!.cpu > 0);
  assert(made!.seconds.diagnostics > 0 && made!.seconds.total > made!.seconds.diagnostics);
  const lines = tablesOf([found]);
  assertMatch(lines[2]!, /^\| .*digits\.yaml( \| \d+\.\d+, \d+\.\d+, \d+\.\d+){5} \| [\d.]+ %, [\d.]+ %, [\d.]+ % \|$/);
  assertEquals(lines.slice(-2).map((line) => line.split(" ")[1]), ["latent", "rows"]);
});

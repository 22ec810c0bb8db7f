/** Likely mistakes and the solver are told by config check, dry run and train, before anything is trained. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { run, temporary } from "../helpers/cli.ts";
import { smallProject } from "../helpers/small_run.ts";

Deno.test("likely mistakes are told by config check, dry run and train; the solver when training starts", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const odd = ["--override", "optimizer.learning_rate=0.5", "--override", "scheduler.warmup_steps=100000"];
  const rate = "optimizer.learning_rate is 0.5: adamw seldom learns above 0.1";
  const warmup = "scheduler.warmup_steps is 100000, but the run has";
  const checked = await run("config", ["check", config, ...odd, "--quiet"]);
  assertEquals([checked.code, checked.stdout], [0, ""]);
  assertStringIncludes(checked.stderr, rate);
  const asJson = await run("config", ["check", config, ...odd, "--json"]);
  assertStringIncludes(JSON.parse(asJson.stdout).warnings[0], rate);
  const dry = await run("train", ["--config", config, ...odd, "--dry-run"]);
  for (const text of [rate, warmup]) assertStringIncludes(dry.stderr, text);
  const train = ["--config", config, ...odd, "--override", "training.epochs=1", "--no-report"];
  const trained = await run("train", train);
  assertEquals(trained.code, 0, trained.stderr);
  for (const text of [rate, warmup]) assertStringIncludes(trained.stderr, text);
  const solver = "output layer: dense solver (60 columns are fewer than 4,096)";
  assert(trained.stderr.indexOf(solver) >= 0 && trained.stderr.indexOf(solver) < trained.stderr.indexOf("epoch 1/1"));
  assert(!trained.stderr.includes("engine general"), trained.stderr);
  const verbose = await run("train", [...train, "--verbose", "--run-dir", join(folder.path, "v")]);
  assertStringIncludes(verbose.stderr, "engine general, libnarrows.so: none is made for widths");
  assertEquals((await run("train", [...train, "--quiet"])).stderr, "");
});

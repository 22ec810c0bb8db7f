/** Training that diverges while its loss is still a number: told while it trains, at its end and in the report. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { isFarAbove } from "../../core/train/diverged.ts";
import { run, temporary } from "../helpers/cli.ts";
import { smallConfig } from "../helpers/table_run.ts";

const override = (text: string) => ["--override", text];

function project(folder: string, rate: number, more: Record<string, unknown> = {}): string {
  const config = join(folder, "config.json");
  const optimizer = { name: "adam", learning_rate: rate };
  Deno.writeTextFileSync(config, JSON.stringify(smallConfig(folder, { optimizer, training: { epochs: 4 }, ...more })));
  return config;
}

Deno.test("a rate of 30: a warning during the run, a line at its end, the summary and the report", async () => {
  using folder = temporary();
  const path = join(folder.path, "run");
  const { code, stdout, stderr } = await run("train", [project(folder.path, 30), "--run-dir", path]);
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, "warning: training diverges: the training loss of epoch 1 was ");
  assertEquals(stderr.split("training diverges").length, 2, "told once");
  assertStringIncludes(stdout, "\ndiverged   the training loss of epoch 1 was ");
  assertStringIncludes(stdout, "a lower optimizer.learning_rate than 30");
  const { status, diverged } = JSON.parse(Deno.readTextFileSync(join(path, "summary.json")));
  assertEquals([status, diverged.epoch], ["finished", 1]);
  assert(diverged.loss > 1000 * diverged.first_loss);
  assertStringIncludes(Deno.readTextFileSync(join(path, "report.html")), "<b>Training diverged:</b>");
  // A session that goes on knows of it and is silent.
  const more = await run("train", ["--resume", path, "--no-report", ...override("training.epochs=6")]);
  assertEquals([more.code, more.stderr.includes("training diverges")], [0, false], more.stderr);
  assertStringIncludes(more.stdout, "\ndiverged ");
});

Deno.test("a usual rate has no such warning, nor has a start with next to no error", async () => {
  using folder = temporary();
  const { code, stdout, stderr } = await run("train", [project(folder.path, 0.01), "--no-report"]);
  assertEquals(code, 0, stderr);
  assert(!`${stdout}${stderr}`.includes("diverge"));
  assertEquals([isFarAbove(1, undefined), isFarAbove(1, 1e-4), isFarAbove(1, 1e-2), isFarAbove(1, -1e-4)], [
    false,
    true,
    false,
    true,
  ]);
});

Deno.test("a rate of 900: what cannot be saved is said with the hint to begin again, not to resume what diverged", async () => {
  using folder = temporary();
  const path = join(folder.path, "run");
  const config = project(folder.path, 900);
  const { code, stderr } = await run("train", [config, "--run-dir", path, "--no-report"]);
  assertEquals(code, 1, stderr);
  assertStringIncludes(stderr, "warning: training diverges: ");
  assert(!stderr.includes("emergency save"), stderr);
  assert(!stderr.includes("--resume"), stderr);
  assertStringIncludes(stderr, "hint: begin again with a lower rate than 900: ");
  assertStringIncludes(stderr, `--config ${path}/config.yaml --override optimizer.learning_rate=...`);
});

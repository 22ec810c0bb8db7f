import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { run, temporary } from "../helpers/cli.ts";
import { fingerprintOf, SMALL_CONFIG, smallProject } from "../helpers/small_run.ts";

const UPDATES = ["least_squares", "sgd"] as const;
const factored = (update: string) =>
  SMALL_CONFIG.replace("{linear: output}", `{linear: output, solver: factored, update: ${update}}`);
const QUIET = ["--quiet", "--no-report"];

for (const update of UPDATES) {
  Deno.test(`factored, ${update}: resumed in pieces, with other threads, a run has the same bits`, async () => {
    using folder = temporary();
    const config = smallProject(folder.path, factored(update));
    const whole = join(folder.path, "whole");
    assertEquals((await run("train", ["--config", config, "--run-dir", whole, ...QUIET])).code, 0);
    const wanted = fingerprintOf(whole);
    const pieces = join(folder.path, "pieces");
    // A run cut at steps 7 (between saves), 25 (past the first new basis, at step 20) and then to its end.
    let resumed = 0;
    for (const [steps, threads] of [["7", 1], ["25", 3], ["null", 2]] as const) {
      const args = ["--config", config, "--run-dir", pieces, "--resume", "auto", ...QUIET];
      const result = await run("train", [
        ...args,
        ...["--override", `training.max_steps=${steps}`, "--override", `runtime.threads=${threads}`],
        ...["--override", "scheduler.name=constant"],
      ]);
      assertEquals(result.code, 0, result.stderr);
      resumed++;
    }
    assertEquals(resumed, 3);
    const straight = join(folder.path, "straight");
    const plain = await run("train", [
      "--config",
      config,
      "--run-dir",
      straight,
      "--override",
      "scheduler.name=constant",
      ...QUIET,
    ]);
    assertEquals(plain.code, 0, plain.stderr);
    assertEquals(fingerprintOf(pieces), fingerprintOf(straight));
    assert(JSON.stringify(wanted) !== JSON.stringify(fingerprintOf(straight)), "the schedule makes a difference");
  });
}

for (const update of UPDATES) {
  Deno.test(`factored, ${update}: evaluate, reconstruct and the saved plain weights agree`, async () => {
    using folder = temporary();
    const config = smallProject(folder.path, factored(update));
    const path = join(folder.path, "run");
    assertEquals((await run("train", ["--config", config, "--run-dir", path, ...QUIET])).code, 0);
    const summary = JSON.parse(Deno.readTextFileSync(join(path, "summary.json")));
    // In the run from the factored state or the kept best weights; here from model.safetensors alone.
    const evaluated = await run("evaluate", ["--run", path, "--split", "test", "--json"]);
    assertEquals(evaluated.code, 0, evaluated.stderr);
    const mse = JSON.parse(evaluated.stdout).mse;
    assert(Math.abs(mse / summary.metrics.test.mse - 1) < 1e-5, `${mse} and ${summary.metrics.test.mse}`);
  });
}

Deno.test("factored: what it cannot do is an error", async () => {
  using folder = temporary();
  for (
    const [layer, text] of [
      ["{linear: output, solver: factored, bias: false}", "bias"],
      ["{linear: output, solver: factored, tied: true}", "tied"],
      ["{linear: output, solver: dense, ridge: 0.1}", "ridge"],
      ["{linear: output, solver: dense, update: sgd}", "update"],
      ["{linear: output, solver: factored, update: sgd, ridge: 0.1}", "ridge"],
      ["{linear: output, solver: factored, update: sgd, forgetting: 0.9}", "forgetting"],
      ["{linear: output, solver: factored, update: adam}", "Adam, RMSprop and momentum cannot be exact"],
    ] as const
  ) {
    const config = smallProject(folder.path, SMALL_CONFIG.replace("{linear: output}", layer));
    const result = await run("train", ["--config", config, "--dry-run"]);
    assertEquals(result.code, 2, result.stderr);
    assertStringIncludes(result.stderr, text);
  }
});

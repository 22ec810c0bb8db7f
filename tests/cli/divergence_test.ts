/** A variational code from the command line: its KL divergence is told apart from the loss, by unit. */
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { run, temporary } from "../helpers/cli.ts";

const UNITS = 6;

async function trained(folder: string, weight: number): Promise<{ readonly told: string; readonly path: string }> {
  const path = join(folder, `weight-${weight}`);
  const values = {
    "training.epochs": 2,
    "model.encoder": [{ linear: 16 }, "relu", { variational: UNITS, weight }],
    "diagnostics.kinds": ["divergence"],
    "checkpoint.best": false,
  };
  const set = Object.entries(values).flatMap(([key, value]) => ["--override", `${key}=${JSON.stringify(value)}`]);
  const args = ["--config", "configs/digits_variational.yaml", "--run-dir", path, "--no-report", ...set];
  const { code, stdout, stderr } = await run("train", args);
  assertEquals(code, 0, stderr);
  return { told: stdout, path };
}

const json = (...path: string[]) => JSON.parse(Deno.readTextFileSync(join(...path)));

Deno.test("a variational code: what it adds to the loss is its KL divergence times its weight, and collapsed units are counted", async () => {
  using folder = temporary();
  const weight = 0.5;
  const { told, path } = await trained(folder.path, weight);
  assertMatch(told, /^validation MSE \S+ {2}R2 \S+ {2}KL \S+ nats {2}collapsed units \S+ %/m);
  const { metrics: { validation: { loss, mse, code_kl, code_collapsed } }, baseline } = json(path, "summary.json");
  assert(baseline.pca.validation.r2 > 0, "there is no PCA beside it");
  assertAlmostEquals(loss - 64 * mse, weight * code_kl, 1e-6 * loss); // loss.reduction: row_mean
  const found = json(path, "diagnostics", "epoch-0002", "divergence.json");
  assertEquals([found.units, found.largest.length], [UNITS, UNITS]);
  assertAlmostEquals(found.total, code_kl, 1e-9);
  const nats: number[] = found.largest.map((each: { nats: number }) => each.nats);
  assertAlmostEquals(nats.reduce((sum, each) => sum + each, 0), code_kl, 1e-3 * code_kl);
  assertEquals([...nats].sort((a, b) => b - a), nats);
  assertEquals(nats.filter((each) => each < 0.01).length, found.collapsed);
  assertAlmostEquals(code_collapsed, found.collapsed / UNITS, 1e-12);
});

Deno.test("a variational code whose divergence costs too much collapses, and that is told", async () => {
  using folder = temporary();
  const { path } = await trained(folder.path, 1000);
  const { metrics: { validation } } = json(path, "summary.json");
  assert(validation.code_collapsed > 0.5, `${validation.code_collapsed}`);
});

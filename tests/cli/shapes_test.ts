/** Rows with a shape through the whole program: layers that change shapes, layers within layers, an output activation. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { NpyReader } from "../../core/formats/npy.ts";
import { run, temporary } from "../helpers/cli.ts";
import { DENSE_COLUMNS, DENSE_CONFIG, DENSE_ROWS, denseProject, fingerprintOf } from "../helpers/small_run.ts";

const ENCODER = [
  "{average_pool2d: 2, stride: 1}",
  "{residual: [{group_norm: 2}, softplus, {dropout: 0.1}]}",
  "flatten",
  "{linear: 8}",
  "layer_norm",
  "{unflatten: [2, 4]}",
].join(", ");
const DECODER = [
  "{upsample1d: 2, mode: linear}",
  "{dense_skip: [instance_norm, {prelu: channel}]}",
  "{max_pool1d: 3, stride: 1, padding: 1}",
  "flatten",
  "{linear: 24}",
  "{reshape: [2, 3, 4]}",
  "softplus",
].join(", ");
const CONFIG = DENSE_CONFIG
  .replace(/encoder: .*/, `encoder: [${ENCODER}]`)
  .replace(/decoder: .*/, `decoder: [${DECODER}]`)
  .replace("path: rows\n", "path: rows\n  shape: [2, 3, 4]\n");
const QUIET = ["--quiet", "--no-report"];

Deno.test("shapes: a run is trained, evaluated, embedded, reconstructed and reported", async () => {
  using folder = temporary();
  const config = denseProject(folder.path, CONFIG);
  const path = join(folder.path, "run");
  const checked = await run("config", ["check", config]);
  assertEquals([checked.code, checked.stderr], [0, ""]);
  const trained = await run("train", ["--config", config, "--run-dir", path, "--quiet"]);
  assertEquals(trained.code, 0, trained.stderr);
  const { mse } = JSON.parse(Deno.readTextFileSync(join(path, "summary.json"))).metrics.test;
  const evaluated = await run("evaluate", ["--run", path, "--split", "test", "--json"]);
  assertEquals(evaluated.code, 0, evaluated.stderr);
  assert(Math.abs(JSON.parse(evaluated.stdout).mse / mse - 1) < 1e-6);
  for (const [command, width] of [["embed", 8], ["reconstruct", DENSE_COLUMNS]] as const) {
    const output = join(folder.path, `${command}.npy`);
    const result = await run(command, ["--run", path, "--split", "all", "--output", output]);
    assertEquals(result.code, 0, result.stderr);
    using reader = await NpyReader.open(output);
    assertEquals(reader.shape, [3 * DENSE_ROWS, width]);
  }
  const report = await Deno.readTextFile(join(path, "report.html"));
  for (const kind of ["average_pool2d", "residual", "dense_skip", "reshape"]) assertStringIncludes(report, kind);
  const saved = Deno.readTextFileSync(join(path, "config.yaml"));
  assertStringIncludes(saved, "residual: [{group_norm: 2");
  const latest = Deno.readTextFileSync(join(path, "checkpoints", "latest")).trim();
  const model = Deno.readTextFileSync(join(path, "checkpoints", latest, "model.safetensors")).slice(0, 4000);
  for (const name of ["encoder.1.layers.0.weight", "encoder.4.weight", "decoder.1.layers.1.weight"]) {
    assertStringIncludes(model, name);
  }
});

/** A run in one go, and the same one in three sessions with other threads and workers. */
async function assertSameInPieces(folder: string, config: string): Promise<void> {
  const constant = ["--override", "scheduler.name=constant"];
  const straight = join(folder, "straight"), pieces = join(folder, "pieces");
  const whole = await run("train", ["--config", config, "--run-dir", straight, ...constant, ...QUIET]);
  assertEquals(whole.code, 0, whole.stderr);
  for (const [steps, threads, workers] of [["7", 1, 1], ["25", 3, 2], ["null", 2, 3]] as const) {
    const result = await run("train", [
      ...["--config", config, "--run-dir", pieces, "--resume", "auto", ...constant, ...QUIET],
      ...["--override", `training.max_steps=${steps}`, "--override", `runtime.threads=${threads}`],
      ...["--override", `data.workers=${workers}`],
    ]);
    assertEquals(result.code, 0, result.stderr);
  }
  assertEquals(fingerprintOf(pieces), fingerprintOf(straight));
}

Deno.test("shapes: resumed in pieces, with other threads and workers, a run has the same bits", async () => {
  using folder = temporary();
  await assertSameInPieces(folder.path, denseProject(folder.path, CONFIG));
});

const PLAIN = DENSE_CONFIG.replace("path: rows\n", "path: rows\n  shape: SHAPE\n");
for (
  const [loss, shape] of [
    ["{kind: cosine}", "[24]"],
    ["{kind: ssim, window: 3, range: 4}", "[2, 3, 4]"],
    ["{kind: spectral, fft_sizes: [4, 8]}", "[2, 12]"],
  ] as const
) {
  Deno.test(`shapes: a run with loss ${loss} goes down, and has the same bits in pieces`, async () => {
    using folder = temporary();
    const config = denseProject(folder.path, `${PLAIN.replace("SHAPE", shape)}\nloss: ${loss}\n`);
    await assertSameInPieces(folder.path, config);
    const rows = Deno.readTextFileSync(join(folder.path, "straight", "epochs.csv")).trim().split("\n").slice(1);
    const losses = rows.map((row) => Number(row.split(",")[1]));
    assert(losses.length > 1 && losses.at(-1)! > 0 && losses.at(-1)! < losses[0]!, `${losses}`);
  });
}

Deno.test("shapes: a loss that cannot take the shape of the rows is told with its key and line", async () => {
  using folder = temporary();
  const config = denseProject(folder.path);
  for (
    const [loss, shape, key, what] of [
      ["{kind: ssim}", "[24]", "loss.kind", "set data.shape to [height, width]"],
      ["{kind: ssim, window: 5}", "[2, 3, 4]", "loss.window", "at most height and width of the images, 3 x 4, got 5"],
      ["{kind: spectral}", "[2, 12]", "loss.fft_sizes", "at most the length of the signals, 12, got 64"],
    ] as const
  ) {
    const text = `${PLAIN.replace("SHAPE", shape)}\nloss: ${loss}\n`;
    Deno.writeTextFileSync(config, text);
    const { code, stderr } = await run("config", ["check", config]);
    assertEquals(code, 2, stderr);
    assertStringIncludes(stderr, key);
    assertStringIncludes(stderr, `small.yaml:${text.split("\n").indexOf(`loss: ${loss}`) + 1}:`);
    assertStringIncludes(stderr, what);
  }
});

Deno.test("shapes: what a layer within a layer does not take is told with its key, line and column", async () => {
  using folder = temporary();
  const refused = async (from: string, to: string, key: string, what: string) => {
    const changed = CONFIG.replace(from, to);
    assert(changed !== CONFIG);
    const path = join(folder.path, "wrong.yaml");
    Deno.writeTextFileSync(path, changed);
    const { code, stderr } = await run("config", ["check", path]);
    assertEquals(code, 2, stderr);
    assertStringIncludes(stderr, key);
    assertStringIncludes(stderr, what);
    const line = changed.split("\n").findIndex((text) => text.includes(to)) + 1;
    assertStringIncludes(stderr, `wrong.yaml:${line}:`);
  };
  denseProject(folder.path, CONFIG);
  await refused("{group_norm: 2}", "{group_norm: 3}", "model.encoder.1.residual.0.group_norm", "must divide");
  await refused("{dropout: 0.1}", "{dropout: 2}", "model.encoder.1.residual.2.dropout", "must be");
  await refused("{unflatten: [2, 4]}", "{unflatten: [3, 4]}", "model.encoder.5.unflatten", "3 x 4 has 12 values");
});

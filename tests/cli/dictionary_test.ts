/** A sparse autoencoder from the command line: resumed, its figures, and safetensors shards as its data. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { encodeSafetensors } from "../../core/formats/safetensors.ts";
import { memorySource } from "../core/formats/tensors.ts";
import { run, temporary } from "../helpers/cli.ts";
import { random } from "../helpers/npz.ts";
import { DENSE_CONFIG, fingerprintOf } from "../helpers/small_run.ts";

const WIDTH = 12, ROWS = 150, UNITS = 60;

/** Two shards of float16 rows. @returns the config's path */
async function project(folder: string): Promise<string> {
  const next = random(3);
  Deno.mkdirSync(join(folder, "rows"));
  for (const name of ["a", "b"]) {
    const values = Float16Array.from({ length: ROWS * WIDTH }, () => next() < 0.3 ? 2 * next() - 1 : 0.1 * next());
    const tensor = {
      ...memorySource("acts", "F32", [1], new Uint8Array(4)),
      dtype: "F16" as const,
      shape: [ROWS, WIDTH],
    };
    const bytes = new Uint8Array(values.buffer), row = 2 * WIDTH;
    const read = (first: number, rows: number, into: Uint8Array) =>
      Promise.resolve(into.set(bytes.subarray(first * row, (first + rows) * row)));
    using file = await Deno.create(join(folder, "rows", `${name}.safetensors`));
    for await (const piece of encodeSafetensors([{ ...tensor, read }])) await file.write(piece);
  }
  const path = join(folder, "small.yaml");
  const config = DENSE_CONFIG.replace("format: dense_npy", "labels: source")
    .replace(/ {2}transforms: .*\n {2}mask_rate: .*\n/, "").replace("gradient_clip: 1.0", "gradient_clip: null")
    .replace(/encoder: .*/, `encoder: [{sparse_code: ${UNITS}, k: 4, aux_k: 8, dead_after: 64}]`)
    .replace(/decoder: .*/, "decoder: [{dictionary: output}]")
    .replace("runs: runs}", `runs: runs, cache: ${join(folder, "cache")}}`);
  Deno.writeTextFileSync(path, config);
  return path;
}

Deno.test("a sparse autoencoder of shards: resumed within epochs with other threads, the same bits; L0 and dead units are told", async () => {
  using folder = temporary();
  const config = await project(folder.path);
  const train = async (path: string, ...overrides: string[]) => {
    const set = overrides.flatMap((override) => ["--override", override]);
    const args = [config, "--run-dir", path, "--resume", "auto", "--no-report", ...set];
    const { code, stdout, stderr } = await run("train", [...args, "--override", "scheduler.name=constant"]);
    assertEquals(code, 0, stderr);
    return stdout;
  };
  const straight = join(folder.path, "straight"), pieces = join(folder.path, "pieces");
  const told = await train(straight, "runtime.threads=2");
  await train(pieces, "runtime.threads=1", "training.max_steps=7");
  await train(pieces, "runtime.threads=3", "training.max_steps=25");
  await train(pieces, "runtime.threads=2", "training.max_steps=null");
  assertEquals(fingerprintOf(pieces), fingerprintOf(straight));
  assertMatch(told, /^validation MSE \S+ {2}R2 \S+ {2}L0 \S+ {2}dead units \S+ %/m);
  const { metrics: { train: { code_active, code_dead, variance_unexplained, r2 } } } = JSON.parse(
    Deno.readTextFileSync(join(straight, "summary.json")),
  );
  assert(code_active > 1 && code_active <= 4, `${code_active}`);
  assert(code_dead >= 0 && code_dead < 1 && Math.abs(variance_unexplained - (1 - r2)) < 1e-12);
  const epochs = [...Deno.readDirSync(join(straight, "diagnostics"))].map(({ name }) => name).sort();
  const firing = JSON.parse(Deno.readTextFileSync(join(straight, "diagnostics", epochs.at(-1)!, "firing.json")));
  const drawn = firing.density.counts.reduce((sum: number, count: number) => sum + count, 0);
  assertEquals([firing.units, drawn + firing.dead], [UNITS, UNITS]);
});

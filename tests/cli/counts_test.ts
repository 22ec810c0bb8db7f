/** Networks of counts: inputs with transforms of their own, presets with scVI's and DCA's losses, rows without counts. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { readNpy } from "../../core/formats/npy.ts";
import { run, temporary } from "../helpers/cli.ts";
import { npy } from "../helpers/npz.ts";
import { DENSE_CONFIG, denseProject, fingerprintOf, SMALL_CONFIG, smallProject } from "../helpers/small_run.ts";

const QUIET = ["--quiet", "--no-report"];

/** The config with counts as targets and a preset as its network. */
const counted = (config: string, preset: string) =>
  config.replace(/transforms: .*/, "transforms: []").replace(
    /model:\n.*\n.*\n.*\n/,
    `model: {preset: ${preset}, width: 12}\n`,
  );

for (const preset of ["scvi", "dca"]) {
  for (const dense of [false, true]) {
    Deno.test(`counts: ${preset} over ${dense ? "dense" : "sparse"} rows, resumed in pieces, has the same bits`, async () => {
      using folder = temporary();
      const config = dense
        ? denseProject(folder.path, counted(DENSE_CONFIG, preset))
        : smallProject(folder.path, counted(SMALL_CONFIG, preset));
      const constant = ["--override", "scheduler.name=constant"];
      const straight = join(folder.path, "straight"), pieces = join(folder.path, "pieces");
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

      const { metrics } = JSON.parse(Deno.readTextFileSync(join(straight, "summary.json")));
      assert(Number.isFinite(metrics.test.loss));
      const evaluated = await run("evaluate", ["--run", straight, "--split", "test", "--json"]);
      assertEquals(evaluated.code, 0, evaluated.stderr);
      assert(Math.abs(JSON.parse(evaluated.stdout).loss / metrics.test.loss - 1) < 1e-6);
      const output = join(folder.path, "rows.npy");
      const all = await run("reconstruct", ["--run", straight, "--split", "all", "--output", output]);
      assertEquals(all.code, 0, all.stderr);
      const means = (await readNpy(output)).data as Float32Array;
      assert(means.every((mean) => mean >= 0 && Number.isFinite(mean)));
      const some = await run("reconstruct", [
        "--run",
        straight,
        "--split",
        "all",
        "--columns",
        "3",
        "--output",
        output,
      ]);
      assertEquals(some.code, 0, some.stderr);
      const one = (await readNpy(output)).data as Float32Array, columns = means.length / one.length;
      one.forEach((mean, row) => assert(Math.abs(mean - means[row * columns + 3]!) <= 1e-5 * mean));
    });
  }
}

Deno.test("counts: rows without any are named before training, where a loss divides by their sum", async () => {
  using folder = temporary();
  const rows = fromFileUrl(new URL("../golden/rows.npz", import.meta.url)); // its row 5 is empty
  const zeros = join(folder.path, "zeros.npy");
  Deno.writeFileSync(zeros, npy("|u1", "40, 4", Uint8Array.from({ length: 160 }, (_, i) => i < 16 ? 0 : 1 + i % 3)));
  const config = join(folder.path, "a.yaml");
  const network = "{encoder: [{linear: 3}], decoder: [{linear: output}]}";
  Deno.writeTextFileSync(config, `data: {path: ${rows}, batch_size: 8}\nmodel: ${network}\nloss: {kind: poisson}\n`);
  const dry = async (...overrides: string[]) => {
    const result = await run("train", [
      "--config",
      config,
      "--dry-run",
      ...overrides.flatMap((o) => ["--override", o]),
    ]);
    assertEquals(result.code, 0, result.stderr);
    return result.stdout + result.stderr;
  };
  const library = "loss.size=library";
  assert(!(await dry()).includes("only zeros"));
  assertStringIncludes(
    await dry(library),
    "warning: 1 row has only zeros (row 5 of rows.npz): with loss.size: library",
  );
  assertStringIncludes(
    await dry(library, `data.path=${zeros}`, "data.format=dense_npy"),
    "4 rows have only zeros (row 0 of zeros.npy, row 1 of zeros.npy, row 2 of zeros.npy, ...)",
  );
  const trained = await run("train", [
    "--config",
    config,
    "--override",
    library,
    "--run-dir",
    join(folder.path, "run"),
  ]);
  assertEquals(trained.code, 0, trained.stderr);
  assertStringIncludes(trained.stdout + trained.stderr, "row 5 of rows.npz");
});

Deno.test("counts: shares need the rows' numbers of counts, which is said with the setting's place", async () => {
  using folder = temporary();
  const config = smallProject(folder.path, `${counted(SMALL_CONFIG, "dca")}loss: {link: softmax}\n`);
  const result = await run("train", ["--config", config, "--dry-run"]);
  assertEquals(result.code, 2);
  assertStringIncludes(result.stderr, "loss.clamp: must be scvi with link: softmax");
});

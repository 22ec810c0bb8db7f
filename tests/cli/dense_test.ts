import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { NpyReader } from "../../core/formats/npy.ts";
import { run, temporary } from "../helpers/cli.ts";
import { npy } from "../helpers/npz.ts";
import { DENSE_COLUMNS, DENSE_ROWS, denseProject, fingerprintOf } from "../helpers/small_run.ts";

const QUIET = ["--quiet", "--no-report"];
const ROWS = DENSE_ROWS, COLUMNS = DENSE_COLUMNS;

Deno.test("dense: resumed in pieces, with other threads and workers, a run has the same bits", async () => {
  using folder = temporary();
  const config = denseProject(folder.path);
  const constant = ["--override", "scheduler.name=constant"];
  const straight = join(folder.path, "straight"), pieces = join(folder.path, "pieces");
  const whole = await run("train", ["--config", config, "--run-dir", straight, ...constant, ...QUIET]);
  assertEquals(whole.code, 0, whole.stderr);
  let resumed = 0;
  for (const [steps, threads, workers] of [["7", 1, 1], ["25", 3, 2], ["null", 2, 3]] as const) {
    const result = await run("train", [
      ...["--config", config, "--run-dir", pieces, "--resume", "auto", ...constant, ...QUIET],
      ...["--override", `training.max_steps=${steps}`, "--override", `runtime.threads=${threads}`],
      ...["--override", `data.workers=${workers}`],
    ]);
    assertEquals(result.code, 0, result.stderr);
    resumed++;
  }
  assertEquals(resumed, 3);
  assertEquals(fingerprintOf(pieces), fingerprintOf(straight));
});

Deno.test("dense: evaluate, embed and reconstruct agree with the run", async () => {
  using folder = temporary();
  const config = denseProject(folder.path);
  const path = join(folder.path, "run");
  const trained = await run("train", ["--config", config, "--run-dir", path, "--quiet"]);
  assertEquals(trained.code, 0, trained.stderr);
  const summary = JSON.parse(Deno.readTextFileSync(join(path, "summary.json")));
  const { rows, nnz, mse } = summary.metrics.test;
  assertEquals(nnz, rows * COLUMNS);
  const evaluated = await run("evaluate", ["--run", path, "--split", "test", "--json"]);
  assertEquals(evaluated.code, 0, evaluated.stderr);
  assert(Math.abs(JSON.parse(evaluated.stdout).mse / mse - 1) < 1e-6);
  for (const [command, width] of [["embed", 6], ["reconstruct", COLUMNS]] as const) {
    const output = join(folder.path, `${command}.npy`);
    const result = await run(command, ["--run", path, "--split", "all", "--output", output]);
    assertEquals(result.code, 0, result.stderr);
    using reader = await NpyReader.open(output);
    assertEquals(reader.shape, [3 * ROWS, width]);
  }
  const report = await Deno.readTextFile(join(path, "report.html"));
  assertStringIncludes(report, "dense input");
});

Deno.test("dense: solver auto is dense and says why; the dry run shows it", async () => {
  using folder = temporary();
  const result = await run("train", ["--config", denseProject(folder.path), "--dry-run"]);
  assertEquals(result.code, 0, result.stderr);
  assertStringIncludes(result.stdout, "3 files, 300 rows x 24 columns, dense");
  assertStringIncludes(result.stdout, "solver     dense: the data are dense");
});

Deno.test("dense: what is wrong is said in one line, before anything starts", async () => {
  using folder = temporary();
  const config = denseProject(folder.path);
  const file = join(folder.path, "rows", "rows_1.npy");
  const good = Deno.readFileSync(file);
  const refused = async (overrides: string[], what: string, hint: string) => {
    const args = overrides.flatMap((text) => ["--override", text]);
    const { code, stderr } = await run("train", ["--config", config, "--run-dir", join(folder.path, "no"), ...args]);
    assertEquals(code, 2, stderr);
    assertStringIncludes(stderr, what);
    assertStringIncludes(stderr, hint);
    assert(!stderr.includes("    at "), stderr);
  };
  await refused(["data.format=csr_npz"], "the folder holds no .npz file", "set data.format: dense_npy");
  await refused(
    ["data.format=csr_npz", `data.path=${join(folder.path, "rows", "*.npy")}`],
    "is a dense .npy array, but data.format is csr_npz",
    "set data.format: dense_npy",
  );
  await refused(["model.decoder.2.solver=factored"], "model.decoder.2", "sparse data");
  Deno.writeFileSync(file, good.subarray(0, good.length - 1));
  await refused([], "(100, 24) of '|u1' needs 2400 bytes, but the file has 2399", "numpy.save");
  Deno.writeFileSync(file, npy("|u1", "100, 4, 6", new Uint8Array(2400)));
  await refused([], "is an array of 3 axes (.npy)", "format: numpy, reader: {axes: ");
  Deno.writeFileSync(file, npy("|u1", "50, 48", new Uint8Array(2400)));
  await refused([], "has 48 columns", "the same columns");
});

Deno.test("dense: a value that is not finite ends the run with file, row and column", async () => {
  using folder = temporary();
  const config = denseProject(folder.path);
  const values = new Float32Array(ROWS * COLUMNS).fill(1);
  values[5 * COLUMNS + 3] = NaN;
  const bytes = new Uint8Array(values.buffer);
  Deno.writeFileSync(join(folder.path, "rows", "rows_1.npy"), npy("<f4", `${ROWS}, ${COLUMNS}`, bytes));
  const result = await run("train", ["--config", config, "--run-dir", join(folder.path, "run"), ...QUIET]);
  assert(result.code !== 0);
  assertStringIncludes(result.stderr, "rows_1.npy: row 5, column 3: a value of nan is not a finite 32-bit float");
});

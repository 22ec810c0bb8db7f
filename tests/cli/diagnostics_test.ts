/** Diagnostics by the command line. */
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { diagnosticNamed } from "../../core/diagnostics/list.ts";
import { ROOT, run, temporary } from "../helpers/cli.ts";
import { SafetensorsFile } from "../../core/formats/safetensors.ts";
import { DENSE_CONFIG, denseProject, fingerprintOf } from "../helpers/small_run.ts";

const DIGITS = join(ROOT, "configs/digits.yaml");

/** Trains the digits for an epoch. @returns what was printed */
async function trainDigits(folder: string, ...overrides: string[]) {
  const given = ["training.epochs=1", ...overrides].flatMap((text) => ["--override", text]);
  return await run("train", ["--config", DIGITS, "--run-dir", folder, ...given]);
}

// deno-lint-ignore no-explicit-any -- files of a run folder
const json = (...path: string[]): any => JSON.parse(Deno.readTextFileSync(join(...path)));
const filesOf = (folder: string, epoch = "epoch-0001") =>
  [...Deno.readDirSync(join(folder, "diagnostics", epoch))].map(({ name }) => name).sort();

Deno.test("diagnostics: labels told by neighbours are in the summary, in the last lines and in the report", async () => {
  using folder = temporary();
  const path = join(folder.path, "run");
  const { code, stdout, stderr } = await trainDigits(path);
  assertEquals(code, 0, stderr);
  assertMatch(
    stdout,
    /labels {5}9\d\.\d % told right by the 10 nearest rows, PCA 9\d\.\d %, commonest label \d+\.\d % {2}\(358 held-out rows\)/,
  );
  const { neighbours } = json(path, "summary.json"), own = json(path, "diagnostics/epoch-0001/neighbours.json");
  assertEquals([neighbours.of, neighbours.rows, neighbours.reference_rows, neighbours.labels], [
    "held_out",
    358,
    1439,
    10,
  ]);
  assertEquals(neighbours.latent.accuracy, own.latent.accuracy);
  const right = own.counts.reduce((sum: number, n: number, l: number) => sum + n * own.pca.by_label[l], 0);
  assertAlmostEquals(right / 358, neighbours.pca.accuracy, 1e-4);
  assert(Deno.readTextFileSync(join(path, "report.html")).includes('id="neighbours"'));
});

Deno.test("diagnostics: the config says which are made", async () => {
  using folder = temporary();
  const path = join(folder.path, "run");
  const columns = "diagnostics.latent.columns=[row 3 column 4, 8, no pixel]";
  const { code, stderr } = await trainDigits(path, "diagnostics.kinds=[latent]", columns);
  assertEquals(code, 0, stderr);
  assertEquals(filesOf(path), ["latent.json"]);
  const latent = json(path, "diagnostics/epoch-0001/latent.json");
  assertEquals(latent.columns.map(({ name }: { name: string }) => name), ["row 3 column 4", "row 1 column 0"]);
  assertEquals([latent.columns[0].values.length, latent.unknown_columns], [1797, ["no pixel"]]);
  assertEquals(json(path, "summary.json").neighbours, undefined);
  const wrong = await trainDigits(join(folder.path, "other"), "diagnostics.kinds=[latnet]");
  assertEquals(wrong.code, 2);
  assertMatch(wrong.stderr, /diagnostics\.kinds.*latnet/);
});

Deno.test("diagnostics: the network is drawn at work on a chosen row", async () => {
  using folder = temporary();
  const path = join(folder.path, "run");
  const given = ["diagnostics.kinds=[network]", "diagnostics.network.row=3", "diagnostics.network.connections=10"];
  const { code, stderr } = await trainDigits(path, ...given, "data.shape=[1,8,8]");
  assertEquals(code, 0, stderr);
  const { row, label, stages, connections } = json(path, "diagnostics/epoch-0001/network.json");
  assertEquals([row, label, stages[0].shape, stages.at(-1).shape], [3, "3", [1, 8, 8], [1, 8, 8]]);
  assertEquals(connections[0].strongest.length, 10);
  const sizes = connections[0].strongest.map(([, , weight]: number[]) => Math.abs(weight!));
  assertEquals(sizes, sizes.toSorted((a: number, b: number) => b - a));
  const page = Deno.readTextFileSync(join(path, "report.html"));
  assert(page.includes('aria-label="The network at work on one row"'));
  // The last stage is what `reconstruct` gives for that row.
  const output = join(folder.path, "all.csv");
  const rebuilt = await run("reconstruct", ["--run", path, "--split", "all", "--output", output]);
  assertEquals(rebuilt.code, 0, rebuilt.stderr);
  const values = Deno.readTextFileSync(output).trim().split("\n")[4]!.split(",").slice(-64).map(Number);
  stages.at(-1).values.forEach((value: number, i: number) => assertAlmostEquals(value, values[i]!, 1e-4));
});

Deno.test("diagnostics: errors of rows are in the summary, and tell anomalies where the config says what is ordinary", async () => {
  using folder = temporary();
  const path = join(folder.path, "run");
  const given = ["diagnostics.kinds=[row_errors]", "diagnostics.row_errors.normal=[0,1]"];
  const { code, stdout, stderr } = await trainDigits(path, ...given);
  assertEquals(code, 0, stderr);
  assertMatch(
    stdout,
    /anomalies {2}area under the ROC curve 0\.\d+ \(95 % interval 0\.\d+ to 0\.\d+\) {2}\(292 anomalies, 66 /,
  );
  const { row_errors, metrics } = json(path, "summary.json");
  for (const part of ["validation", "test"]) {
    const { mse, psnr_db, peak, rows } = row_errors[part];
    assertEquals(rows, metrics[part].rows);
    assertAlmostEquals(mse / metrics[part].mse, 1, 1e-5);
    assertAlmostEquals(psnr_db, 10 * Math.log10(peak ** 2 / mse), 1e-4);
  }
  const page = Deno.readTextFileSync(join(path, "report.html"));
  assert(page.includes('aria-label="ROC curve of the error of a row"') && page.includes("Peak signal-to-noise ratio"));
  const analysed = await run("analyze", [path, "--metric", "row_errors.anomalies.auc", "--json"]);
  assertEquals(JSON.parse(analysed.stdout).groups[0].statistics.mean, row_errors.anomalies.auc);
  assertEquals(JSON.parse(analysed.stdout).larger_is_better, true);
});

/** Diagnostics that have an answer for each kind of data, of those whose answer depends on it. */
const KINDS = {
  "digits_conv2d.yaml": { has: ["error_map", "neighbours"], lacks: ["spectrum"] },
  "pulse_echo.yaml": { has: ["b_scan", "error_map", "spectrum"], lacks: ["neighbours"] },
  "quickstart.yaml": { has: ["neighbours"], lacks: ["error_map", "spectrum", "gradient_flow"] },
} as const;

for (const [config, { has, lacks }] of Object.entries(KINDS)) {
  Deno.test(`diagnostics: all of them, their sections and the same bits as without, ${config}`, async () => {
    using folder = temporary();
    const trained = async (name: string, ...overrides: string[]) => {
      const path = join(folder.path, name);
      const given = ["training.epochs=1", "checkpoint.best=true", ...overrides].flatMap((text) => ["--override", text]);
      const { code, stderr } = await run("train", [
        "--config",
        join(ROOT, "configs", config),
        "--run-dir",
        path,
        ...given,
      ]);
      assertEquals(code, 0, stderr);
      return path;
    };
    const all = await trained(
      "all",
      "diagnostics.kinds=all",
      "diagnostics.every_epochs=1",
      "diagnostics.jacobian.points=1",
    );
    const none = await trained("none", "diagnostics.kinds=[]");
    assertEquals(fingerprintOf(all), fingerprintOf(none));
    const epoch = [...Deno.readDirSync(join(all, "diagnostics"))].map(({ name }) => name).sort().at(-1)!;
    const found = filesOf(all, epoch).map((file) => file.replace(".json", ""));
    const sure = ["activations", "columns", "jacobian", "latent", "reconstruction", "rows", "traversal", "weights"];
    for (const name of [...sure, ...has]) assert(found.includes(name), `no ${name}`);
    for (const name of lacks) assert(!found.includes(name), name);
    const report = Deno.readTextFileSync(join(all, "report.html"));
    for (const name of found) {
      const data = diagnosticNamed(name)!.decode(json(all, "diagnostics", epoch, `${name}.json`), "");
      assert(diagnosticNamed(name)!.picture?.(data) !== undefined || !diagnosticNamed(name)!.picture);
      // The map by UMAP stands in the section of the other map.
      const shown = name === "umap" ? 'aria-label="Latent vectors by UMAP"' : `id="${name}"`;
      assert(report.includes(shown), `no section of ${name}`);
    }
    const text = report.replaceAll(/base64,[^"]*/g, "");
    assert(!text.includes("NaN") && !text.includes("cannot be "));
  });
}

Deno.test("diagnostics: update ratios are those of the last step between two checkpoints", async () => {
  using folder = temporary();
  const text = DENSE_CONFIG.replace("every_steps: 5", "every_steps: 1").replace(
    "gradient_clip: 1.0",
    "gradient_clip: null",
  )
    .replace("name: adamw", "name: adamw, weight_decay: 0.5");
  const config = denseProject(folder.path, `${text}\ndiagnostics: {kinds: [weights]}\n`);
  const path = join(folder.path, "run");
  const overrides = ["training.epochs=2", "checkpoint.best=false"].flatMap((override) => ["--override", override]);
  const { code, stderr } = await run("train", ["--config", config, "--run-dir", path, ...overrides]);
  assertEquals(code, 0, stderr);
  const steps = [...Deno.readDirSync(join(path, "checkpoints"))].map(({ name }) => name)
    .filter((name) => name.startsWith("step-")).sort().slice(-2);
  const read = async (step: string, name: string) => {
    using file = await SafetensorsFile.open(join(path, "checkpoints", step, "model.safetensors"));
    const { shape } = file.tensors.get(name)!, values = new Float32Array(shape.reduce((product, n) => product * n, 1));
    await file.read(name, 0, shape[0]!, new Uint8Array(values.buffer));
    return values;
  };
  const { tensors } = json(path, "diagnostics/epoch-0002/weights.json");
  let compared = 0;
  for (const { name, update_ratio } of tensors) {
    if (update_ratio === null) continue;
    const before = await read(steps[0]!, name), after = await read(steps[1]!, name);
    const size = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    const wanted = size(after.map((value, i) => value - before[i]!)) / size(before);
    assert(Math.abs(update_ratio - wanted) <= 2e-3 * wanted, `${name}: ${update_ratio}, measured ${wanted}`);
    compared++;
  }
  assert(compared >= 6, `${compared}`);
});

Deno.test("diagnostics: rows that two runs reconstruct stand side by side where the runs are compared", async () => {
  using folder = temporary();
  const paths = ["a", "b"].map((name) => join(folder.path, name));
  for (const [i, path] of paths.entries()) {
    const given = ["diagnostics.kinds=[rows]", "data.shape=[1,8,8]", `optimizer.learning_rate=0.00${i + 1}`];
    const { code, stderr } = await trainDigits(path, ...given);
    assertEquals(code, 0, stderr);
  }
  const [a, b] = paths.map((path) => json(path, "diagnostics/epoch-0001/rows.json").same);
  assertEquals(a.length, 4);
  assertEquals(a.map((row: { truth: number[] }) => row.truth), b.map((row: { truth: number[] }) => row.truth));
  for (const [i, { row, truth, reconstruction, mse }] of a.entries()) {
    assertEquals([row, truth.length], [b[i].row, 64]);
    const apart = truth.reduce((sum: number, y: number, k: number) => sum + (y - reconstruction[k]) ** 2 / 64, 0);
    assertAlmostEquals(mse, apart, 1e-5);
    assert(b[i].reconstruction.some((y: number, k: number) => y !== reconstruction[k]));
  }
  const page = join(folder.path, "both.html");
  const { code } = await run("report", [...paths.flatMap((path) => ["--run", path]), "--output", page]);
  assertEquals(code, 0);
  assert(Deno.readTextFileSync(page).includes("The same rows as the runs reconstruct them"));
});

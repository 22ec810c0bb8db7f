/** Weights of rows and columns, as a user meets them: what the loss is, resumes, and what is refused. */
import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readNpy, writeNpy } from "../../core/formats/npy.ts";
import { run, temporary } from "../helpers/cli.ts";
import {
  DENSE_COLUMNS,
  DENSE_CONFIG,
  DENSE_ROWS,
  denseProject,
  fingerprintOf,
  SMALL_CONFIG,
  smallProject,
} from "../helpers/small_run.ts";

const ROWS = 3 * DENSE_ROWS;
const QUIET = ["--quiet", "--no-report", "--override", "scheduler.name=constant"];

const rowWeight = (row: number) => row % 7 === 0 ? 0 : 1 + row % 3;
const columnWeight = (column: number) => column % 5 === 0 ? 0 : 0.5 + column % 4;

interface Project extends Disposable {
  readonly path: string;
  readonly config: string;
  train(name: string, ...args: string[]): ReturnType<typeof run>;
}

async function project(): Promise<Project> {
  const folder = temporary();
  const { path } = folder;
  const lines = ["weight", ...Array.from({ length: ROWS }, (_, row) => rowWeight(row))];
  Deno.writeTextFileSync(join(path, "rows.csv"), lines.join("\n") + "\n");
  await writeNpy(
    join(path, "columns.npy"),
    "f64",
    [DENSE_COLUMNS],
    Float64Array.from({ length: 24 }, (_, j) => columnWeight(j)),
  );
  const config = denseProject(
    path,
    DENSE_CONFIG.replace("path: rows", "path: rows\n  row_weights: rows.csv") + "loss: {column_weights: columns.npy}\n",
  );
  return {
    path,
    config,
    train: (name, ...args) =>
      run("train", [config, "--run-dir", join(path, name), "--resume", "auto", ...QUIET, ...args]),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

Deno.test("weights: the loss is the weighted mean, all other figures count rows and columns alike", async () => {
  using its = await project();
  const folder = join(its.path, "run");
  const trained = await run("train", [its.config, "--run-dir", folder, "--override", "training.epochs=1"]);
  assertEquals(trained.code, 0, trained.stderr);
  assertStringIncludes(trained.stderr + trained.stdout, "the loss is weighted by rows and columns");
  const npy = join(its.path, "made.npy"), csv = join(its.path, "made.csv");
  const made = await run("reconstruct", ["--run", folder, "--output", npy, "--rows", csv, "--checkpoint", "latest"]);
  assertEquals(made.code, 0, made.stderr);
  const shown = (await readNpy(npy)).data as Float32Array;
  const part = Deno.readTextFileSync(csv).trim().split("\n").slice(1).map((line) => line.split(",").at(-1)!);
  const stored = await Promise.all([0, 1, 2].map((file) => readNpy(join(its.path, "rows", `rows_${file}.npy`))));
  for (const split of ["train", "validation", "test"]) {
    let weighted = 0, weight = 0, plain = 0, count = 0;
    for (let row = 0; row < ROWS; row++) {
      if (part[row] !== split) continue;
      const from = Math.floor(row / DENSE_ROWS), first = row % DENSE_ROWS * DENSE_COLUMNS;
      const values = Array.from(stored[from]!.data as Uint8Array).slice(first, first + DENSE_COLUMNS);
      const sum = values.reduce((all, value) => all + value, 0);
      values.forEach((value, column) => {
        const target = Math.log1p(sum === 0 ? 0 : value * 100 / sum);
        const error = (shown[row * DENSE_COLUMNS + column]! - target) ** 2;
        const both = rowWeight(row) * columnWeight(column);
        weighted += both * error;
        weight += both;
        plain += error;
        count++;
      });
    }
    const evaluated = await run("evaluate", ["--run", folder, "--split", split, "--json", "--checkpoint", "latest"]);
    const metrics = JSON.parse(evaluated.stdout);
    assert(count > 0 && Math.abs(weighted / weight - plain / count) > 1e-3);
    assertAlmostEquals(metrics.loss, weighted / weight, 1e-5 * metrics.loss);
    assertAlmostEquals(metrics.mse, plain / count, 1e-5 * metrics.mse);
    assertEquals(metrics.weighted, "rows and columns");
  }
  const table = await run("evaluate", ["--run", folder]);
  assertStringIncludes(
    table.stdout,
    "the loss is weighted by rows and columns; all other figures count all of them alike",
  );
  const other = await run("evaluate", ["--run", folder, "--data", join(its.path, "rows", "rows_0.npy"), "--json"]);
  assertEquals(JSON.parse(other.stdout).weighted, "columns", other.stderr);
});

Deno.test("weights: resumed within epochs, with other threads, a run has the same bits; other weights are refused", async () => {
  using its = await project();
  const train = async (name: string, ...overrides: string[]) => {
    const { code, stderr } = await its.train(name, ...overrides.flatMap((set) => ["--override", set]));
    assertEquals(code, 0, stderr);
  };
  await train("straight", "runtime.threads=2");
  await train("pieces", "runtime.threads=1", "training.max_steps=7");
  await train("pieces", "runtime.threads=3", "training.max_steps=25");
  const rows = join(its.path, "rows.csv"), before = Deno.readTextFileSync(rows);
  Deno.writeTextFileSync(rows, before.replace("\n2\n", "\n3\n"));
  const other = await its.train("pieces", "--override", "training.max_steps=null");
  assertEquals(other.code, 2);
  assertStringIncludes(other.stderr, "the data are not those that the run was trained on: data.row_weights are others");
  Deno.writeTextFileSync(rows, before);
  await train("pieces", "runtime.threads=2", "training.max_steps=null");
  assertEquals(fingerprintOf(join(its.path, "pieces")), fingerprintOf(join(its.path, "straight")));
});

Deno.test("weights of rows go with the factored solver, also over an interruption", async () => {
  using folder = temporary();
  const { path } = folder, rows = 60;
  const config = smallProject(
    path,
    SMALL_CONFIG.replace("{linear: output}", "{linear: output, solver: factored}"),
    rows,
  );
  Deno.writeTextFileSync(
    join(path, "rows.txt"),
    Array.from({ length: 3 * rows }, (_, row) => `${rowWeight(row)}\n`).join(""),
  );
  const train = async (name: string, ...overrides: string[]) => {
    const folder = join(path, name), set = [`data.row_weights=${join(path, "rows.txt")}`, ...overrides];
    const args = [config, "--run-dir", folder, "--resume", "auto", ...QUIET];
    const { code, stderr } = await run("train", [...args, ...set.flatMap((one) => ["--override", one])]);
    assertEquals(code, 0, stderr);
    return fingerprintOf(folder);
  };
  const straight = await train("straight", "runtime.threads=2");
  await train("pieces", "runtime.threads=1", "training.max_steps=13");
  assertEquals(await train("pieces", "runtime.threads=3", "training.max_steps=null"), straight);
  assertNotEquals(await train("alike", "data.row_weights=null"), straight);
  const { metrics } = JSON.parse(Deno.readTextFileSync(join(path, "straight", "summary.json")));
  assertEquals(metrics.test.weighted, "rows");
});

Deno.test("weights that cannot be are refused in one line with the place", async () => {
  using its = await project();
  const file = (name: string, text: string) => {
    Deno.writeTextFileSync(join(its.path, name), text);
    return join(its.path, name);
  };
  const lines = (change: (row: number) => string) => Array.from({ length: ROWS }, (_, row) => change(row)).join("\n");
  const refused = async (set: string | string[], ...texts: string[]) => {
    const overrides = [set].flat().flatMap((one) => ["--override", one]);
    const { code, stderr } = await run("train", [its.config, "--dry-run", "--quiet", ...overrides]);
    assertEquals(code, 2, stderr);
    for (const text of texts) assertStringIncludes(stderr, text);
  };
  const rows = (text: string) => `data.row_weights=${file("bad.txt", text)}`;
  await refused(rows("1\n2\n"), "bad.txt has 2 numbers for 300 rows");
  await refused(rows(lines((row) => row === 17 ? "-1" : "1")), 'gives row 17 the weight "-1"');
  await refused(rows(lines((row) => row === 5 ? "nan" : "1")), 'gives row 5 the weight "nan"');
  await refused(rows(lines(() => "0")), "gives every row of the part train the weight 0");
  await refused("data.row_weights=none.txt", "data.row_weights", "none.txt");
  await refused("loss.kind=cosine", "small.yaml", "loss.column_weights is for losses that are a sum over columns");
  const factored = "model.decoder=[{linear: output, solver: factored}]";
  await refused(factored, "loss.column_weights does not go with solver: factored");
  const short = join(its.path, "short.npy");
  await writeNpy(short, "f32", [3], Float32Array.of(1, 2, 3));
  await refused(`loss.column_weights=${short}`, "short.npy", "has 3 entries for 24 columns");
});

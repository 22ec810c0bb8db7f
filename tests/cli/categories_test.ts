/** The category of each row, `data.batch`, as a user meets it: what it does, resumes, other data, and what is refused. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { evaluate, train, UserError } from "../../mod.ts";
import { readNpy } from "../../core/formats/npy.ts";
import { run, temporary } from "../helpers/cli.ts";
import { npy, random } from "../helpers/npz.ts";
import { fingerprintOf } from "../helpers/small_run.ts";

const ROWS = 200, COLUMNS = 12, DONORS = ["donor 1", "donor 2", "donor 10"];
const QUIET = ["--quiet", "--no-report"];

const donorOf = (row: number) => row * 7 % 3;

/** Two files of rows on a line, each moved by what its donor adds to every column. */
function project(covariate = true): { path: string; config: string } & Disposable {
  const folder = temporary();
  const next = random(3);
  const slope = Float64Array.from({ length: COLUMNS }, () => 2 * next() - 1);
  const added = DONORS.map(() => Float64Array.from({ length: COLUMNS }, () => 2 * next() - 1));
  Deno.mkdirSync(join(folder.path, "rows"));
  for (let file = 0; file < 2; file++) {
    const values = Float32Array.from({ length: ROWS / 2 * COLUMNS }, (_, i) => {
      const row = Math.floor(i / COLUMNS) + file * ROWS / 2, column = i % COLUMNS;
      return slope[column]! * Math.sin(row) + added[donorOf(row)]![column]! + 0.05 * next();
    });
    const bytes = npy("<f4", `${ROWS / 2}, ${COLUMNS}`, new Uint8Array(values.buffer));
    Deno.writeFileSync(join(folder.path, "rows", `rows_${file}.npy`), bytes);
  }
  const names = Array.from({ length: ROWS }, (_, row) => DONORS[donorOf(row)]);
  Deno.writeTextFileSync(join(folder.path, "donors.txt"), names.join("\n") + "\n");
  const config = join(folder.path, "donors.yaml");
  Deno.writeTextFileSync(
    config,
    `
seed: 3
data: {format: dense_npy, path: rows, batch_size: 16${covariate ? ", batch: donors.txt" : ""}}
model:
  start: random
  encoder: [{linear: 8}, tanh, {linear: 1}]
  decoder: [{linear: 8}, ${covariate ? "covariate, " : ""}tanh, {linear: output}]
optimizer: {learning_rate: 0.02}
training: {epochs: 40}
evaluation: {pca: false}
paths: {runs: runs}
`,
  );
  return { path: folder.path, config, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

async function good(script: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(script, args);
  assertEquals(code, 0, stderr);
  return stdout;
}

async function refused(script: string, args: string[], ...texts: string[]): Promise<void> {
  const { code, stderr, stdout } = await run(script, args);
  assertEquals(code, 2, stderr + stdout);
  for (const text of texts) assertStringIncludes(stderr, text);
}

Deno.test("categories: a code of one value need not say which donor a row is of", async () => {
  const r2: number[] = [];
  for (const covariate of [false, true]) {
    using its = project(covariate);
    await good("train", its.config, "--run-dir", join(its.path, "run"), ...QUIET);
    const text = await good("evaluate", "--run", join(its.path, "run"), "--split", "validation", "--json");
    r2.push(JSON.parse(text).r2);
  }
  assert(r2[1]! > 0.95 && r2[0]! < 0.9, `R2 without and with the donor: ${r2}`);
});

Deno.test("categories: resumed within epochs, a run has the same bits; other categories are refused", async () => {
  using its = project();
  const at = (name: string) => join(its.path, name), args = ["--resume", "auto", ...QUIET];
  const set = (name: string, threads: number, steps: string) => [
    ...[its.config, "--run-dir", at(name), ...args, "--override", "training.epochs=3"],
    ...["--override", `runtime.threads=${threads}`, "--override", `training.max_steps=${steps}`],
  ];
  await good("train", ...set("straight", 2, "null"));
  await good("train", ...set("pieces", 1, "4"));
  const file = at("donors.txt"), before = Deno.readTextFileSync(file);
  Deno.writeTextFileSync(file, before.replaceAll("donor 10", "donor 1"));
  await refused("train", set("pieces", 3, "17"), "data.batch has other categories");
  Deno.writeTextFileSync(file, before);
  await good("train", ...set("pieces", 3, "17"));
  await good("train", ...set("pieces", 2, "null"));
  assertEquals(fingerprintOf(at("pieces")), fingerprintOf(at("straight")));
  assertEquals(JSON.parse(Deno.readTextFileSync(at("pieces/data.json"))).batch.names, DONORS);
});

Deno.test("categories of other data: known ones by name, in any order; unknown ones are refused with the name", async () => {
  using its = project();
  const at = (name: string) => join(its.path, name), folder = at("run");
  await good("train", its.config, "--run-dir", folder, ...QUIET, "--override", "training.epochs=3");
  const rows = at("rows/rows_1.npy"), other = ["--run", folder, "--data", rows];
  const names = Array.from({ length: ROWS / 2 }, (_, row) => DONORS[donorOf(row + ROWS / 2)]!);
  const write = (name: string, lines: readonly string[]) => {
    Deno.writeTextFileSync(at(name), lines.join("\n"));
    return at(name);
  };
  const file = write("some.txt", names);
  await good("reconstruct", ...other, "--batch", file, "--output", at("other.npy"));
  await good("reconstruct", "--run", folder, "--output", at("own.npy"));
  const made = (await readNpy(at("other.npy"))).data as Float32Array, own = (await readNpy(at("own.npy"))).data;
  assertEquals(made, (own as Float32Array).subarray(ROWS / 2 * COLUMNS));
  await good("embed", ...other, "--output", at("code.npy")); // the encoder does without them
  for (const script of ["evaluate", "reconstruct"]) {
    await refused(script, other, "--batch: is missing: the network needs the category of each row");
  }
  const strange = write("strange.txt", names.map((name, row) => row === 3 ? "donor 4" : name));
  for (const script of ["evaluate", "embed", "reconstruct"]) {
    await refused(script, [...other, "--batch", strange], 'row 3 is of "donor 4", which is not a category');
  }
  await refused("evaluate", [...other, "--batch", write("few.txt", names.slice(1))], "has 99 entries for 100 rows");
});

Deno.test("categories of rows in memory: given beside the rows, for training and for new rows", async () => {
  using its = project();
  const config = join(its.path, "memory.yaml");
  Deno.writeTextFileSync(
    config,
    Deno.readTextFileSync(its.config).replace("format: dense_npy, path: rows", "format: memory")
      .replace(", batch: donors.txt", "").replace("epochs: 40", "epochs: 3"),
  );
  const next = random(8), values = Float32Array.from({ length: 60 * COLUMNS }, next);
  const rows = { values, columns: COLUMNS }, batch = Array.from({ length: 60 }, (_, row) => DONORS[row % 3]!);
  const { path } = await train({ config, data: { rows, batch } });
  const { r2 } = await evaluate(path, { data: { rows, batch } });
  const turned = await evaluate(path, { data: { rows, batch: batch.map((_, row) => DONORS[(row + 1) % 3]!) } });
  assert(Number.isFinite(r2) && turned.r2 !== r2);
  const strange = { rows, batch: batch.map((name, row) => row === 7 ? "donor 4" : name) };
  await assertRejects(() => evaluate(path, { data: strange }), UserError, 'row 7 is of "donor 4"');
  await assertRejects(() => evaluate(path, { data: { rows } }), UserError, "needs the category of each row");
  await assertRejects(() => train({ config, data: { rows } }), UserError, "needs the category of each row");
});

Deno.test("categories: what goes with them is told with file and line", async () => {
  using its = project();
  const check = (...set: string[]) => [its.config, ...set.flatMap((one) => ["--override", one])];
  await refused("config", ["check", ...check("data.batch=null")], "model.decoder.1 needs the category of each row");
  await refused("config", ["check", ...check("model.decoder=[{linear: output}]")], "data.batch has no effect");
  await refused("train", [...check("data.batch=none.txt"), "--dry-run"], "data.batch", "none.txt");
  const five = "model.decoder=[{linear: 8}, {covariate: 5}, {linear: output}]";
  await refused("config", ["check", ...check(five)], "must be data, or the number of categories of the rows, 3, got 5");
  const text = "data: {path: x, batch: donors.txt}\nmodel: {preset: scvi, depth: 2}\n";
  Deno.writeTextFileSync(join(its.path, "scvi.yaml"), text);
  const { stdout } = await run("config", ["check", join(its.path, "scvi.yaml")]);
  assertEquals(stdout.split("\n").filter((line) => line.includes("covariate")).length, 2, stdout);
});

Deno.test("categories: the name of a table of rows is as good as a file, also for other data", async () => {
  using folder = temporary();
  const next = random(5);
  const table = (first: number, rows: number) =>
    [
      "cell,donor,a,b,c",
      ...Array.from({ length: rows }, (_, i) => {
        const row = first + i;
        return [
          `c${row}`,
          DONORS[donorOf(row)],
          ...[1, 2, 3].map((k) => (k * Math.sin(row) + next()).toFixed(3)),
        ].join(",");
      }),
    ].join("\n") + "\n";
  Deno.writeTextFileSync(join(folder.path, "cells.csv"), table(0, 60));
  Deno.writeTextFileSync(join(folder.path, "new.csv"), table(60, 9));
  Deno.writeTextFileSync(join(folder.path, "bare.csv"), table(60, 9).replaceAll(/,donor( \d+)?,/g, ","));
  const config = join(folder.path, "donors.yaml");
  Deno.writeTextFileSync(
    config,
    `
data: {path: cells.csv, reader: {tables: [donor]}, batch: donor, batch_size: 16}
model: {start: random, encoder: [{linear: 2}], decoder: [covariate, {linear: output}]}
training: {epochs: 2}
evaluation: {pca: false}
paths: {runs: runs, cache: cache}
`,
  );
  const run = join(folder.path, "run");
  await good("train", config, "--run-dir", run, ...QUIET);
  const kept = JSON.parse(Deno.readTextFileSync(join(run, "data.json")));
  assertEquals(kept.batch.names, DONORS);
  await good("evaluate", "--run", run, "--data", join(folder.path, "new.csv"));
  await good("train", "--resume", run, "--override", "training.epochs=3", ...QUIET);
  await refused(
    "train",
    [config, "--override", "data.batch=donors", "--run-dir", join(folder.path, "r"), ...QUIET],
    "donors is neither a file",
    "the data have donor",
  );
});

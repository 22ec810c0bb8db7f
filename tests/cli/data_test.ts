/** `data import`, `data inspect` and `init` of sources that have to be prepared. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { run, temporary } from "../helpers/cli.ts";
import { bytesOf, fileOf } from "../helpers/safetensors.ts";
import { writeChunks } from "../helpers/npz.ts";
import { GENES, tenXSample } from "../helpers/ten_x.ts";

Deno.test("data import: a folder that trains and is inspected; it is replaced only when that is said", async () => {
  using folder = temporary();
  const at = (name: string) => join(folder.path, name);
  tenXSample(at("samples/a"), 40, 1);
  tenXSample(at("samples/b"), 30, 2);
  const made = await run("data", ["import", at("samples"), "--output", at("set")]);
  assertEquals(made.code, 0, made.stderr);
  assertStringIncludes(made.stdout, `70 rows x ${GENES} columns`);
  const seen = await run("data", ["inspect", at("set"), "--json"]);
  assertEquals(seen.code, 0, seen.stderr);
  const json = JSON.parse(seen.stdout);
  assertEquals([json.rows, json.columns, json.sample.emptyRows], [70, GENES, 14]);
  assertEquals([json.row_names[0], json.tables], ["a_C0", [{ name: "source", different: 2 }]]);
  Deno.writeTextFileSync(
    at("c.yaml"),
    "data: {path: set, labels: source}\nmodel: {encoder: [{linear: 4}], decoder: [{linear: output}]}\n" +
      "training: {epochs: 1}\npaths: {runs: runs, cache: cache}\n",
  );
  const trained = await run("train", [at("c.yaml"), "--no-report"]);
  assertEquals(trained.code, 0, trained.stderr);
  assertEquals([...Deno.readDirSync(folder.path)].some(({ name }) => name === "cache"), false);

  const refused = async (args: readonly string[], said: string) => {
    const { code, stderr } = await run("data", args);
    assertEquals([code, stderr.includes(said)], [2, true], stderr);
  };
  await refused(["import", at("samples"), "--output", at("set")], "already exists");
  await refused(["import", at("samples"), "--output", at("samples"), "--overwrite"], "is no prepared data set");
  writeChunks(at("chunks"), 1, 10, 6);
  await refused(["import", at("chunks"), "--output", at("other")], "is trained on as it is");
  await refused(["import", at("samples"), "--output", at("other"), "--setting", "x"], "must be NAME=VALUE");
  await refused(
    ["import", at("samples"), "--output", at("other"), "--setting", "x=1"],
    "data.reader.x: 10x has no such setting",
  );
  await refused(["inspect", at("nothing")], "there is no such file or folder");
  const again = await run("data", ["import", at("samples/a"), "--output", at("set"), "--overwrite", "--json"]);
  assertEquals([again.code, JSON.parse(again.stdout).rows], [0, 40], again.stderr);
});

Deno.test("data inspect: where a choice is left open, all arrays are shown above what is to be chosen", async () => {
  for (const name of ["mat5.mat", "mat73.mat"]) {
    const path = fromFileUrl(new URL(`../golden/${name}`, import.meta.url));
    const { code, stdout, stderr } = await run("data", ["inspect", path]);
    assertEquals(code, 2);
    assertMatch(stdout, /^arrays\n/);
    assertMatch(stdout, /^ +fs +1 x 1 +double/m);
    assertStringIncludes(stderr, "data.member: is not set");
    const axes = await run("data", ["inspect", path, "--member", "volume"]);
    assertMatch(axes.stdout, /^ +volume +3 x 4 x 2 +int16/m);
    assertStringIncludes(axes.stderr, "data.reader.axes: is not set");
    assertEquals((await run("data", ["inspect", path, "--json"])).stdout, "");
  }
});

Deno.test("data inspect: all tensors of a safetensors file are shown, and no axes are proposed where none are asked", async () => {
  using folder = temporary();
  const path = join(folder.path, "a.safetensors");
  const tensor = (rows: number) => ({ dtype: "F32", shape: [rows, 2], bytes: bytesOf(new Float32Array(2 * rows)) });
  Deno.writeFileSync(path, fileOf({ first: tensor(3), second: tensor(5) }));
  const { code, stdout, stderr } = await run("data", ["inspect", path]);
  assertEquals(code, 2);
  assertMatch(stdout, /^arrays\n[^]*^ +second +5 x 2 +F32 +dense/m);
  assertStringIncludes(stderr, 'name one, such as "first"');
  assertEquals(stderr.includes("axes"), false, stderr);
});

Deno.test("data inspect: the values, names and arrays of a source and of chunks", async () => {
  using folder = temporary();
  const seen = await run("data", ["inspect", tenXSample(join(folder.path, "pbmc"), 40)]);
  assertEquals([seen.code, seen.stderr], [0, ""]);
  for (
    const text of [
      `40 rows x ${GENES} columns, sparse`,
      "counts, whole numbers, from 1 to 9",
      "empty rows 8 of 40",
      "row names  C0, C1",
      "columns    G0, G1",
      "matrix.mtx  30 x 40  integer",
    ]
  ) assertStringIncludes(seen.stdout, text);
  writeChunks(join(folder.path, "chunks"), 2, 10, 6);
  const chunks = await run("data", ["inspect", join(folder.path, "chunks")]);
  assertStringIncludes(chunks.stdout, "2 files, csr_npz");
});

Deno.test("init: a source is prepared, and what is written trains", async () => {
  using folder = temporary();
  tenXSample(join(folder.path, "pbmc"), 60);
  const config = join(folder.path, "c.yaml");
  const env = { XDG_CACHE_HOME: join(folder.path, "caches"), DENO_DIR: Deno.env.get("DENO_DIR") ?? denoFolder() };
  const made = await run("init", [join(folder.path, "pbmc"), "--output", config], env);
  assertEquals(made.code, 0, made.stderr);
  assertStringIncludes(made.stdout, "columns    named: G0, G1, G2");
  assertStringIncludes(Deno.readTextFileSync(config), "format: 10x");
  const short = ["--override", "training.max_steps=2", "--override", `paths.runs=${join(folder.path, "runs")}`];
  const trained = await run("train", [config, "--no-report", ...short], env);
  assertEquals(trained.code, 0, trained.stderr);
  assertEquals([...Deno.readDirSync(join(folder.path, "caches", "narrows"))].length, 1);
});

/** Where this Deno keeps its packages, which follows XDG_CACHE_HOME by default. */
function denoFolder(): string {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

Deno.test("data.cache: off leaves nothing behind, not even of a process that was killed", async () => {
  using folder = temporary();
  tenXSample(join(folder.path, "pbmc"), 60);
  const [config, temp, home] = ["c.yaml", "tmp", "home"].map((name) => join(folder.path, name));
  Deno.mkdirSync(temp!);
  Deno.mkdirSync(join(temp!, "narrows-prepared-left"));
  Deno.writeTextFileSync(join(temp!, "narrows-prepared-left", ".lock"), "");
  Deno.writeTextFileSync(
    config!,
    `
data: {path: pbmc, cache: off, batch_size: 16}
model: {encoder: [{linear: 3}], decoder: [{linear: output}]}
training: {epochs: 1}
paths: {runs: runs}
`,
  );
  const env = { TMPDIR: temp!, XDG_CACHE_HOME: home! };
  const { code, stderr } = await run("train", [config!, "--run-dir", join(folder.path, "run")], env);
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, `preparing it for training in ${temp}/narrows-prepared-`);
  assertEquals([...Deno.readDirSync(temp!)].map(({ name }) => name), []);
  assertEquals((await run("evaluate", ["--run", join(folder.path, "run")], env)).code, 0);
  assertEquals([...Deno.readDirSync(temp!)].map(({ name }) => name), []);
});

/** A run on an imported data set embeds new files of the original format as a run on the file itself does. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readNpy } from "../../core/formats/npy.ts";
import { wavOf } from "../../core/formats/wav_write.ts";
import { run, temporary } from "../helpers/cli.ts";
import { writeH5ad } from "../helpers/h5ad.ts";
import { random } from "../helpers/npz.ts";

const GENES = 20;

async function cells(path: string, rows: number, seed: number): Promise<void> {
  const next = random(seed);
  const values = Array.from(
    { length: rows },
    () => Array.from({ length: GENES }, (_, gene) => next() < 0.4 ? Math.ceil((1 + gene % 5) * next() * 6) : 0),
  );
  const genes = Array.from({ length: GENES }, (_, i) => `G${i}`);
  const names = values.map((_, i) => `C${seed}_${i}`);
  const matrices = {
    X: { form: "csr", values: values.map((row) => row.map(() => 1)) },
    "layers/counts": { form: "csr", values },
  };
  await writeH5ad(path, { cells: names, genes, matrices: matrices as Parameters<typeof writeH5ad>[1]["matrices"] });
}

const MODEL = "model: {encoder: [{linear: 3}], decoder: [{linear: output}], start: random}\ntraining: {epochs: 2}\n";

Deno.test("data import --step: an imported .h5ad trains and embeds as the file itself does", async () => {
  using folder = temporary();
  const at = (name: string) => join(folder.path, name), env = { XDG_CACHE_HOME: at("cache") };
  const good = async (script: string, args: string[]) => {
    const { code, stdout, stderr } = await run(script, args, env);
    assertEquals(code, 0, stderr);
    return stdout;
  };
  await cells(at("a.h5ad"), 60, 3);
  await cells(at("new.h5ad"), 25, 4);
  const steps = ["filter_cells={min_genes: 4}", "highly_variable=12", "library_size=100", "log1p"];
  const from = [at("a.h5ad"), "--output", at("set"), "--member", "layers/counts"];
  await good("data", ["import", ...from, ...steps.flatMap((step) => ["--step", step])]);
  const { made, steps: kept, sources } = JSON.parse(Deno.readTextFileSync(at("set/data.json")));
  assertEquals([made.format, made.member, made.steps.length, sources[0].format], ["h5ad", "layers/counts", 4, "h5ad"]);
  assertEquals(made.steps[0], { filter_cells: { min_genes: 4 } });
  assertEquals([kept.file, [...Deno.readDirSync(folder.path)].some(({ name }) => name.endsWith(".raw"))], [
    "steps.json",
    false,
  ]);
  const given = "[{filter_cells: {min_genes: 4}}, {highly_variable: 12}, {library_size: 100}, log1p]";
  Deno.writeTextFileSync(
    at("direct.yaml"),
    `data: {path: a.h5ad, member: layers/counts, steps: ${given}, batch_size: 8}\n${MODEL}`,
  );
  Deno.writeTextFileSync(at("imported.yaml"), `data: {path: set, batch_size: 8}\n${MODEL}`);
  const embedded: unknown[] = [];
  for (const name of ["direct", "imported"]) {
    await good("train", [at(`${name}.yaml`), "--run-dir", at(name), "--no-report"]);
    const output = at(`${name}.npy`);
    await good("embed", ["--run", at(name), "--data", at("new.h5ad"), "--output", output, "--checkpoint", "latest"]);
    embedded.push(await readNpy(output));
  }
  assertEquals(embedded[1], embedded[0]);
  // The data set itself, and another one of the same kind, are rows as they are.
  await good("embed", ["--run", at("imported"), "--data", at("set"), "--output", at("again.npy")]);
  await good("embed", ["--run", at("imported"), "--output", at("own.npy"), "--split", "all"]);
  assertEquals(await readNpy(at("again.npy")), await readNpy(at("own.npy")));
  // Steps on top of these are refused.
  Deno.writeTextFileSync(at("twice.yaml"), `data: {path: set, steps: [log1p]}\n${MODEL}`);
  const { code, stderr } = await run("train", [at("twice.yaml"), "--run-dir", at("twice")], env);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "was imported with steps of its own");
});

Deno.test("data import --step: recordings go through steps and settings again when new ones are embedded", async () => {
  using folder = temporary();
  const at = (name: string) => join(folder.path, name), env = { XDG_CACHE_HOME: at("cache") };
  const record = (name: string, seed: number) => {
    const next = random(seed);
    Deno.writeFileSync(at(name), wavOf(Float32Array.from({ length: 4000 }, () => next() - 0.5), 1, 8000));
  };
  record("a.wav", 1);
  record("b.wav", 2);
  const { code, stderr } = await run(
    "data",
    ["import", at("a.wav"), "--output", at("set"), "--step", "remove_dc", "--step", "window={length: 50}"],
    env,
  );
  assertEquals(code, 0, stderr);
  const steps = "steps: [remove_dc, {window: {length: 50}}]";
  Deno.writeTextFileSync(at("direct.yaml"), `data: {path: a.wav, ${steps}, batch_size: 8}\n${MODEL}`);
  Deno.writeTextFileSync(at("imported.yaml"), `data: {path: set, batch_size: 8}\n${MODEL}`);
  const embedded = [];
  for (const name of ["direct", "imported"]) {
    const trained = await run("train", [at(`${name}.yaml`), "--run-dir", at(name), "--no-report"], env);
    assertEquals(trained.code, 0, trained.stderr);
    const output = at(`${name}.npy`);
    const told = await run("embed", ["--run", at(name), "--data", at("b.wav"), "--output", output], env);
    assertEquals(told.code, 0, told.stderr);
    embedded.push(await readNpy(output));
  }
  assertEquals(embedded[0]!.shape, [80, 3]);
  assertEquals(embedded[1], embedded[0]);
});

Deno.test("data import --step: a step that is not known leaves nothing behind", async () => {
  using folder = temporary();
  await cells(join(folder.path, "a.h5ad"), 20, 3);
  const from = [join(folder.path, "a.h5ad"), "--output", join(folder.path, "set")];
  for (const step of ["log2p", "highly_variable=many", "=3"]) {
    const { code, stderr } = await run("data", ["import", ...from, "--step", step]);
    assertEquals(code, 2, stderr);
    assert(stderr.startsWith("narrows: "), stderr);
  }
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["a.h5ad"]);
});

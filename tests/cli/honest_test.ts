/** What a run says when it is forked twice, taken back, or given files that are almost right. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { evaluate, train as trainInScript } from "../../mod.ts";
import { command, run, temporary } from "../helpers/cli.ts";
import { csrNpz, syntheticCsr } from "../helpers/npz.ts";
import { smallProject } from "../helpers/small_run.ts";

const PLAIN = `
name: plain
seed: 3
data: {path: chunks, batch_size: 16, split: {train: 0.6, validation: 0.2, test: 0.2}, transforms: [log1p]}
model:
  start: random
  encoder: [{linear: 8}, relu, {linear: 4}]
  decoder: [{linear: 8}, relu, {linear: output}]
optimizer: {name: sgd, learning_rate: 0.001}
training: {epochs: 2}
checkpoint: {every_epochs: 1}
paths: {runs: runs}
`;

const set = (...texts: string[]) => texts.flatMap((text) => ["--override", text]);
// deno-lint-ignore no-explicit-any
const json = (...names: string[]): any => JSON.parse(Deno.readTextFileSync(join(...names)));

/** A project in a folder of its own; `train` is called with `--no-report` and tells all it prints. */
function project() {
  const folder = temporary();
  const config = smallProject(folder.path, PLAIN);
  const at = (...names: string[]) => join(folder.path, ...names);
  const told = async (script: string, args: readonly string[], status = 0) => {
    const result = await run(script, args);
    assertEquals(result.code, status, result.stderr + result.stdout);
    return result.stderr + result.stdout;
  };
  const train = (args: readonly string[], status = 0) => told("train", [...args, "--no-report"], status);
  return { config, at, told, train, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

Deno.test("fork of a fork: held-out rows that any ancestor was trained on are counted, and their figures refused", async () => {
  using here = project();
  const { at, train, told, config } = here;
  await train(["--config", config, "--run-dir", at("first")]);
  const second = await train([
    ...["--fork", at("first"), "--run-dir", at("second")],
    ...set("data.split.seed=9", "training.epochs=3"),
  ]);
  const count = Number(/(\d+) of the validation and test rows were trained on before the fork/.exec(second)?.[1]);
  assert(count > 0, second);
  assertEquals(json(at("second"), "data.json").earlier.length, 1);
  // The same split again: what the grandparent was trained on still counts.
  const third = await train(["--fork", at("second"), "--run-dir", at("third"), ...set("training.epochs=4")]);
  assertStringIncludes(third, `${count} of the validation and test rows were trained on before the fork`);
  await train(["--resume", at("third"), ...set("training.epochs=5")]);
  const { validation, test } = json(at("third"), "summary.json").metrics;
  assertEquals(validation.trained_before + test.trained_before, count);
  assertStringIncludes(third, `${validation.trained_before} trained on before the fork`);
  const evaluate = ["--run", at("third"), "--split", "test"];
  const part = `${test.trained_before} of its ${test.rows} rows were used to train the run`;
  assertStringIncludes(await told("evaluate", evaluate, 2), part);
  assertStringIncludes(await told("evaluate", [...evaluate, "--allow-trained-rows"]), part);
  await told("report", ["--run", at("third")]);
  const page = Deno.readTextFileSync(at("third", "report.html"));
  assertStringIncludes(page, `${test.trained_before} of which were trained on before the fork`);
  assert(!page.includes("which took no part in training"));
  assertEquals(json(at("first"), "data.json").earlier, undefined);
  await told("evaluate", ["--run", at("first")]);
});

Deno.test("fork: data that are not the parent's are named", async () => {
  using here = project();
  const { at, train, config } = here;
  await train(["--config", config, "--run-dir", at("first")]);
  Deno.writeFileSync(at("chunks", "chunk_8.npz"), csrNpz(syntheticCsr(40, 60, 0.1, 77)));
  const fork = ["--fork", at("first"), "--run-dir", at("second"), ...set("training.epochs=3")];
  assertStringIncludes(
    await train(fork),
    "the data are not those that the parent was trained on: 1 file is new: chunk_8.npz",
  );
});

Deno.test("resume: the learning rate is said to go from that of the step that was made", async () => {
  using here = project();
  const { at, train, config } = here;
  await train(["--config", config, "--run-dir", at("run")]);
  const wild = ["--resume", at("run"), ...set("optimizer.learning_rate=1000", "training.epochs=9")];
  assertStringIncludes(await train(wild, 1), "the learning rate goes from 0.001 to 1000");
  const back = ["--resume", at("run"), ...set("optimizer.learning_rate=0.001", "training.epochs=3")];
  assert(!(await train(back)).includes("the learning rate goes"));
  const cosine = await train(["--resume", at("run"), ...set("scheduler.name=cosine", "training.epochs=6")]);
  assertStringIncludes(cosine, "the learning rate goes from 0.001 to 0.0005");
  assert(!cosine.includes("stretched"), cosine);
});

Deno.test("train: a divergence before the first save says so", async () => {
  using here = project();
  const { at, train, config } = here;
  const told = await train(["--config", config, "--run-dir", at("run"), ...set("optimizer.learning_rate=900")], 1);
  assertStringIncludes(told, "no checkpoint was saved before it");
  assert(!told.includes("checkpoint is none"), told);
});

Deno.test("evaluate: --checkpoint takes the file that names the best or the latest", async () => {
  using here = project();
  const { at, train, told, config } = here;
  await train(["--config", config, "--run-dir", at("run")]);
  for (const name of ["best", "latest"]) {
    const metrics = (checkpoint: string) => told("evaluate", ["--run", at("run"), "--checkpoint", checkpoint]);
    assertEquals(await metrics(at("run", "checkpoints", name)), await metrics(name));
  }
});

Deno.test("labels: a first line that is a label like others is no header", async () => {
  using here = project();
  const { at, train, config } = here;
  const labels = Array.from({ length: 361 }, (_, row) => String(row % 3));
  const dry = ["--config", config, "--dry-run", ...set(`data.labels=${at("labels.txt")}`)];
  Deno.writeTextFileSync(at("labels.txt"), labels.join("\n") + "\n");
  assertStringIncludes(await train(dry, 2), 'has 361 entries for 360 rows, and its first line, "0", is no header');
  Deno.writeTextFileSync(at("labels.txt"), ["day", ...labels.slice(1)].join("\n") + "\n");
  assertStringIncludes(await train(dry), 'its first line, "day", is read as a header');
  const table = ["--config", config, "--dry-run", ...set(`data.labels=${at("labels.csv")}`)];
  Deno.writeTextFileSync(at("labels.csv"), labels.slice(1).map((label, row) => `c${row},${label},x`).join("\n") + "\n");
  assertStringIncludes(await train(table, 2), "cut -d, -f2 FILE");
});

Deno.test("resume auto: names the run that it goes on with", async () => {
  using here = project();
  const { at, train, config } = here;
  const args = ["--config", config, ...set("training.epochs=100000")];
  const child = command("train", [...args, "--no-report"]).spawn();
  await new Promise((done) => setTimeout(done, 2500));
  child.kill("SIGTERM");
  assertEquals((await child.output()).code, 143);
  const [name] = [...Deno.readDirSync(at("runs"))].map((entry) => entry.name);
  const told = await train(["--config", config, "--resume", "auto", ...set("training.epochs=1")]);
  assertStringIncludes(told, `going on with ${at("runs", name!)}`);
});

Deno.test("resume: what it leaves behind is said, with the folder that keeps it", async () => {
  using here = project();
  const { at, train, config } = here;
  await train(["--config", config, "--run-dir", at("run")]);
  const steps = json(at("run"), "summary.json").steps;
  const [first] = [...Deno.readDirSync(at("run", "checkpoints"))].map(({ name }) => name)
    .filter((name) => name.startsWith("step-")).sort();
  const step = Number(first!.slice("step-".length));
  assertStringIncludes(
    await train(["--resume", at("run", "checkpoints", first!)]),
    `going on from step ${step}: what was made of steps ${step + 1} to ${steps} before is kept in ${
      at("run", "attempts", "001")
    }`,
  );
  assert(!(await train(["--resume", at("run")])).includes("is kept in"));
});

Deno.test("embed: --labels without a table to write them to is refused", async () => {
  using here = project();
  const { at, train, told, config } = here;
  await train(["--config", config, "--run-dir", at("run")]);
  Deno.writeTextFileSync(at("labels.txt"), "a\n".repeat(360));
  const embed = ["--run", at("run"), "--labels", at("labels.txt"), "--output", at("z.npy")];
  assertStringIncludes(await told("embed", embed, 2), "add --rows F.csv");
  await told("embed", [...embed, "--rows", at("rows.csv")]);
  assertStringIncludes(Deno.readTextFileSync(at("rows.csv")), "chunk_0.npz,0,,a,");
  await told("embed", [...embed.slice(0, -1), at("z.csv")]);
  assertStringIncludes(Deno.readTextFileSync(at("z.csv")), "row,label,latent_0");
});

Deno.test("rows in memory: a part of the run's own says nothing of trained rows, other values are named", async () => {
  using folder = temporary();
  const columns = 12;
  const values = Float32Array.from({ length: 200 * columns }, (_, i) => (i * 7919 % 97) / 97);
  const config = {
    seed: 1,
    data: { batch_size: 16 },
    model: { encoder: [{ linear: 4 }], decoder: [{ linear: "output" }] },
    training: { epochs: 1 },
    paths: { runs: folder.path },
  };
  const { path } = await trainInScript({ config, data: { rows: { values, columns } } });
  const notes: string[] = [];
  const note = (text: string) => notes.push(text);
  await evaluate(path, { data: { rows: { values, columns } }, split: "test", note });
  assertEquals(notes, []);
  const other = values.map((value, i) => i === 5 ? value + 1 : value);
  await evaluate(path, { data: { rows: { values: other, columns } }, split: "test", note });
  assertStringIncludes(
    notes.join(),
    "the data differ from those that the run was trained on: 1 file has changed: memory:0",
  );
  notes.length = 0;
  await evaluate(path, { data: { rows: { values, columns } }, note });
  assertStringIncludes(notes.join(), "of the 200 rows were used to train the run");
});

Deno.test("resume: a run that does not keep its best epoch has none afterwards, and is evaluated as it is now", async () => {
  using here = project();
  const { at, train, told, config } = here;
  await train(["--config", config, "--run-dir", at("run"), ...set("checkpoint.best=false")]);
  await train(["--resume", at("run"), ...set("training.epochs=4")]);
  const names = [...Deno.readDirSync(at("run", "checkpoints"))].map(({ name }) => name);
  assert(!names.includes("best"), names.join());
  const evaluate = (...args: string[]) => told("evaluate", ["--run", at("run"), "--json", ...args]);
  assertEquals(await evaluate(), await evaluate("--checkpoint", "latest"));
});

Deno.test("figures say of which weights they are", async () => {
  using here = project();
  const { at, train, told, config } = here;
  // Far too high a rate from the third epoch on: the best epoch is not the last.
  await train(["--config", config, "--run-dir", at("run")]);
  const worse = ["--resume", at("run"), ...set("optimizer.learning_rate=20", "training.epochs=4")];
  const printed = await train(worse);
  const { evaluated } = json(at("run"), "summary.json");
  assertEquals(evaluated.checkpoint, "best");
  assertStringIncludes(printed, `these figures are of epoch ${evaluated.epoch}, the best one`);
  assertStringIncludes(
    await told("evaluate", ["--run", at("run")]),
    `weights: step-${String(evaluated.step).padStart(9, "0")}`,
  );
});

/** Every question of the studio, compared with the engine or the run folder and not with the answer alone. */
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../core/build/ensure.ts";
import { UserError } from "../../core/errors.ts";
import { SafetensorsFile } from "../../core/formats/safetensors.ts";
import { readJournal } from "../../core/steer/journal.ts";
import { embed, reconstruct, train } from "../../mod.ts";
import { ASK_NAMES, parseAsk } from "../../studio/session/ask.ts";
import { temporary } from "../helpers/cli.ts";
import { tensorOf } from "../helpers/table_run.ts";
import { COLUMNS, openStudio, ownConfig, ROWS, smallConfig } from "../helpers/studio.ts";
import { listed } from "../../studio/page/listed.ts";

await ensureEngine({ quiet: true });

const jsonOf = (path: string) => JSON.parse(Deno.readTextFileSync(path));

Deno.test("studio: training begins paused before its first step; about says what the run folder says", async () => {
  using folder = temporary();
  await using open = await openStudio({ config: smallConfig(folder.path) });
  const about = await open.ask("about", {});
  assertEquals([about.state.phase, about.state.step, about.state.edits], ["paused", 0, 0]);
  assertEquals(about.run.path, open.run);
  const layers = jsonOf(join(open.run, "model.json")) as { name: string; outputs: number; parameters: number }[];
  assertEquals(about.network.parameters, layers.reduce((sum, { parameters }) => sum + parameters, 0));
  assertEquals(about.network.stages.map(({ name, units }) => [name, units]), [
    ["input", COLUMNS],
    ["encoder.0", 8],
    ["encoder.2", 3],
    ["decoder.0", 8],
    ["decoder.2", COLUMNS],
  ]);
  assertEquals(about.network.stages.map(({ latent }) => latent), [false, false, true, false, false]);
  assertEquals(about.network.links.map(({ tensor, total }) => [tensor, total]), [
    ["encoder.0.weight", 96],
    ["encoder.2.weight", 24],
    ["decoder.0.weight", 24],
    ["decoder.2.weight", 96],
  ]);
  assertEquals(about.network.connections, 240);
  assertEquals(about.data.rows.train + about.data.rows.validation + about.data.rows.test, ROWS);
  assertEquals(about.data.bytes, Deno.statSync(join(folder.path, "rows.npy")).size);
  assertStringIncludes(about.settings.config, "name: studied");
});

Deno.test("studio: commands are lines of the journal; a step count is kept to; save writes a checkpoint", async () => {
  using folder = temporary();
  await using open = await openStudio({ config: smallConfig(folder.path) });
  const state = await open.steps(7);
  assertEquals([state.step, state.phase], [7, "paused"]);
  await open.command({ do: "set", key: "optimizer.learning_rate", value: 0.01 });
  await open.command({ do: "set", key: "data.batch_size", value: 20 });
  await open.command({ do: "freeze", layer: "decoder.0", frozen: true });
  const saved = await open.command({ do: "save" });
  assertEquals(saved.step, 7);
  const now = await open.studio.state();
  assertEquals([now.learning_rate, now.next_batch_size, now.frozen, now.edits], [0.01, 20, ["decoder.0"], 3]);
  assertEquals(open.told.of("about"), [], "what a page knows from the start has not changed");
  const written = await readJournal(join(open.run, "edits.jsonl"));
  assertEquals((await open.ask("journal", { last: 100 })).edits, written);
  assertEquals((await open.ask("journal", { last: 2 })).edits, written.slice(-2));
  assertEquals(written.map(({ command }) => command.do), ["pause", "continue", "set", "set", "freeze", "save"]);
  const before = await tensorOfSaved(open.run, 7, "decoder.0.weight");
  await open.steps(3);
  await open.command({ do: "save" });
  assertEquals(await tensorOfSaved(open.run, 10, "decoder.0.weight"), before, "a frozen layer was trained");
  await assertRejects(() => open.command({ do: "freeze", layer: "decoder.9", frozen: true }), UserError, "decoder.9");
});

/** A tensor of the checkpoint of a step, once it is there. */
async function tensorOfSaved(run: string, step: number, name: string): Promise<Float32Array> {
  const latest = `step-${String(step).padStart(9, "0")}`;
  for (let tried = 0; tried < 500; tried++) {
    const there = await Deno.readTextFile(join(run, "checkpoints", "latest")).catch(() => "");
    if (there.trim() === latest) return await tensorOf(run, name);
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error(`no checkpoint of step ${step}`);
}

Deno.test("studio: single weights, the strongest of a link and those of a unit are those of the checkpoint", async () => {
  using folder = temporary();
  await using open = await openStudio({ config: smallConfig(folder.path) });
  await open.steps(5);
  await open.command({ do: "save" });
  const first = await tensorOfSaved(open.run, 5, "encoder.0.weight"), bias = await tensorOf(open.run, "encoder.0.bias");
  const second = await tensorOf(open.run, "encoder.2.weight");
  const element = { tensor: "encoder.0.weight", at: [2, 7] };
  assertEquals((await open.ask("weight", element)).value, first[2 * COLUMNS + 7]);
  assertEquals(await open.ask("saved", element), { value: first[2 * COLUMNS + 7]! });

  const strongest = await open.ask("strongest", { link: 0, most: 5 });
  const order = Array.from(first.keys()).sort((a, b) => Math.abs(first[b]!) - Math.abs(first[a]!)).slice(0, 5);
  assertEquals([...strongest.weight], order.map((at) => first[at]!));
  assertEquals([...strongest.to], order.map((at) => Math.floor(at / COLUMNS)));
  assertEquals([...strongest.from], order.map((at) => at % COLUMNS));
  assertEquals(strongest.total, 96);

  const unit = await open.ask("unit", { stage: 1, unit: 4, most: 100 });
  assertEquals(unit.own.map(({ tensor, at, value }) => [tensor, at, value]), [["encoder.0.bias", [4], bias[4]!]]);
  const into = listed(unit.into, 4, "into"), out = listed(unit.out, 4, "out");
  assertEquals([into.length, unit.into_total, out.length, unit.out_total], [12, 12, 3, 3]);
  for (const { at, value, unit: from } of into) assertEquals(value, first[at[0]! * COLUMNS + from!]);
  for (const { at, value, stage } of out) assertEquals([value, stage], [second[at[0]! * 8 + 4], 2]);
  const few = await open.ask("unit", { stage: 1, unit: 4, most: 5 });
  assertEquals([listed(few.into, 4, "into"), few.into_total], [into.slice(0, 5), 12], "the strongest first");
  assertEquals(unit.filter, null);
  assert("none" in await open.ask("filters", { most: 4 }), "rows of a table have no shape");

  await open.command({ do: "write", ...element, value: 0.5 });
  assertEquals((await open.ask("weight", element)).value, 0.5);
  assertEquals((await open.ask("saved", element)).value, first[2 * COLUMNS + 7], "the checkpoint is as it was");
  const refused = (work: Promise<unknown>) => assertRejects(() => work, UserError);
  await refused(open.ask("weight", { tensor: "encoder.9.weight", at: [0, 0] }));
  await refused(open.ask("weight", { tensor: "encoder.0.weight", at: [0, 12] }));
  await refused(open.ask("saved", { tensor: "encoder.0.weight", at: [8, 0] }));
  await refused(open.ask("strongest", { link: 9, most: 1 }));
  await refused(open.ask("unit", { stage: 1, unit: 8, most: 1 }));
});

Deno.test("studio: undo puts back what the last edit replaced, one after the other", async () => {
  using folder = temporary();
  await using open = await openStudio({ config: smallConfig(folder.path) });
  await open.steps(3);
  const bias = { tensor: "encoder.0.bias", at: [1] };
  const before = (await open.ask("weight", bias)).value;
  await open.command({ do: "set", key: "optimizer.learning_rate", value: 0.02 });
  await open.command({ do: "set", key: "data.batch_size", value: 8 });
  await open.command({ do: "freeze", layer: "encoder.0", frozen: true });
  await open.command({ do: "write", ...bias, value: 3 });
  await open.command({ do: "write", ...bias, value: 4 });
  assertEquals((await open.studio.state()).edits, 5);
  await Promise.all([open.ask("undo", {}), open.ask("undo", {})]);
  assertEquals((await open.ask("weight", bias)).value, before);
  const { command } = await open.ask("undo", {});
  assertEquals(command, { do: "freeze", layer: "encoder.0", frozen: false });
  await open.ask("undo", {});
  await open.ask("undo", {});
  const state = await open.studio.state();
  assertEquals([state.learning_rate, state.next_batch_size, state.frozen, state.edits], [0.001, null, [], 0]);
  await assertRejects(() => open.ask("undo", {}), UserError, "no edit to take back");
  const written = await readJournal(join(open.run, "edits.jsonl"));
  assertEquals(written.filter(({ command: { do: what } }) => what !== "pause" && what !== "continue").length, 10);
});

Deno.test("studio: rows, sheets and latent vectors are those of embed and reconstruct", async () => {
  using folder = temporary();
  await using open = await openStudio({ config: ownConfig("digits"), overrides: runsIn(folder.path) });
  await open.steps(20);
  await open.command({ do: "stop" });
  await open.until(({ phase }) => phase === "ended");
  const { values: codes, rowNumbers } = await embed(open.run, { checkpoint: "latest" });
  const { values: outputs } = await reconstruct(open.run, { checkpoint: "latest" });
  const labels = Deno.readTextFileSync(new URL("../../data/digits/labels.txt", import.meta.url)).split("\n");
  for (const number of [0, 777, 1796]) {
    const row = await open.ask("row", { of: { row: number } });
    const at = rowNumbers.indexOf(number);
    assertEquals(row.latent, codes.slice(8 * at, 8 * at + 8));
    assertEquals(row.output, outputs.slice(64 * at, 64 * at + 64));
    assertEquals([row.label, row.columns], [labels[number]!.trim(), null]);
    assertAlmostEquals(row.mse, row.input.reduce((sum, value, j) => sum + (value - row.output[j]!) ** 2, 0) / 64, 1e-9);
    const decoded = await open.ask("decode", { latent: [...row.latent], most: 4 });
    for (const [j, value] of decoded.output.entries()) assertAlmostEquals(value, row.output[j]!, 1e-5);
  }
  const sheet = await open.ask("sheet", { part: "validation", from: 300, count: 5 });
  assertEquals(sheet.rows.length, 5);
  for (const [i, number] of sheet.rows.entries()) {
    assert(number >= 300);
    const { part, input, output } = await open.ask("row", { of: { row: number } });
    assertEquals(part, "validation");
    assertEquals(sheet.input.slice(64 * i, 64 * i + 64), input);
    assertEquals(sheet.output.slice(64 * i, 64 * i + 64), output);
  }
  assertEquals((await open.ask("sheet", { part: "test", from: 5000, count: 5 })).rows.length, 0);
  await assertRejects(() => open.ask("row", { of: { row: 1797 } }), UserError, "there is no row 1797");
  await assertRejects(() => open.ask("row", { of: { dropped: 0 } }), UserError, "no file was dropped");
  await assertRejects(() => open.ask("decode", { latent: [1], most: 1 }), UserError, "has 1 values");

  const map = await open.ask("map", { most: 500 });
  assertEquals([map.rows.length, map.labels.length, map.names.length], [500, 500, 10]);
  const [, second] = [map.axes.slice(0, 8), map.axes.slice(8)];
  assertAlmostEquals(second.reduce((sum, value) => sum + value * value, 0), 1, 1e-5);
  for (const i of [0, 250, 499]) {
    const at = rowNumbers.indexOf(map.rows[i]!);
    const y = second.reduce((sum, value, k) => sum + value * (codes[8 * at + k]! - map.mean[k]!), 0);
    assertAlmostEquals(y, map.y[i]!, 1e-4);
    assertEquals(map.names[map.labels[i]!], labels[map.rows[i]!]!.trim());
  }
  assert(map.share > 0.2 && map.share <= 1 && map.step === 20);

  // Moving a little along a direction of the Jacobian changes the reconstruction as it says.
  const latent = [...codes.slice(0, 8)];
  const jacobian = await open.ask("jacobian", { latent, directions: 2 });
  assert("singular" in jacobian);
  assertEquals([jacobian.singular.length, jacobian.output.length, jacobian.latent.length], [8, 128, 16]);
  const step = 1e-2, moved = latent.map((value, k) => value + step * jacobian.latent[k]!);
  const [a, b] = [latent, moved].map((vector) => open.ask("decode", { latent: vector, most: 64 }));
  const [from, to] = [(await a!).output, (await b!).output];
  for (let j = 0; j < 64; j++) {
    assertAlmostEquals((to[j]! - from[j]!) / step, jacobian.singular[0]! * jacobian.output[j]!, 2e-2);
  }
});

const runsIn = (folder: string) => [`paths.runs=${JSON.stringify(join(folder, "runs"))}`];

Deno.test("studio: the history is that of steps.csv and epochs.csv, thinned by means", async () => {
  using folder = temporary();
  await using open = await openStudio({ config: smallConfig(folder.path) });
  await open.command({ do: "continue" });
  await open.until(({ phase }) => phase === "ended");
  const [header, ...lines] = Deno.readTextFileSync(join(open.run, "steps.csv")).trim().split("\n");
  const at = header!.split(",").indexOf("loss");
  const losses = lines.map((line) => Number(line.split(",")[at]));
  const all = await open.ask("history", { most: 10_000 });
  assertEquals([...all.loss], losses.map(Math.fround));
  const few = await open.ask("history", { most: 30 });
  assert(few.loss.length <= 30 && few.loss.length >= 15);
  const size = Math.ceil(losses.length / 30);
  assertAlmostEquals(few.loss[1]!, losses.slice(size, 2 * size).reduce((sum, loss) => sum + loss, 0) / size, 1e-6);
  assertEquals(few.step.at(-1), losses.length);
  const epochs = Deno.readTextFileSync(join(open.run, "epochs.csv")).trim().split("\n").slice(1).map((line) =>
    line.split(",").map(Number)
  );
  assertEquals(few.epochs.map(({ epoch, train }) => [epoch, train]), epochs.map(([epoch, loss]) => [epoch!, loss!]));
  assertEquals(few.epochs.length, 30);
  // A run that is opened again has the same history, and its network can be asked.
  await using again = await openStudio({ run: open.run });
  assertEquals((await again.ask("history", { most: 10_000 })).loss, all.loss);
  const state = await again.studio.state();
  assertEquals([state.phase, state.step, state.epoch], ["ended", losses.length, 30]);
  assertStringIncludes(state.reason!, "all epochs done");
  assertEquals(
    (await again.ask("row", { of: { row: 3 } })).output,
    (await open.ask("row", { of: { row: 3 } })).output,
  );
  await assertRejects(() => again.command({ do: "continue" }), UserError, "is not under way");
  // Of a run that is over, another one can be begun.
  const about = await again.ask("reset", {});
  assertEquals([about.state.phase, about.state.step], ["paused", 0]);
  assert(about.run.path !== open.run);
});

Deno.test("studio: reset ends the run as stop does, and begins another one of the same config", async () => {
  using folder = temporary();
  await using open = await openStudio({ config: smallConfig(folder.path) });
  await open.steps(9);
  const first = open.run, weight = { tensor: "encoder.0.weight", at: [0, 0] };
  const about = await open.ask("reset", {});
  assert(about.run.path === open.run && open.run !== first);
  assertEquals([about.state.phase, about.state.step, about.state.edits], ["paused", 0, 0]);
  const summary = jsonOf(join(first, "summary.json"));
  assertEquals([summary.status, summary.reason, summary.steps], ["stopped", "command", 9]);
  assertEquals(open.told.of("about").at(-1)?.run.path, open.run);
  // The same seed: the same starting weights.
  await using other = await openStudio({ config: smallConfig(folder.path) });
  assertEquals(await open.ask("weight", weight), await other.ask("weight", weight));
  const path = first;
  const resumed = await train({ resume: path });
  assertEquals(resumed.summary.status, "finished");
});

Deno.test("studio: an interrupted run goes on paused where it was, and its edits can be taken back", async () => {
  using folder = temporary();
  let run: string;
  {
    await using open = await openStudio({ config: smallConfig(folder.path) });
    await open.steps(12);
    await open.command({ do: "set", key: "optimizer.learning_rate", value: 0.005 });
    run = open.run;
  }
  assertEquals(jsonOf(join(run, "summary.json")).status, "stopped");
  await using open = await openStudio({ run });
  const state = await open.studio.state();
  assertEquals([state.phase, state.step, state.learning_rate, state.edits], ["paused", 12, 0.005, 1]);
  assertEquals((await open.ask("history", { most: 100 })).step.at(-1), 12);
  await open.ask("undo", {});
  assertEquals((await open.studio.state()).learning_rate, 0.001);
});

Deno.test("studio: an export is of the present network and can be fetched by its name", async () => {
  using folder = temporary();
  await using open = await openStudio({ config: smallConfig(folder.path) });
  await open.steps(4);
  await open.command({ do: "write", tensor: "encoder.0.bias", at: [0], value: 7 });
  const { path, file } = await open.ask("export", { format: "safetensors" });
  assertEquals([file, path], ["files/model.safetensors", join(open.run, "exports", "model.safetensors")]);
  using written = await SafetensorsFile.open(path);
  const name = [...written.tensors.keys()].find((name) => name.endsWith("encoder.0.bias"))!;
  const value = new Float32Array(1);
  await written.readBytes(name, 0, new Uint8Array(value.buffer));
  assertEquals(value[0], 7);
  assertEquals(open.studio.fileNamed("model.safetensors"), path);
  for (const format of (await open.ask("about", {})).formats.filter((format) => format !== "saelens")) {
    const exported = await open.ask("export", { format });
    assert(Deno.statSync(exported.path).size > 0 && open.studio.fileNamed(exported.file.slice("files/".length)));
  }
  await assertRejects(() => open.ask("export", { format: "saelens" }), UserError);
});

Deno.test("studio: rows of a dropped file are asked about as other data of the run are", async () => {
  using folder = temporary();
  await using open = await openStudio({ config: smallConfig(folder.path) });
  await open.steps(4);
  const bytes = Deno.readFileSync(join(folder.path, "rows.npy"));
  await assertRejects(() => open.ask("dropped", {}), UserError, "no file was dropped");
  assertEquals(await open.studio.drop("mine.npy", bytes), { name: "mine.npy", rows: ROWS });
  assertEquals(await open.ask("dropped", {}), { name: "mine.npy", rows: ROWS });
  const dropped = await open.ask("row", { of: { dropped: 11 } }), own = await open.ask("row", { of: { row: 11 } });
  assertEquals([dropped.part, dropped.output, dropped.latent], [null, own.output, own.latent]);
  await assertRejects(() => open.studio.drop("../mine.npy", bytes), UserError, "is not the name of a file");
  await assertRejects(() => open.studio.drop("mine.npy", new Uint8Array(100)), UserError);
  assertEquals((await open.ask("dropped", {})).name, "mine.npy", "a file that cannot be read takes no other's place");
});

Deno.test("studio: what is no question, or one out of bounds, is refused with its name", () => {
  const refused = (value: unknown) => {
    try {
      parseAsk(value);
    } catch (error) {
      assert(error instanceof UserError);
      return error.message;
    }
    throw new Error(`${JSON.stringify(value)} was taken`);
  };
  assertStringIncludes(refused(null), "expected an object");
  assertStringIncludes(refused({ id: 1, ask: "explode" }), '"explode" is no question');
  assertStringIncludes(refused({ id: 1, ask: "toString" }), "is no question");
  assertStringIncludes(refused({ id: 1, ask: "command", command: { do: "explode" } }), "is no command");
  assertStringIncludes(refused({ id: 1, ask: "sheet", part: "train", from: 0, count: 257 }), "ask sheet: count");
  assertStringIncludes(refused({ id: 1, ask: "map", most: 200_001 }), "ask map: most");
  assertStringIncludes(refused({ id: 1, ask: "watch", of: { row: -1 }, per_second: 3 }), "ask watch");
  assertStringIncludes(refused({ id: 1, ask: "watch", of: null, per_second: 31 }), "per_second");
  assertStringIncludes(refused({ id: 1, ask: "about", more: 1 }), "more");
  assertStringIncludes(refused({ id: 1, ask: "decode", latent: ["1"], most: 1 }), "latent.0");
  assertEquals(ASK_NAMES.length, 19);
});

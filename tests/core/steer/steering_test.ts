/** Commands that a run takes between two steps, its journal, and runs that repeat it to the bit. */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../../../core/errors.ts";
import { type Command, parseCommand } from "../../../core/steer/command.ts";
import { Desk } from "../../../core/steer/desk.ts";
import { cutJournal, type Edit, readJournal } from "../../../core/steer/journal.ts";
import { ensureEngine } from "../../../core/build/ensure.ts";
import { train } from "../../../mod.ts";
import { temporary } from "../../helpers/cli.ts";
import { lastWeights, smallConfig, tensorOf } from "../../helpers/table_run.ts";

await ensureEngine({ quiet: true });

const edits = (run: string) => readJournal(join(run, "edits.jsonl"));

/** Edits of every kind, begun while the run trains, with pauses between some of them. */
async function handful(desk: Desk): Promise<Edit[]> {
  const made: Edit[] = [];
  const post = async (command: Command) => void made.push(await desk.post(command));
  await post({ do: "pause" });
  await post({ do: "set", key: "optimizer.learning_rate", value: 0.01 });
  await post({ do: "continue", steps: 7 });
  await post({ do: "write", tensor: "encoder.0.weight", at: [1, 2], value: 0.75 });
  await post({ do: "freeze", layer: "decoder.0", frozen: true });
  await post({ do: "set", key: "data.batch_size", value: 24 });
  await post({ do: "continue" });
  await post({ do: "save" });
  await post({ do: "freeze", layer: "decoder.0", frozen: false });
  return made;
}

/** Trains, and gives commands once the first epoch is done. */
async function steered(config: Record<string, unknown>, give: (desk: Desk) => Promise<unknown>, more = {}) {
  const desk = new Desk();
  let given: Promise<unknown> | null = null;
  const observer = { epochDone: ({ epoch }: { epoch: number }) => void (epoch > 0 && (given ??= give(desk))) };
  try {
    return await train({ config, desk, observer, ...more });
  } finally {
    await given;
  }
}

Deno.test("steering: commands take effect between two steps, and the journal repeats the run to the bit", async () => {
  using folder = temporary();
  let made: Edit[] = [];
  const { path, summary } = await steered(smallConfig(folder.path), async (desk) => made = await handful(desk));
  const written = await edits(path);
  assertEquals(written, made);
  assertEquals(written.map(({ edit }) => edit), written.map((_, i) => i + 1));
  const [, rate, , write] = written;
  assertEquals(rate!.before, 0.001);
  assertEquals(written.find(({ command }) => command.do === "set" && command.key === "data.batch_size")!.before, 16);
  assert(typeof write!.before === "number" && write!.before !== 0.75);
  // Both are taken at the pause after seven steps.
  assert(written[4]!.step >= write!.step);
  const [header, ...steps] = Deno.readTextFileSync(join(path, "steps.csv")).trim().split("\n");
  const rows = steps.map((line) => line.split(",")[header!.split(",").indexOf("rows")]);
  assert(rows.includes("24") && rows.includes("16"), "batches of both sizes were made");

  const again = await train({ config: smallConfig(folder.path), replay: join(path, "edits.jsonl") });
  assertEquals(again.summary.steps, summary.steps);
  assertEquals(lastWeights(again.path), lastWeights(path));
  const plain = await train({ config: smallConfig(folder.path) });
  assert(String(lastWeights(plain.path)) !== String(lastWeights(path)), "the edits changed nothing");
});

Deno.test("steering: a run that is stopped by a command goes on, with what commands had changed; the journal repeats it whole", async () => {
  using folder = temporary();
  const first = await steered(smallConfig(folder.path), async (desk) => {
    await handful(desk);
    await desk.post({ do: "stop" });
  });
  assertEquals([first.summary.status, first.summary.reason], ["stopped", "command"]);
  const rest = await train({ resume: first.path });
  assertEquals(rest.summary.status, "finished");
  const again = await train({ config: smallConfig(folder.path), replay: join(first.path, "edits.jsonl") });
  assertEquals(lastWeights(again.path), lastWeights(first.path));
  // A repetition that is stopped goes on with the edits that are left.
  const part = await train({
    config: smallConfig(folder.path, {
      training: { epochs: 30, max_steps: (await edits(first.path)).at(3)!.step + 1 },
    }),
    replay: join(first.path, "edits.jsonl"),
  });
  await train({ resume: part.path, overrides: ["training.max_steps=null"] });
  assertEquals(lastWeights(part.path), lastWeights(first.path));
});

Deno.test("steering: an edit between a save and the end, at the same step, is in the last checkpoint", async () => {
  using folder = temporary();
  const { path } = await steered(smallConfig(folder.path), async (desk) => {
    await desk.post({ do: "pause" });
    await desk.post({ do: "save" });
    await desk.post({ do: "write", tensor: "encoder.0.bias", at: [5], value: 42 });
    await desk.post({ do: "stop" });
  });
  assertEquals((await tensorOf(path, "encoder.0.bias"))[5], 42);
  await train({ resume: path });
  assertEquals((await edits(path)).filter(({ command }) => command.do === "write").length, 1, "the edit was left");
});

Deno.test("steering: weights that a command wrote after the best epoch are saved, and are not the best epoch's", async () => {
  const write: Command = { do: "write", tensor: "encoder.0.bias", at: [5], value: 42 };
  const save: Command = { do: "save" }, step: Command = { do: "continue", steps: 1 };
  for (
    const [commands, keepsBest] of [[[], false], [[save, write], false], [[save, step], false], [[step], true]] as const
  ) {
    using folder = temporary();
    const { path } = await steered(smallConfig(folder.path), async (desk) => {
      // Before the first step after the first epoch, which is the best so far.
      for (const command of [{ do: "pause" } as const, write, ...commands, { do: "stop" } as const]) {
        await desk.post(command);
      }
    });
    const which = commands.map((command) => command.do).join(", ");
    assert(Math.abs((await tensorOf(path, "encoder.0.bias"))[5]! - 42) < 1, `${which}: the edit is not saved`);
    const best = await tensorOf(path, "encoder.0.bias", "best").then((bias) => bias[5]!, () => null);
    assertEquals(best !== null, keepsBest, `${which}: best`);
    if (best !== null) assert(Math.abs(best) < 2, `${which}: the best epoch has the edit`);
    // A pause between two saves does not keep a run from going on.
    assertEquals((await train({ resume: path })).summary.status, "finished");
  }
});

Deno.test("steering: a resume from an earlier checkpoint takes later edits out of the journal", async () => {
  using folder = temporary();
  const { path } = await steered(smallConfig(folder.path, { checkpoint: { every_epochs: 1, keep: 100 } }), handful);
  const before = await edits(path);
  const names = [...Deno.readDirSync(join(path, "checkpoints"))].map(({ name }) => name).filter((name) =>
    /^step-/.test(name)
  ).sort();
  await train({ resume: join(path, "checkpoints", names[0]!) });
  assert(
    !await Deno.stat(join(path, "edits.jsonl")).then(({ size }) => size > 0),
    "edits of the other course are left",
  );
  const kept = [...Deno.readDirSync(join(path, "attempts"))].map(({ name }) =>
    join(path, "attempts", name, "edits_left.jsonl")
  );
  assertEquals(Deno.readTextFileSync(kept[0]!).trim().split("\n").length, before.length);
});

Deno.test("steering: a fork has its config's settings, and says what commands had changed in its parent", async () => {
  using folder = temporary();
  const { path } = await steered(smallConfig(folder.path), async (desk) => {
    await desk.post({ do: "set", key: "optimizer.learning_rate", value: 0.01 });
    await desk.post({ do: "freeze", layer: "encoder.0", frozen: true });
    await desk.post({ do: "set", key: "data.batch_size", value: 24 });
    // Two steps into the epoch after the one in which the batch size was set.
    const { epoch } = await desk.post({ do: "pause" });
    while ((await desk.post({ do: "continue", steps: 1 })).epoch === epoch);
    await desk.post({ do: "continue", steps: 2 });
    await desk.post({ do: "stop" });
  });
  const told: string[] = [];
  const fork = await train({ fork: path, warn: (text) => void told.push(text) });
  assertStringIncludes(told.join("\n"), "learning rate 0.01; batches of 24 rows; encoder.0 frozen");
  assertStringIncludes(told.join("\n"), "starts again with the config's batches");
  assertEquals([fork.summary.status, fork.summary.epochs], ["finished", 30]);
  const resumed = await train({ resume: fork.path, overrides: ["training.epochs=31"] });
  assertEquals(resumed.summary.epochs, 31);
});

Deno.test("steering: what cannot be done is refused, and training goes on", async () => {
  using folder = temporary();
  const refused = async (desk: Desk, command: Command) =>
    (await assertRejects(() => desk.post(command), UserError)).message;
  const told: string[] = [];
  const { path, summary } = await steered(smallConfig(folder.path), async (desk) => {
    told.push(await refused(desk, { do: "write", tensor: "encoder.9.weight", at: [0], value: 1 }));
    told.push(await refused(desk, { do: "write", tensor: "encoder.0.weight", at: [0], value: 1 }));
    told.push(await refused(desk, { do: "write", tensor: "encoder.0.weight", at: [0, 12], value: 1 }));
    told.push(await refused(desk, { do: "write", tensor: "encoder.0.bias", at: [0], value: 1e39 }));
    told.push(await refused(desk, { do: "freeze", layer: "encoder.7", frozen: true }));
    told.push(await refused(desk, { do: "set", key: "data.batch_size", value: 1000 }));
    told.push(await refused(desk, { do: "set", key: "data.batch_size", value: 1.5 }));
    assertEquals(await desk.ask((model) => Promise.resolve(model.latentSize)), 3);
    const failing = () => {
      throw new UserError("question", "has no answer");
    };
    await assertRejects(() => desk.ask(failing), UserError, "has no answer");
  });
  assertEquals(summary.status, "finished");
  for (
    const [index, part] of [
      "no parameter",
      "has no element [0]",
      "has no element [0, 12]",
      "larger than 32 bits",
      "no layer encoder.7",
      "got 1000",
      "got 1.5",
    ]
      .entries()
  ) assertStringIncludes(told[index]!, part);
  assert(!await Deno.stat(join(path, "edits.jsonl")).catch(() => null), "a refused command is in the journal");
  await assertRejects(() => new Desk().post({ do: "pause" }), UserError, "is not under way");
});

Deno.test("steering: a journal is repeated by a new run from its first step on, and what it does not reach is said", async () => {
  using folder = temporary();
  const { path } = await steered(smallConfig(folder.path), handful);
  const replay = join(path, "edits.jsonl");
  await assertRejects(() => train({ resume: path, replay }), UserError, "--replay: is for a new run");
  await assertRejects(
    () => train({ fork: path, replay, overrides: ["training.epochs=40"] }),
    UserError,
    "steps are made",
  );
  const told: string[] = [];
  await train({
    config: smallConfig(folder.path, { training: { epochs: 1 } }),
    replay,
    warn: (text) => void told.push(text),
  });
  assert(
    told.some((text) => /^--replay: \d+ edits of later steps than the \d+ of this run$/.test(text)),
    told.join("; "),
  );
});

Deno.test("steering: a run whose journal cannot be written fails, since it could not be repeated", async () => {
  using folder = temporary();
  const run = join(folder.path, "run");
  const failed = steered(smallConfig(folder.path), async (desk) => {
    Deno.mkdirSync(join(run, "edits.jsonl"));
    const [first, second] = await Promise.allSettled(
      [true, false].map((frozen) => desk.post({ do: "freeze", layer: "encoder.0", frozen })),
    );
    assert(first?.status === "rejected" && second?.status === "rejected");
    assertStringIncludes(String(first.reason), "edits.jsonl");
    assertStringIncludes(String(second.reason), "has ended before it took the command");
  }, { runDir: run });
  await assertRejects(() => failed, UserError, "edits.jsonl");
});

Deno.test("steering: a value that is no command, and a file that is no journal, are refused with their place", async () => {
  const refused = (value: unknown) => assertThrows(() => parseCommand(value, "message"), UserError).message;
  assertStringIncludes(refused({ do: "explode" }), '"explode" is no command');
  assertStringIncludes(refused(null), "null is no command");
  assertStringIncludes(refused({ do: "set", key: "seed", value: 1 }), "set.key");
  assertStringIncludes(refused({ do: "set", key: "optimizer.learning_rate", value: -1 }), "set.value");
  assertStringIncludes(refused({ do: "pause", now: true }), "now");
  using folder = temporary();
  const file = join(folder.path, "edits.jsonl");
  const line = (edit: number, step: number) =>
    JSON.stringify({ edit, step, epoch: 0, at: "2026-01-01T00:00:00Z", command: { do: "pause" } });
  const reading = async (text: string) => {
    Deno.writeTextFileSync(file, text);
    return (await assertRejects(() => readJournal(file), UserError)).message;
  };
  assertStringIncludes(await reading("{]\n"), "edits.jsonl:1: is no JSON object");
  assertStringIncludes(await reading(`${line(1, 5)}\n${line(2, 4)}\n`), "edits.jsonl:2: ");
  assertStringIncludes(await reading(`${line(2, 5)}\n`), "numbered from 1");
  Deno.writeTextFileSync(file, `${line(1, 5)}\n${line(2, 6)}\n${line(3, 6).slice(0, 20)}`);
  assertEquals((await readJournal(file)).length, 2); // the last line was being written
  assertEquals(await cutJournal(folder.path, 1), "edits_left.jsonl");
  assertEquals((await readJournal(file)).length, 1);
  await assertRejects(() => cutJournal(folder.path, 2), UserError, "has 1 edits, but the checkpoint was made after 2");
});

/** Settings of the schedule and of masking that commands change: from the next step and the next batch on, to the bit. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../../core/build/ensure.ts";
import { UserError } from "../../../core/errors.ts";
import type { Settable } from "../../../core/steer/command.ts";
import { train } from "../../../mod.ts";
import { csvRows } from "../../helpers/killed_run.ts";
import { temporary } from "../../helpers/cli.ts";
import { smallProject } from "../../helpers/small_run.ts";
import { type Open, openStudio } from "../../helpers/studio.ts";
import { lastWeights, smallConfig } from "../../helpers/table_run.ts";

await ensureEngine({ quiet: true });

const set = (key: Settable, value: number) => ({ do: "set", key, value }) as const;

/** A run that begins paused, is given commands and trains to its end. @returns its folder */
async function steered(config: Record<string, unknown>, give: (open: Open) => Promise<void>): Promise<string> {
  await using open = await openStudio({ config });
  await give(open);
  if ((await open.studio.state()).phase === "paused") await open.command({ do: "continue" });
  await open.until(({ phase }) => phase === "ended");
  return open.run;
}

Deno.test("steering: the schedule's settings count from the next step on, and the journal repeats them", async () => {
  using folder = temporary();
  const config = smallConfig(folder.path, {
    training: { epochs: 6 },
    optimizer: { learning_rate: 0.01 },
    scheduler: { name: "step", step_epochs: 1, gamma: 0.5 },
  });
  let before: number | undefined;
  const path = await steered(config, async (open) => {
    await open.steps(20);
    before = (await open.command(set("scheduler.gamma", 0.1))).before as number;
    await open.command(set("scheduler.warmup_steps", 40));
  });
  assertEquals(before, 0.5);
  const rows = csvRows(join(path, "steps.csv"));
  const perEpoch = Number(csvRows(join(path, "epochs.csv"))[0]!.steps);
  const at = (step: number) => Number(rows[step - 1]!.learning_rate);
  const wanted = (step: number, gamma: number, warm: number) =>
    0.01 * gamma ** Math.floor((step - 1) / perEpoch) * warm;
  assertEquals(at(20).toPrecision(6), wanted(20, 0.5, 1).toPrecision(6));
  assertEquals(at(21).toPrecision(6), wanted(21, 0.1, 21 / 40).toPrecision(6));
  assertEquals(at(45).toPrecision(6), wanted(45, 0.1, 1).toPrecision(6));
  const again = await train({ config, replay: join(path, "edits.jsonl") });
  assertEquals(lastWeights(again.path), lastWeights(path));
});

Deno.test("steering: masking is changed in the middle of a window, with the same bits after a stop and in a repetition", async () => {
  using folder = temporary();
  const config = smallConfig(folder.path, { training: { epochs: 8 }, data: { ...masked(folder.path) } });
  const path = await steered(config, async (open) => {
    await open.steps(3);
    await open.command(set("data.mask_rate", 0.4));
    await open.steps(4);
    await open.command({ do: "stop" });
    await open.until(({ phase }) => phase === "ended");
  });
  await train({ resume: path });
  const again = await train({ config, replay: join(path, "edits.jsonl") });
  assertEquals(lastWeights(again.path), lastWeights(path));
  // From the next batch on: the loss of step 4 is another one than without the edit, that of step 3 is the same.
  const plain = await train({ config });
  const loss = (run: string, step: number) => csvRows(join(run, "steps.csv"))[step - 1]!.loss;
  assertEquals(loss(path, 3), loss(plain.path, 3));
  assert(loss(path, 4) !== loss(plain.path, 4), "the edit acted on a later batch");
  // Before the first step it is what the config's rate would have been.
  const early = await steered(config, (open) => open.command(set("data.mask_rate", 0.4)).then(() => {}));
  const whole = await train({ config: { ...config, data: { ...masked(folder.path), mask_rate: 0.4 } } });
  assertEquals(lastWeights(early), lastWeights(whole.path));
  assert(loss(whole.path, 1) !== loss(plain.path, 1), "a rate masks nothing");
});

Deno.test("steering: how much noise layers make counts from the next step on, with the same bits after a stop and in a repetition", async () => {
  using folder = temporary();
  const noisy = (dropout: number, deviation: number) =>
    smallConfig(folder.path, {
      training: { epochs: 5 },
      model: {
        start: "random",
        encoder: [{ gaussian_noise: deviation }, { linear: 8 }, { residual: ["relu", { dropout }] }, { linear: 3 }],
        decoder: [{ mask_noise: 0.1 }, { linear: 8 }, "relu", { linear: "output" }],
      },
    });
  const config = noisy(0.2, 0.1), before: unknown[] = [];
  const give = async (open: Open) => {
    for (const command of [set("model.encoder.2.layers.1.dropout", 0.5), set("model.encoder.0.gaussian_noise", 1.5)]) {
      before.push((await open.command(command)).before);
    }
  };
  const path = await steered(config, async (open) => {
    await open.steps(3);
    await give(open);
    assertEquals((await open.studio.state()).noise, [1.5, 0.5, 0.1]);
    await open.steps(4);
    await open.command({ do: "stop" });
    await open.until(({ phase }) => phase === "ended");
    assertEquals((await open.studio.state()).noise, [1.5, 0.5, 0.1]);
  });
  assertEquals(before, [0.2, 0.1]);
  await train({ resume: path });
  const again = await train({ config, replay: join(path, "edits.jsonl") });
  assertEquals(lastWeights(again.path), lastWeights(path));
  const plain = await train({ config });
  const loss = (run: string, step: number) => csvRows(join(run, "steps.csv"))[step - 1]!.loss;
  assertEquals(loss(path, 3), loss(plain.path, 3));
  assert(loss(path, 4) !== loss(plain.path, 4), "the edit acted on a later step");
  // Before the first step it is what the config's values would have been.
  const early = await steered(config, give), whole = await train({ config: noisy(0.5, 1.5) });
  assertEquals(lastWeights(early), lastWeights(whole.path));
  await steered(noisy(0.2, 0.1), async (open) => {
    const refused = async (key: Settable, value: number, what: string) => {
      const { message } = await assertRejects(() => open.command(set(key, value)), UserError);
      assertStringIncludes(message, what);
    };
    await refused("model.encoder.2.layers.1.dropout", 1, "must be in [0, 1), got 1");
    await refused("model.encoder.2.layers.1.mask_noise", 0.1, "there is no layer encoder.2.layers.1 of the kind mask");
    await refused("model.encoder.1.linear", 4, "there is no layer encoder.1 of the kind linear that makes noise");
    await refused("model.encoder.9.dropout", 0.1, "there is no layer encoder.9");
  });
});

Deno.test("steering: the batch size changes within a window, where rows of both sizes end, with the same bits after a stop", async () => {
  using folder = temporary();
  const config = smallConfig(folder.path, { training: { epochs: 6 } });
  const path = await steered(config, async (open) => {
    await open.steps(3);
    await open.command(set("data.batch_size", 8)); // 48 rows are six batches of eight
    await open.command(set("data.mask_rate", 0)); // changes nothing
    assertEquals((await open.studio.state()).batch_size, 8);
    await open.steps(1);
    await open.command(set("data.batch_size", 24)); // 56 rows are made, so two more batches of eight come first
    const { batch_size, next_batch_size } = await open.studio.state();
    assertEquals([batch_size, next_batch_size], [8, 24]);
    await open.steps(3);
    await open.command({ do: "stop" });
    await open.until(({ phase }) => phase === "ended");
  });
  await train({ resume: path });
  const plain = await train({ config });
  const rows = csvRows(join(path, "steps.csv")).map(({ rows }) => rows);
  assertEquals(rows.slice(0, 7), [16, 16, 16, 8, 8, 8, 24]);
  // No row is left out or made twice.
  const perEpoch = csvRows(join(plain.path, "epochs.csv")).map(({ rows }) => rows);
  assertEquals(csvRows(join(path, "epochs.csv")).map(({ rows }) => rows), perEpoch);
  let left = Number(perEpoch[1]);
  for (let i = 0; left > 0; i++) left -= Number(rows[i]);
  assertEquals(left, 0, "the first epoch ends with a whole batch");
  const again = await train({ config, replay: join(path, "edits.jsonl") });
  assertEquals(csvRows(join(again.path, "steps.csv")).map(({ rows }) => rows), rows);
  assertEquals(lastWeights(again.path), lastWeights(path));
});

Deno.test("steering: batch sizes over several windows, each session stopped in the middle of an epoch of several sizes", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  for (const last of ["keep", "drop"]) {
    const overrides = [`data.last_batch=${last}`, `paths.runs=${JSON.stringify(join(folder.path, "runs"))}`];
    let run: string | undefined;
    for (const size of [8, 12, 5, 30, 16]) {
      await using open = await openStudio(run === undefined ? { config, overrides } : { run });
      await open.steps(3);
      await open.command(set("data.batch_size", size));
      const { batch_size, next_batch_size } = await open.studio.state();
      if (last === "drop") assert(next_batch_size === size || batch_size === size);
      await open.steps(2);
      run = open.run;
    }
    await train({ resume: run! });
    const again = await train({ config, overrides, replay: join(run!, "edits.jsonl") });
    const rows = (run: string) => csvRows(join(run, "steps.csv")).map(({ rows }) => rows);
    assertEquals(rows(again.path), rows(run!));
    assertEquals(lastWeights(again.path), lastWeights(run!));
    assert(new Set(rows(run!)).size > (last === "keep" ? 3 : 1), `batches of ${[...new Set(rows(run!))]} rows`);
    const epochs = csvRows(join(run!, "epochs.csv")).filter(({ epoch }) => epoch !== 0).map(({ rows }) => rows);
    if (last === "keep") assertEquals(new Set(epochs).size, 1, "an epoch has every row once");
  }
});

const masked = (folder: string) => ({ path: join(folder, "rows.npy"), batch_size: 16 });

Deno.test("steering: settings that the schedule does not use, and values out of their bounds, are refused", async () => {
  using folder = temporary();
  const told: string[] = [];
  await steered(smallConfig(folder.path, { training: { epochs: 1 } }), async (open) => {
    for (
      const [key, value] of [
        ["scheduler.gamma", 0.5],
        ["scheduler.warmup_steps", 1.5],
        ["data.mask_rate", 1],
      ] as const
    ) told.push((await assertRejects(() => open.command(set(key, value)), UserError)).message);
  });
  assertStringIncludes(told[0]!, "is for the schedule step or plateau, and this run has constant");
  assertStringIncludes(told[1]!, "scheduler.warmup_steps");
  assertStringIncludes(told[2]!, "got 1");
});

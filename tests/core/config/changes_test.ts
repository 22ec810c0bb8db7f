/** What a resume may change: every key has a policy, and two configs are compared by it. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { changesText, compareConfigs, loadConfig } from "../../../core/config/mod.ts";
import { knownPaths, resumePolicy } from "../../../core/config/json_schema.ts";

const TEXT = `
name: a
data: {path: /x, transforms: [{library_size: 100}, log1p]}
model: {encoder: [{linear: 8}, relu, {linear: 2}], decoder: [{linear: output}]}
`;

const load = (...overrides: string[]) => loadConfig({ text: TEXT, overrides, cwd: "/w" }).config;

function kinds(...overrides: string[]): Record<string, string[]> {
  const { free, from_here, fixed } = compareConfigs(load(), load(...overrides));
  const keys = { free, from_here, fixed };
  return Object.fromEntries(
    Object.entries(keys).filter(([, list]) => list.length > 0).map((
      [kind, list],
    ) => [kind, list.map(({ key }) => key)]),
  );
}

Deno.test("resume policy: every key of the schema has one", () => {
  const paths = knownPaths();
  const leaves = paths.filter((path) => !paths.some((other) => other.startsWith(`${path}.`)));
  assert(leaves.length > 55, `${leaves.length} keys`);
  assertEquals(leaves.filter((path) => resumePolicy(path) === undefined), []);
});

Deno.test("resume policy: what decides which experiment it is stays; the machine, output and length may change", () => {
  const fixed = ["seed", "data.format", "data.batch_size", "data.last_batch", "data.shuffle", "data.shuffle_window"];
  fixed.push("data.split.train", "data.split.validation", "data.split.test", "data.split.seed", "data.transforms");
  fixed.push("data.mask_rate", "model.encoder", "model.decoder", "loss.kind", "loss.reduction", "optimizer.name");
  fixed.push("optimizer.momentum", "optimizer.betas", "optimizer.eps", "optimizer.sparse", "training.precision");
  const fromHere = ["optimizer.learning_rate", "optimizer.weight_decay", "scheduler.name", "scheduler.warmup_steps"];
  fromHere.push("training.gradient_clip", "training.early_stopping.patience", "training.early_stopping.min_delta");
  const free = ["name", "data.path", "data.workers", "data.preload_batches", "data.labels", "data.column_names"];
  free.push("training.epochs", "training.max_steps", "checkpoint.keep", "logging.every_steps", "diagnostics.max_rows");
  free.push("runtime.threads", "paths.runs");
  for (const [policy, keys] of [["fixed", fixed], ["from_here", fromHere], ["free", free]] as const) {
    for (const key of keys) assertEquals(resumePolicy(key), policy, key);
  }
});

Deno.test("two configs: each key that differs, with both values, by what a resume may do", () => {
  assertEquals(kinds(), {});
  assertEquals(kinds("training.epochs=3", "optimizer.learning_rate=0.1", "data.split.seed=9", "runtime.threads=3"), {
    free: ["training.epochs", "runtime.threads"],
    from_here: ["optimizer.learning_rate"],
    fixed: ["data.split.seed"],
  });
  const layers = compareConfigs(load(), load("model.encoder.1=tanh", "model.encoder.0.linear=9", "data.transforms=[]"));
  assertEquals(
    changesText(layers.fixed),
    "data.transforms: [{library_size: 100}, log1p] -> [], model.encoder.0.linear: 8 -> 9, model.encoder.1: relu -> tanh",
  );
  assertEquals(kinds("seed=4"), { fixed: ["seed", "data.split.seed"] });
  assertEquals(changesText(compareConfigs(load("seed=1"), load("seed=2")).fixed, 1), "seed: 1 -> 2, and 1 more");
});

Deno.test("two configs: files of a split that were moved are no other split; other files are", () => {
  const split = (...train: string[]) => load(`data.split={train: [${train.join(", ")}], validation: [/d/v.npz]}`);
  const moved = compareConfigs(split("/d/a.npz", "/d/b.npz"), split("/e/a.npz", "/e/b.npz"));
  assertEquals([moved.free.map(({ key }) => key), moved.fixed], [["data.split.train"], []]);
  for (const other of [["/d/a.npz"], ["/d/b.npz", "/d/a.npz"], ["/d/a.npz", "/d/c.npz"]]) {
    assertNotEquals(compareConfigs(split("/d/a.npz", "/d/b.npz"), split(...other)).fixed, []);
  }
});

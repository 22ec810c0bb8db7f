/** `model.start` and `training.epochs: auto`: what the network begins as, and for how long it is trained. */
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../../core/build/ensure.ts";
import { loadConfig } from "../../../core/config/mod.ts";
import type { Config } from "../../../core/config/types.ts";
import { openSource } from "../../../core/data/source.ts";
import { settled } from "../../../core/train/epochs.ts";
import { UserError } from "../../../core/errors.ts";
import { chooseStart, residualLayers } from "../../../core/train/start_layers.ts";
import { embed, reconstruct, train, writeReport } from "../../../mod.ts";
import { temporary } from "../../helpers/cli.ts";
import { npy, writeChunks } from "../../helpers/npz.ts";
import { lastWeights } from "../../helpers/table_run.ts";

await ensureEngine({ quiet: true });

const NET = {
  encoder: [{ linear: 12 }, "relu", { linear: 4 }],
  decoder: [{ linear: 12 }, "relu", { linear: "output" }],
};

/** Dense rows near a plane, with a bend and some noise. */
function denseRows(folder: string, rows = 200, columns = 20): void {
  const values = new Float32Array(rows * columns);
  let state = 7;
  const draw = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  for (let row = 0; row < rows; row++) {
    const a = draw() * 4, b = draw() * 4;
    for (let j = 0; j < columns; j++) {
      values[row * columns + j] = 3 + a * Math.sin(j) + b * Math.cos(2 * j) + a * b * Math.sin(3 * j) + 0.2 * draw();
    }
  }
  Deno.writeFileSync(join(folder, "rows.npy"), npy("<f4", `${rows}, ${columns}`, new Uint8Array(values.buffer)));
}

const dense = (folder: string, more: Record<string, unknown> = {}) => ({
  name: "start",
  data: { format: "dense_npy", path: join(folder, "rows.npy"), batch_size: 16 },
  model: NET,
  training: { epochs: 6 },
  runtime: { threads: 2 },
  paths: { runs: join(folder, "runs") },
  ...more,
});

const sparse = (folder: string, more: Record<string, unknown> = {}) => ({
  name: "start",
  data: { format: "csr_npz", path: join(folder, "chunks"), batch_size: 16, transforms: ["log1p"] },
  model: { ...NET, decoder: [{ linear: 12 }, "relu", { linear: "output", solver: "factored" }] },
  training: { epochs: 6 },
  runtime: { threads: 2 },
  paths: { runs: join(folder, "runs") },
  ...more,
});

const configOf = (value: unknown): Config => loadConfig({ text: JSON.stringify(value) }).config;

/** Epoch and validation loss of the rows of epochs.csv. */
function losses(run: string): [epoch: number, validation: number][] {
  const lines = Deno.readTextFileSync(join(run, "epochs.csv")).trim().split("\n").slice(1);
  return lines.map((line) => line.split(",")).map(([epoch, , validation]) => [Number(epoch), Number(validation)]);
}

function sparseRows(folder: string): void {
  writeChunks(join(folder, "chunks"), 3, 80, 300, 0.1);
}

/** The names of the tensors of the last checkpoint. */
function tensorNames(run: string): Set<string> {
  const bytes = lastWeights(run), length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  return new Set(Object.keys(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))));
}

const KINDS = [["dense", denseRows, dense], ["factored", sparseRows, sparse]] as const;

for (const [name, prepare, config] of KINDS) {
  Deno.test(`start: a ${name} output layer begins with the R2 of PCA, as epoch 0, and the best is never below it`, async () => {
    using folder = temporary();
    prepare(folder.path);
    const { path, summary } = await train({ config: config(folder.path) });
    const pca = summary.baseline!.pca!.validation!;
    const [[first, loss]] = losses(path) as [[number, number]];
    assertEquals(first, 0);
    assertAlmostEquals(loss, pca.mse, name === "dense" ? 1e-5 * pca.mse : 0.01 * pca.mse);
    assert(summary.metrics.validation!.mse <= loss * (1 + 1e-6));
    assertEquals(losses(path).length, 7);
  });
}

for (const [name, prepare, config] of KINDS) {
  Deno.test(`start: a ${name} run that was stopped ends with the same bits, its rates among them`, async () => {
    using folder = temporary();
    prepare(folder.path);
    const whole = await train({ config: config(folder.path) });
    const part = await train({ config: config(folder.path, { training: { epochs: 6, max_steps: 23 } }) });
    const resumed = await train({ resume: part.path, overrides: ["training.max_steps=null"] });
    assertEquals(resumed.summary.steps, whole.summary.steps);
    assertEquals(losses(part.path).at(-1), losses(whole.path).at(-1));
    assertEquals(lastWeights(part.path), lastWeights(whole.path));
  });
}

Deno.test("start: the preset pca makes no step, has the R2 of PCA and goes through embed and reconstruct", async () => {
  using folder = temporary();
  denseRows(folder.path);
  const { training: _, ...config } = dense(folder.path, { model: { preset: "pca", latent: 3 } });
  const { path, summary } = await train({ config });
  assertEquals([summary.steps, summary.epochs, summary.best_epoch], [0, 0, 0]);
  const pca = summary.baseline!.pca!;
  for (const part of ["train", "validation", "test"] as const) {
    assertAlmostEquals(summary.metrics[part]!.r2, pca[part]!.r2, 1e-6);
  }
  assertEquals((await embed(path)).values.length, 200 * 3);
  assertEquals((await reconstruct(path)).values.length, 200 * 20);
  assertStringIncludes(Deno.readTextFileSync(await writeReport(path)), "explains as much");
});

Deno.test("start: a linear network with tied weights begins with the R2 of PCA", async () => {
  using folder = temporary();
  denseRows(folder.path);
  const model = { encoder: [{ linear: 4 }], decoder: [{ linear: "output", tied: true }] };
  const { path, summary } = await train({ config: dense(folder.path, { model }) });
  const { pca } = summary.baseline!;
  const { mse } = pca!.validation!;
  assert(Math.abs(losses(path)[0]![1] - mse) <= 1e-4 * mse);
  assert(summary.metrics.validation!.r2 >= pca!.validation!.r2 - 1e-5);
});

Deno.test("start: which networks begin as PCA, and why the others do not", () => {
  const choice = (change: Record<string, unknown>, columns = 100) => {
    const { path: _, ...data } = dense("").data;
    return chooseStart(configOf({ ...dense(""), data: { ...data, path: "/" }, ...change }), { columns });
  };
  assertEquals(choice({}).start, "pca");
  assertEquals(choice({ model: { ...NET, start: "random" } }), { start: "random", reason: "as the config says" });
  assertStringIncludes(choice({ loss: { kind: "poisson" } }).reason, "poisson is no squared error");
  assertStringIncludes(choice({}, 4).reason, "not smaller than a row");
  const tied = { linear: "output", tied: true };
  assertEquals(choice({ model: { encoder: [{ linear: 4 }], decoder: [tied] } }).start, "pca");
  const deep = { encoder: [{ linear: 8 }, "relu", { linear: 4 }], decoder: [{ linear: 8, tied: true }, "relu", tied] };
  assertStringIncludes(choice({ model: deep }).reason, "tied, and there are hidden layers");
  const code = { ...NET, encoder: [{ linear: 12 }, "relu", { variational: 4 }] };
  assertStringIncludes(choice({ model: code }).reason, "does not end with a linear layer");
  const shaped = { ...NET, encoder: [{ linear: [2, 6] }, "relu", "flatten", { linear: 4 }] };
  assertStringIncludes(choice({ model: shaped }).reason, "sees the shape of a row");
  assertEquals(choice({ model: { ...shaped, start: "pca" } }).start, "pca");
  const unflattened = { ...NET, decoder: [{ linear: 12 }, { unflatten: [2, 6] }, "relu", { linear: "output" }] };
  assertStringIncludes(choice({ model: unflattened }).reason, "sees the shape of a row");
  const bounded = { ...NET, decoder: [...NET.decoder, "sigmoid"] };
  assertStringIncludes(choice({ model: bounded }).reason, "does not end with a layer of weights");
  const asked = assertThrows(() => choice({ model: { ...code, start: "pca" } }), UserError);
  assertStringIncludes(asked.message, "model.start: cannot be pca: the encoder does not end with a linear layer");
  const masked = { ...NET, encoder: [{ mask_noise: 0.2 }, ...NET.encoder] };
  assertEquals(choice({ model: masked }).start, "pca");
});

Deno.test("start: the layers of a start at PCA, with and without hidden layers", () => {
  const { model } = configOf({ ...dense("/") });
  const row = { columns: 20, shape: null };
  const { encoder, decoder } = residualLayers(model, row);
  assertEquals(encoder.map(({ kind, size }) => [kind, size]), [["linear", 16], ["shortcut", 4]]);
  assertEquals(decoder.map(({ kind }) => kind), ["dense_skip", "linear"]);
  const flat = configOf({ ...dense("/"), model: { encoder: [{ linear: 4 }], decoder: [{ linear: "output" }] } }).model;
  assertEquals(residualLayers(flat, row).encoder, flat.encoder);
  assertEquals(residualLayers(flat, row).decoder.length, 1);
});

const CONVOLUTIONAL = {
  encoder: [{ gaussian_noise: 0.01 }, { conv1d: 3, kernel: 5, stride: 2, padding: 2 }, "relu", { linear: 2 }],
  decoder: [
    { linear: 12 },
    "relu",
    { unflatten: [3, 4] },
    { conv_transpose1d: 2, kernel: 5, stride: 2, padding: 2, output_padding: 1 },
    "relu",
    { conv1d: 2, kernel: 3, padding: 1 },
    { reshape: [1, 16] },
  ],
  start: "pca",
};

Deno.test("start: a convolutional network begins with the R2 of PCA, and resumes to the same bits", async () => {
  using folder = temporary();
  denseRows(folder.path, 200, 16);
  const config = dense(folder.path, {
    data: { ...dense(folder.path).data, shape: [1, 16] },
    model: CONVOLUTIONAL,
  });
  const whole = await train({ config });
  const pca = whole.summary.baseline!.pca!.validation!;
  const [[first, loss]] = losses(whole.path) as [[number, number]];
  assertEquals(first, 0);
  assertAlmostEquals(loss, pca.mse, 1e-5 * pca.mse);
  assert(whole.summary.metrics.validation!.mse < loss, "training from there gains nothing");
  const part = await train({ config: { ...config, training: { epochs: 6, max_steps: 23 } } });
  await train({ resume: part.path, overrides: ["training.max_steps=null"] });
  assertEquals(lastWeights(part.path), lastWeights(whole.path));
  assertEquals((await embed(whole.path)).values.length, 200 * 2);
  const diagnostics = join(whole.path, "diagnostics", `epoch-000${whole.summary.evaluated!.epoch}`);
  const { filters } = JSON.parse(Deno.readTextFileSync(join(diagnostics, "weights.json")));
  assertEquals([filters.name, filters.shape], ["encoder.2.layers.1.weight", [5]]);
  const names = [...tensorNames(whole.path)];
  assert(names.includes("encoder.2.layers.1.weight") && names.includes("decoder.1.layers.5.weight"), names.join(" "));
});

Deno.test("start: without validation rows PCA is not taken for the best epoch, and nothing ends training early", async () => {
  using folder = temporary();
  denseRows(folder.path);
  const { data } = dense(folder.path);
  const config = dense(folder.path, { data: { ...data, split: { train: 1, validation: 0, test: 0 } } });
  const { path, summary } = await train({ config });
  assertEquals([losses(path)[0]![0], summary.epochs], [0, 6]);
  assert(summary.best_epoch! > 0);
  const auto = configOf({ ...config, training: {} });
  assertEquals(settled(auto, openSource(auto.data)).training.early_stopping.patience, null);
});

Deno.test("epochs: auto suits the number of steps, and training ends without improvement", async () => {
  using folder = temporary();
  denseRows(folder.path);
  const auto = (batch_size: number) => {
    const config = configOf(dense(folder.path, { training: {} }));
    const source = openSource(config.data);
    const { training } = settled({ ...config, data: { ...config.data, batch_size } }, source);
    return [training.epochs, training.early_stopping.patience];
  };
  assertEquals(auto(1000), [1000, 100]); // one step an epoch
  const rows = openSource(configOf(dense(folder.path)).data).partRows.train;
  assertEquals(auto(1), [Math.ceil(4000 / rows), Math.max(3, Math.ceil(Math.ceil(4000 / rows) / 10))]);
  const given = configOf(dense(folder.path));
  assertEquals(settled(given, openSource(given.data)).training, given.training);
  const { path, summary } = await train({ config: dense(folder.path, { training: {} }) });
  assertEquals(summary.reason, "early_stopping");
  assertStringIncludes(Deno.readTextFileSync(join(path, "config.yaml")), "epochs: auto");
});

import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { BatchCreator } from "../../ffi/batches.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { EngineError } from "../../ffi/error.ts";
import { engine } from "../../ffi/library.ts";
import { type Layer, Model, type ModelSpec, type TensorInfo } from "../../ffi/model.ts";
import { band, npzBytes, withFiles } from "./npz_file.ts";

engine(); // the library stays open: not a leak of the test that is first

const ROWS = 50, COLUMNS = 20, BATCH = 8;
const SPEC: ModelSpec = {
  columns: COLUMNS,
  seed: 1,
  threads: 2,
  encoder: [{ kind: "linear", size: 6 }, { kind: "relu" }, { kind: "dropout", rate: 0.1 }, { kind: "linear", size: 3 }],
  decoder: [{ kind: "linear", size: 6 }, { kind: "batch_norm", eps: 1e-5, momentum: 0.1 }, {
    kind: "linear",
    size: "output",
    bias: false,
  }],
  loss: { kind: "mse", reduction: "mean" },
  optimizer: { name: "adam" },
};

function built(spec: Partial<ModelSpec> = {}): Model {
  const model = Model.create({ ...SPEC, ...spec });
  model.build();
  return model;
}

/** The test gets a maker of batches over one file of ROWS rows. */
function test(name: string, use: (batches: () => BatchCreator, folder: string) => Promise<void>): void {
  Deno.test({
    name: `model: ${name}`,
    sanitizeOps: true,
    sanitizeResources: true,
    fn: () =>
      withFiles([npzBytes(band(ROWS, COLUMNS))], async ([path]) => {
        using chunk = await Chunk.open(path!);
        const folder = await Deno.makeTempDir();
        const made: BatchCreator[] = [];
        try {
          await use(() => {
            const batches = new BatchCreator([chunk], 2, 1, {
              batchSize: BATCH,
              transforms: [{ kind: "scale", factor: 1 / ROWS }],
            });
            made.push(batches);
            return batches;
          }, folder);
        } finally {
          made.forEach((batches) => batches.close());
          await Deno.remove(folder, { recursive: true });
        }
      }),
  });
}

const rates = (steps: number) => new Float64Array(steps).fill(0.01);

/** Reads a tensor, `step` rows at a time. */
async function bytesOf(model: Model, info: TensorInfo, step = Infinity): Promise<Uint8Array<ArrayBuffer>[]> {
  const [rows = 1, ...rest] = info.shape;
  const rowBytes = rest.reduce((product, size) => product * size, info.dtype === "F32" || info.dtype === "U32" ? 4 : 8);
  const slices = [];
  for (let row = 0; row < rows; row += step) {
    const bytes = new Uint8Array(Math.min(step, rows - row) * rowBytes);
    await model.readTensor(info, row, bytes.length / rowBytes, bytes);
    slices.push(bytes);
  }
  return slices;
}

async function weights(model: Model): Promise<Map<string, Uint8Array>> {
  const all = new Map<string, Uint8Array>();
  for (const info of model.tensors()) all.set(info.name, (await bytesOf(model, info))[0]!);
  return all;
}

/** All tensors and the step, the tensors two rows at a time. */
async function copyState(from: Model, to: Model): Promise<void> {
  assertEquals(to.tensors(), from.tensors());
  for (const info of to.tensors()) {
    let row = 0;
    for (const bytes of await bytesOf(from, info, 2)) {
      const rows = Math.min(2, (info.shape[0] ?? 1) - row);
      await to.writeTensor(info, row, rows, bytes);
      row += rows;
    }
  }
  to.step = from.step;
}

test("layers and estimate are known before build", () => {
  using model = Model.create(SPEC);
  assertEquals([model.latentSize, model.columns], [3, COLUMNS]);
  const { shape, latent, layers } = model.describe();
  assertEquals([shape, latent], [[COLUMNS], { size: 3, shape: [3] }]);
  assertEquals(layers[5]!.settings, { eps: 1e-5, momentum: 0.1 });
  assertEquals([layers[6]!.input, layers[6]!.output], [[6], [COLUMNS]]);
  assertEquals(
    model.layers().map(({ part, index, kind, inputs, outputs, parameters, solver, settings }) => [
      `${part}.${index}`,
      ...[kind, inputs, outputs, parameters, solver, settings.bias],
    ]),
    [
      ["encoder.0", "linear", 20, 6, 126, "sparse input", true],
      ["encoder.1", "relu", 6, 6, 0, "none", undefined],
      ["encoder.2", "dropout", 6, 6, 0, "none", undefined],
      ["encoder.3", "linear", 6, 3, 21, "dense", true],
      ["decoder.0", "linear", 3, 6, 24, "dense", true],
      ["decoder.1", "batch_norm", 6, 6, 12, "none", undefined],
      ["decoder.2", "linear", 6, 20, 120, "tile-fused", false],
    ],
  );
  const estimate = model.estimate(BATCH, 5);
  assertEquals(estimate.parameterCount, 126 + 21 + 24 + 12 + 120);
  assertEquals(estimate.total, estimate.parameters + estimate.optimizer + estimate.workspace);
  assert(estimate.largestAllocation > 0 && estimate.largestAllocation < estimate.total);
  return Promise.resolve();
});

test("training counts, and lowers the loss", async (batches) => {
  using model = built();
  const first = await model.train(batches(), rates(100), 1, 0);
  assertEquals([first.steps, first.rows, first.batchesLeft, first.losses.length], [7, ROWS, 0, 7]);
  const byRows = first.losses.reduce((sum, loss, i) => sum + loss * (i < 6 ? BATCH : 2), 0);
  assertAlmostEquals(first.lossRows, byRows, 1e-9);
  assertEquals([first.lastLoss, first.maxLoss], [first.losses[6], Math.max(...first.losses)]);
  let whole = first;
  for (let epoch = 2; epoch < 30; epoch++) whole = await model.train(batches(), rates(100), epoch, 0);
  assert(whole.lossRows < 0.7 * first.lossRows, `${whole.lossRows} of ${first.lossRows}`);
  const last = await model.train(batches(), rates(3), 30, 0);
  assertEquals([last.steps, last.batchesLeft], [3, 4]);
  assertEquals(model.step, 29 * 7 + 3);
  const { step, batchesDone, batches: of, loss } = model.progress();
  assertEquals([step, batchesDone, of, loss], [model.step, 3, 3, last.lastLoss]);
});

test("saved tensors and the step go on with the same bits", async (batches) => {
  using straight = built();
  await straight.train(batches(), rates(7), 1, 0);
  using before = built();
  await before.train(batches(), rates(4), 1, 0);
  using other = built({ seed: 2, threads: 1 }); // other starting weights, all overwritten
  await copyState(before, other);
  assertEquals(await weights(other), await weights(before));
  using same = built(); // dropout goes on from the seed and the step
  await copyState(before, same);
  const rest = batches();
  for (let i = 0; i < 4; i++) await rest.next();
  await same.train(rest, rates(3), 1, 0);
  assertEquals(await weights(same), await weights(straight));
});

test("evaluation, embedding, reconstruction and decoding agree", async (batches) => {
  using model = built();
  await model.train(batches(), rates(7), 1, 0);
  const zeros = () => new Float64Array(COLUMNS);
  const columns = { sse: zeros(), sum: zeros(), sumsq: zeros() };
  const result = await model.evaluate(batches(), columns);
  assertEquals([result.rows, result.stopped], [ROWS, false]);
  const latent = await model.embed(batches(), 1000);
  assertEquals(latent.length, ROWS * 3);
  const all = await model.reconstruct(batches(), ROWS);
  assertEquals(await model.decode(latent), all);
  const chosen = await model.reconstruct(batches(), ROWS, Uint32Array.of(7, 2));
  assertEquals(chosen.length, ROWS * 2);
  assertAlmostEquals(chosen[2]!, all[COLUMNS + 7]!, 1e-6);

  const sse = zeros();
  let row = 0;
  for await (const batch of batches()) {
    for (let i = 0; i < batch.rows; i++, row++) {
      const y = zeros();
      for (let k = batch.rowPtr[i]!; k < batch.rowPtr[i + 1]!; k++) y[batch.columns[k]!] = batch.target[k]!;
      for (let c = 0; c < COLUMNS; c++) sse[c]! += (all[row * COLUMNS + c]! - y[c]!) ** 2;
    }
  }
  columns.sse.forEach((value, c) => assertAlmostEquals(value, sse[c]!, 1e-4 * (1 + sse[c]!)));
  const total = sse.reduce((a, b) => a + b);
  assertAlmostEquals(result.sse, total, 1e-5 * total);
  assertAlmostEquals(result.loss, total / ROWS / COLUMNS, 1e-5 * total);
});

test("a stop ends training after its batch and evaluation at once", async (batches) => {
  using model = built();
  model.stop();
  assertEquals((await model.train(batches(), rates(7), 1, 0)).steps, 0);
  assert((await model.evaluate(batches())).stopped);
  await assertRejects(() => model.embed(batches(), 10), EngineError, "stopped");
  model.clearStop();
  assertEquals((await model.train(batches(), rates(7), 1, 0)).steps, 7);
});

test("gradients are listed after backward and dropped by training", async (batches) => {
  using model = built();
  const gradients = () => model.tensors().filter(({ role }) => role === "gradient").map(({ name }) => name);
  assertEquals(gradients(), []);
  assert(await model.backward(batches()) > 0);
  assertEquals(gradients(), model.tensors().filter(({ role }) => role === "parameter").map(({ name }) => name));
  model.zeroGradients();
  await model.train(batches(), rates(1), 1, 0);
  assertEquals(gradients(), []);
  const used = batches();
  while (await used.next());
  await assertRejects(() => model.backward(used), EngineError, "no batch is left");
});

test("steps.csv has a row a step, its numbers to the last bit", async (batches, folder) => {
  const path = `${folder}/steps.csv`;
  using model = built();
  model.openLog(path, 2, 1, 10);
  const result = await model.train(batches(), rates(5), 3, 4);
  await model.syncLog();
  model.closeLog();
  const [header, ...rows] = Deno.readTextFileSync(path).trimEnd().split("\n").map((line) => line.split(","));
  assertEquals(header!.slice(0, 8), ["step", "epoch", "chunk", "batch", "rows", "loss", "learning_rate", "grad_norm"]);
  assertEquals(rows.map((row) => row.slice(0, 5).map(Number)), [[3, 3, 4, 2, 8], [4, 3, 4, 3, 8], [5, 3, 4, 4, 8]]);
  rows.forEach((row, i) => assertEquals(Math.fround(Number(row[5])), Math.fround(result.losses[i + 2]!)));
  assert(rows.every((row) => row.length === 12 && Number(row[11]) >= 10));
  assertThrows(() => model.openLog(`${folder}/none/steps.csv`, 0, 1, 0), EngineError, "cannot open");
});

test("one call at a time; closing waits for it", async (batches) => {
  const model = built();
  const running = model.train(batches(), rates(7), 1, 0);
  const second = model.train(batches(), rates(7), 1, 0).catch((error) => error);
  model.close();
  model.close();
  const { steps } = await running.catch((error) => {
    assertEquals(error.status, "busy"); // the second call's thread came first
    return { steps: 0 };
  });
  const other = await second;
  assert(steps <= 7 && (other instanceof EngineError ? other.status === "busy" : other.steps <= 7));
  assertThrows(() => model.layers(), EngineError, "the model has been closed");
});

Deno.test("model: what cannot be built is refused in words", () => {
  const refused = (spec: Partial<ModelSpec>, words: string) =>
    assertThrows(() => Model.create({ ...SPEC, ...spec }).close(), EngineError, words);
  const linear: Layer = { kind: "linear", size: 4 };
  refused({ encoder: [{ kind: "linaer", size: 4 }] }, "encoder.0.kind: ");
  refused({ encoder: [{ kind: "linear" }] }, "encoder.0.size: ");
  refused({ encoder: [{ ...linear, size: 2.5 }] }, "encoder.0.size: ");
  refused({ encoder: [{ ...linear, slope: 1 }] }, "encoder.0.slope: ");
  refused({ decoder: [linear] }, "decoder.0");
  refused({ decoder: [{ kind: "dropout", rate: 1 }, linear] }, "decoder.0.rate: ");
  refused({ loss: { kind: "mse", reduction: "median" } }, "loss.reduction: ");
  refused({ optimizer: { name: "adam", betas: [0.9, 1] } }, "optimizer.betas: ");
  refused({ optimizer: { name: "sgd", weight_decay: -1 } }, "optimizer.weight_decay: ");
  refused({ optimizer: { name: "sgd", betas: [0.9, 0.9] } }, "optimizer.betas: ");
  refused({ gradientClip: NaN }, "gradient_clip: must be a finite number, got NaN");
  refused({ encoder: [{ ...linear, init: { normal: Infinity } }] }, "encoder.0.init.normal: must be a finite number");
  refused({ seed: -1 }, "seed: must be a whole number");
  refused({ shape: [4, 4] }, "shape: ");
  refused({ columns: 0 }, "columns: ");
  refused({ threads: 0 }, "threads: ");
});

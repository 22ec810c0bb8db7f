import { assert, assertEquals, assertRejects } from "@std/assert";
import { BatchCreator } from "../../ffi/batches.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { EngineError } from "../../ffi/error.ts";
import { engine } from "../../ffi/library.ts";
import { type FieldValue, Model, type TensorInfo } from "../../ffi/model.ts";
import { band, npzBytes, withFiles } from "./npz_file.ts";

engine(); // the library stays open: not a leak of the test that is first

const ROWS = 50, COLUMNS = 20, STEPS = 7;

function built(output: Record<string, FieldValue>, seed = 1): Model {
  const model = Model.create({
    columns: COLUMNS,
    seed,
    threads: 2,
    encoder: [{ kind: "linear", size: 6 }, { kind: "tanh" }],
    decoder: [{ kind: "linear", size: 5 }, { kind: "relu" }, { kind: "linear", size: "output", ...output }],
    loss: { kind: "mse", reduction: "row_mean" },
    optimizer: { name: "sgd", weight_decay: 1e-3 },
  });
  model.build();
  return model;
}

/** The test gets a function that makes batches over one file of ROWS rows. */
function test(name: string, use: (batches: () => BatchCreator) => Promise<void>): void {
  Deno.test({
    name: `factored: ${name}`,
    sanitizeOps: true,
    sanitizeResources: true,
    fn: () =>
      withFiles([npzBytes(band(ROWS, COLUMNS))], async ([path]) => {
        using chunk = await Chunk.open(path!);
        const made: BatchCreator[] = [];
        try {
          await use(() => {
            const transforms = [{ kind: "scale", factor: 2 / ROWS }] as const;
            made.push(new BatchCreator([chunk], 2, 1, { batchSize: 8, transforms }));
            return made.at(-1)!;
          });
        } finally {
          made.forEach((batches) => batches.close());
        }
      }),
  });
}

async function train(model: Model, batches: () => BatchCreator, epochs: number): Promise<number[]> {
  const losses = [];
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const rates = Float64Array.from({ length: STEPS }, (_, i) => 0.05 + 0.01 * i); // another rate each step
    losses.push(...(await model.train(batches(), rates, epoch, 0)).losses);
  }
  return losses;
}

async function read(model: Model, info: TensorInfo): Promise<Float32Array> {
  const values = new Float32Array(info.shape.reduce((product, size) => product * size, 1));
  await model.readTensor(info, 0, info.shape[0]!, new Uint8Array(values.buffer));
  return values;
}

const parametersOf = (model: Model) => model.tensors().filter(({ role }) => role === "parameter");

/** Largest difference of the parameters of two models. */
async function distance(a: Model, b: Model): Promise<number> {
  const mine = parametersOf(a), theirs = parametersOf(b);
  assertEquals(mine.map(({ name, shape }) => [name, shape]), theirs.map(({ name, shape }) => [name, shape]));
  assertEquals(mine.length, 6);
  let largest = 0;
  for (const [i, info] of mine.entries()) {
    const other = await read(b, theirs[i]!);
    (await read(a, info)).forEach((value, k) => largest = Math.max(largest, Math.abs(value - other[k]!)));
  }
  return largest;
}

test("update: sgd starts where the dense layer starts, and goes where it goes", async (batches) => {
  using dense = built({});
  using factored = built({ solver: "factored", update: "sgd" });
  assertEquals(await distance(dense, factored), 0);
  const losses = await train(dense, batches, 10), found = await train(factored, batches, 10);
  assertEquals(found.length, 10 * STEPS);
  found.forEach((loss, i) => assert(Math.abs(loss / losses[i]! - 1) <= 1e-5, `step ${i}: ${loss} and ${losses[i]}`));
  const epoch = (at: number) => losses.slice(at, at + STEPS).reduce((a, b) => a + b);
  assert(epoch(9 * STEPS) < 0.9 * epoch(0), `${epoch(9 * STEPS)} of ${epoch(0)}`);
  const apart = await distance(dense, factored);
  assert(apart <= 1e-5, `${apart}`);
});

for (const update of ["least_squares", "sgd"] as const) {
  test(`${update}: the loss through the identities is that of the weights`, async (batches) => {
    using model = built({ solver: "factored", update });
    await train(model, batches, 3);
    const identities = await model.evaluate(batches());
    const zeros = () => new Float64Array(COLUMNS);
    const columns = { sse: zeros(), sum: zeros(), sumsq: zeros() };
    const materialised = await model.evaluate(batches(), columns); // by columns: through the plain weights
    assertEquals(identities.rows, ROWS);
    for (const [mine, theirs] of [[identities.sse, materialised.sse], [identities.loss, materialised.loss]] as const) {
      assert(theirs > 0 && Math.abs(mine / theirs - 1) <= 1e-6, `${mine} and ${theirs}`);
    }
    const total = columns.sse.reduce((a, b) => a + b);
    assert(Math.abs(total / identities.sse - 1) <= 1e-6, `${total} and ${identities.sse}`);
  });
}

test("update: sgd goes on from plain weights that were written", async (batches) => {
  using from = built({ solver: "factored", update: "sgd" });
  await train(from, batches, 2);
  using to = built({ solver: "factored", update: "sgd" }, 2);
  assert(await distance(from, to) > 0.01);
  const theirs = parametersOf(from);
  for (const [i, info] of parametersOf(to).entries()) {
    const values = await read(from, theirs[i]!);
    await to.writeTensor(info, 0, info.shape[0]!, new Uint8Array(values.buffer as ArrayBuffer));
  }
  assertEquals(await distance(from, to), 0);
  await train(from, batches, 2);
  await train(to, batches, 2);
  const apart = await distance(from, to);
  assert(apart <= 1e-5, `${apart}`);
});

test("refit: forgets what was learned and solves for all rows; a layer trained by gradients refuses", async (batches) => {
  const weight = (model: Model) => read(model, model.tensors().find(({ name }) => name === "decoder.2.weight")!);
  const least = { solver: "factored", update: "least_squares" };
  using fresh = built(least);
  using trained = built(least);
  await trained.train(batches(), new Float64Array(STEPS).fill(0), 1, 0); // rate 0: the layers before stay
  for (const model of [fresh, trained]) await model.refit([batches()]);
  assertEquals(await weight(fresh), await weight(trained));
  const before = (await fresh.evaluate(batches())).sse;
  using start = built(least);
  assert(before < (await start.evaluate(batches())).sse);

  using dense = built({ solver: "dense" });
  await assertRejects(() => dense.refit([batches()]), EngineError, "trained by gradients");
});

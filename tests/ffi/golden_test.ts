/**
 * Ten training steps against PyTorch: tests/golden/make_golden.py says what the files hold, of which make_codes.py and
 * make_counts.py make more.
 *
 * PyTorch computed in double, the engine in float: they may differ by the rounding of a float's sums. The tolerance is
 * 1e-5 (80 units in the last place) of the largest value of a tensor; for gradients, if that is more, 1e-6 of the step's
 * largest gradient, as sums that nearly cancel (biases before batch norm) keep fewer digits: PyTorch's own float
 * arithmetic is 1e-5 of such a tensor away from its double. Adam and RMSprop divide a gradient by its own size, so a
 * weight may be off by the relative error of a single gradient times the learning rate; with these settings that stays
 * below 1e-5.
 *
 * Each case is trained on the sparse rows, and on the same rows as a dense array: the numbers to reach are the same.
 */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { BatchCreator, type Transform } from "../../ffi/batches.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { engine } from "../../ffi/library.ts";
import { type Layer, type Loss, Model, type Optimizer, type TensorInfo } from "../../ffi/model.ts";
import { temporary } from "../helpers/cli.ts";
import { npy } from "../helpers/npz.ts";

engine(); // the library stays open: not a leak of the test that is first

const TOLERANCE = 1e-5;
const folder = new URL("../golden/", import.meta.url);

interface Case {
  readonly name: string;
  readonly encoder: readonly Layer[];
  readonly decoder: readonly Layer[];
  readonly loss: Loss;
  readonly transforms: readonly Transform[];
  readonly optimizer: Optimizer;
  readonly learning_rate: number;
  readonly gradient_clip: number;
  readonly losses: readonly number[];
  readonly gradient_norms: readonly number[];
  readonly tensors: readonly { readonly name: string; readonly shape: readonly number[]; readonly trained: boolean }[];
}

interface Golden {
  readonly rows: number;
  readonly columns: number;
  readonly batch_size: number;
  readonly steps: number;
  readonly cases: readonly Case[];
}

const files = ["golden", "codes", "counts"].map((name) => ({
  golden: JSON.parse(Deno.readTextFileSync(new URL(`${name}.json`, folder))) as Golden,
  values: new Float32Array(Deno.readFileSync(new URL(`${name}.bin`, folder)).buffer),
}));

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** All cases of a file, with what its .bin has of them. */
function read({ golden, values }: typeof files[number]) {
  let next = 0;
  const take = (tensors: Case["tensors"]): Map<string, Float32Array<ArrayBuffer>> =>
    new Map(tensors.map(({ name, shape }) => [name, values.slice(next, next += sizeOf(shape))]));
  const cases = golden.cases.map((golden_case) => ({ golden, golden_case, ...readCase(golden, golden_case, take) }));
  assertEquals(next, values.length, "golden values that no case has");
  return cases;
}

function readCase(
  golden: Golden,
  { tensors }: Case,
  take: (tensors: Case["tensors"]) => Map<string, Float32Array<ArrayBuffer>>,
) {
  const trained = tensors.filter(({ trained }) => trained);
  const initial = take(tensors);
  const steps = Array.from({ length: golden.steps }, (_, step) => ({
    gradients: step === 0 || step === golden.steps - 1 ? take(trained) : null,
    after: take(tensors),
  }));
  return { initial, steps };
}

const largest = (values: ArrayLike<number>) => Math.max(...Array.from(values, Math.abs));

function assertNear(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>, least = 0): void {
  assertEquals(actual.length, expected.length, what);
  const scale = Math.max(least, largest(expected));
  assert(expected.length > 0 && Number.isFinite(scale), what);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!);
    assert(error <= TOLERANCE * scale, `${what}[${i}]: ${actual[i]}, PyTorch has ${expected[i]}, largest ${scale}`);
  }
}

async function assertTensors(
  what: string,
  model: Model,
  role: readonly TensorInfo["role"][],
  expected: Map<string, Float32Array>,
): Promise<void> {
  const found = model.tensors().filter((info) => role.includes(info.role) && info.dtype === "F32");
  assertEquals(found.map(({ name }) => name), [...expected.keys()]);
  const least = Math.max(...[...expected.values()].map(largest)) / 10;
  for (const info of found) {
    const actual = new Float32Array(sizeOf(info.shape));
    await model.readTensor(info, 0, info.shape[0]!, new Uint8Array(actual.buffer));
    assertNear(`${what}: ${info.name}`, actual, expected.get(info.name)!, info.role === "gradient" ? least : 0);
  }
}

const SPARSE = fromFileUrl(new URL("rows.npz", folder));

/** The rows as a dense .npy file in a folder of its own. */
async function denseRows(golden: Golden, target: string): Promise<string> {
  using chunk = await Chunk.open(SPARSE);
  using batches = new BatchCreator([chunk], 1, 1, { batchSize: golden.rows });
  const { rowPtr, columns, target: stored } = (await batches.next())!;
  const dense = new Float32Array(golden.rows * golden.columns);
  for (let row = 0; row < golden.rows; row++) {
    for (let at = rowPtr[row]!; at < rowPtr[row + 1]!; at++) dense[row * golden.columns + columns[at]!] = stored[at]!;
  }
  const path = join(target, "rows.npy");
  await Deno.writeFile(path, npy("<f4", `${golden.rows}, ${golden.columns}`, new Uint8Array(dense.buffer)));
  return path;
}

const cases = files.flatMap(read);
for (
  const { golden, golden_case, initial, steps, dense } of cases.flatMap((one) =>
    [false, true].map((dense) => ({ ...one, dense }))
  )
) {
  Deno.test({
    name: `golden: ${golden_case.name}${dense ? ", dense rows" : ""}`,
    sanitizeOps: true,
    sanitizeResources: true,
    async fn() {
      const { encoder, decoder, loss, transforms, optimizer, gradient_clip, learning_rate, tensors } = golden_case;
      using model = Model.create({
        ...{ encoder, decoder, loss, optimizer, columns: golden.columns, seed: 1, threads: 2, dense },
        gradientClip: gradient_clip,
      });
      model.build();
      for (const info of model.tensors().filter(({ name }) => initial.has(name))) {
        assertEquals(info.shape, tensors.find(({ name }) => name === info.name)!.shape);
        await model.writeTensor(info, 0, info.shape[0]!, new Uint8Array(initial.get(info.name)!.buffer));
      }
      using scratch = temporary();
      using chunk = await Chunk.open(dense ? await denseRows(golden, scratch.path) : SPARSE);
      assertEquals([chunk.rows, chunk.columns], [golden.rows, golden.columns]);
      using batches = new BatchCreator([chunk], 2, 1, { batchSize: golden.batch_size, transforms });
      for (const [step, { gradients, after }] of steps.entries()) {
        const what = `step ${step + 1}`;
        if (gradients) {
          using again = new BatchCreator([chunk], 1, 1, {
            batchSize: golden.batch_size,
            firstBatch: step,
            transforms,
          });
          assertNear(`${what}: loss`, [await model.backward(again)], [golden_case.losses[step]!]);
          await assertTensors(`${what}: gradient`, model, ["gradient"], gradients);
        }
        const result = await model.train(batches, Float64Array.of(learning_rate), 1, 0);
        assertNear(`${what}: loss`, result.losses, [golden_case.losses[step]!]);
        assertNear(`${what}: gradient norm`, [result.lastGradNorm], [golden_case.gradient_norms[step]!]);
        await assertTensors(what, model, ["parameter", "buffer"], after);
      }
      assertEquals((await model.train(batches, Float64Array.of(1), 1, 0)).steps, 0);
    },
  });
}

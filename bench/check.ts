/** The checks before a timing, which compare a small case of the same config with plain arithmetic in double. */
import { join } from "@std/path";
import { BatchCreator } from "../ffi/batches.ts";
import { Chunk } from "../ffi/chunk.ts";
import type { Model } from "../ffi/model.ts";
import { type Csr, npyBytes, npzBytes, syntheticCsr } from "./chunks.ts";
import { type Autoencoder, Training } from "./narrows.ts";
import { dense, type Linear, Reference } from "./reference.ts";
import { CheckFailed } from "./types.ts";

const ROWS = 48, COLUMNS = 300, NNZ = 12, STEPS = 12;

/** @throws {CheckFailed} unless `got` is within a relative `tolerance` of `wanted`; NaN fails. */
export function near(what: string, got: number, wanted: number, tolerance: number): void {
  if (Math.abs(got - wanted) <= tolerance * Math.abs(wanted)) return;
  throw new CheckFailed(`${what}: got ${got}, plain arithmetic has ${wanted} (tolerance ${tolerance})`);
}

async function read(model: Model, name: string): Promise<Float64Array> {
  const info = model.tensors().find((tensor) => tensor.name === name && tensor.role === "parameter");
  if (!info) throw new CheckFailed(`the model has no tensor ${name}`);
  const bytes = new Uint8Array(4 * info.shape.reduce((product, size) => product * size, 1));
  await model.readTensor(info, 0, info.shape[0] ?? 1, bytes);
  return Float64Array.from(new Float32Array(bytes.buffer));
}

async function linear(model: Model, name: string, inputs: number, outputs: number): Promise<Linear> {
  const [weight, bias] = [await read(model, `${name}.weight`), await read(model, `${name}.bias`)];
  return { inputs, outputs, weight, bias };
}

/** The losses of Adam's first steps, all rows in each batch, agree with {@link Reference}. */
async function checkSteps(training: Training, csr: Csr, tolerance: number): Promise<void> {
  const { model, config } = training;
  const layers = [
    await linear(model, "encoder.0", COLUMNS, 16),
    await linear(model, "encoder.2", 16, 4),
    await linear(model, "decoder.0", 4, 16),
    await linear(model, "decoder.2", 16, COLUMNS),
  ];
  const reference = new Reference(layers, [true, false, true, false]);
  const { losses } = await training.steps(STEPS);
  const rows = dense(csr);
  losses.forEach((loss, step) => {
    near(`loss of step ${step + 1}`, loss, reference.train(rows, ROWS, config.optimizer.learning_rate), tolerance);
  });
}

/** The loss that evaluation finds by its identities is that of the reconstruction it gives, and training lowers it. */
async function checkLoss(training: Training, csr: Csr, path: string, tolerance: number): Promise<void> {
  const { model } = training;
  using chunk = await Chunk.open(path);
  const batches = () => new BatchCreator([chunk], 1, 1, { batchSize: ROWS });
  const { losses } = await training.steps(STEPS);
  if (!(losses.at(-1)! < losses[0]!)) throw new CheckFailed(`the loss rose from ${losses[0]} to ${losses.at(-1)}`);
  using forLoss = batches();
  using forRows = batches();
  const { loss } = await model.evaluate(forLoss);
  const output = await model.reconstruct(forRows, ROWS);
  const target = dense(csr);
  let sum = 0;
  output.forEach((value, k) => sum += (value - target[k]!) ** 2);
  near("loss of the reconstruction", loss, sum / target.length, tolerance);
}

/** @throws {CheckFailed} if a small case of this config gives a wrong result */
export async function checkAutoencoder(
  scratch: string,
  { solver, precision, threads, dense: asDense = false }: Pick<
    Autoencoder,
    "solver" | "precision" | "threads" | "dense"
  >,
): Promise<void> {
  const csr = syntheticCsr(ROWS, COLUMNS, NNZ, 7);
  const path = join(scratch, `check-${solver}-${precision ?? "f32"}.${asDense ? "npy" : "npz"}`);
  const rows = () => npyBytes(ROWS, COLUMNS, Float32Array.from(dense(csr)));
  await Deno.writeFile(path, asDense ? rows() : npzBytes(csr));
  const whole = {
    solver,
    precision,
    threads,
    path,
    dense: asDense,
    hidden: 16,
    latent: 4,
    batch: ROWS,
    learningRate: 0.003,
  };
  const tolerance = precision === "bf16" ? 2e-2 : 1e-4;
  await using training = Training.start(whole);
  if (solver === "dense") await checkSteps(training, csr, tolerance);
  await using again = Training.start(whole);
  await checkLoss(again, csr, path, tolerance);
}

/**
 * Measures what docs/codes.md says of masked tokens, contractive codes and categories, and prints its tables.
 *
 *     deno run -A bench/codes.ts masks
 *     deno run -A bench/codes.ts contractive
 *     deno run -A bench/codes.ts donors CHUNKS     # sparse chunks of pbmc3k
 */
import { join } from "@std/path";
import { ROOT } from "../core/build/tree.ts";
import { Chunk } from "../ffi/chunk.ts";
import { embed, evaluate, reconstruct } from "../core/train/results.ts";
import { train } from "../core/train/train.ts";
import { BatchCreator } from "../ffi/batches.ts";
import { random } from "./chunks.ts";

const folder = Deno.makeTempDirSync();
const row = (...cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);
const override = (values: Record<string, unknown>) =>
  Object.entries(values).map(([key, value]) => `${key}=${JSON.stringify(value)}`);

async function trained(name: string, config: string, values: Record<string, unknown>): Promise<string> {
  const runDir = join(folder, name);
  await train({ config: join(ROOT, "configs", config), runDir, overrides: override(values) });
  return runDir;
}

/** Bytes of the values of a `.npy` file in the repository. */
function valuesOf(path: string): Int8Array {
  const bytes = Deno.readFileSync(join(ROOT, path));
  return new Int8Array(bytes.buffer, 10 + bytes[8]! + 256 * bytes[9]!);
}

/** R2 of whole validation lines, and of the samples of the tokens of 16 of which a quarter is set to 0. */
async function masks(): Promise<void> {
  const SAMPLES = 256, TOKEN = 16, SCALE = 0.007874; // as the config scales the lines
  const lines = [0, 1].flatMap((file) => [...valuesOf(`data/pulse_echo/lines_${file}.npy`)]);
  const conv = (kind: string, channels: number, more = {}) => ({
    [kind]: channels,
    kernel: 31,
    stride: 2,
    padding: 15,
    ...more,
  });
  const up = (channels: number) => conv("conv_transpose1d", channels, { output_padding: 1 });
  row("share", "loss.on", "R2 of whole lines", "of hidden samples");
  for (const [share, on] of [[0, "all"], [0.25, "all"], [0.5, "all"], [0.75, "all"], [0.25, "hidden"]] as const) {
    const mask = share === 0 ? [] : [{ mask_tokens: share, length: TOKEN }];
    const run = await trained(`masks-${share}-${on}`, "pulse_echo.yaml", {
      "model.preset": null,
      "model.latent": null,
      "model.width": null,
      "data.shape": [1, SAMPLES],
      "model.encoder": [...mask, conv("conv1d", 8), "relu", conv("conv1d", 16), "relu", { linear: 32 }],
      "model.decoder": [{ linear: 1024 }, "relu", { unflatten: [16, 64] }, up(8), "relu", up(1)],
      "loss.on": on,
    });
    const { r2 } = await evaluate(run, { split: "validation" });
    const { rowNumbers } = await reconstruct(run, { split: "validation" });
    const next = random(7), hidden = rowNumbers.map(() => Array.from({ length: SAMPLES / TOKEN }, () => next() < 0.25));
    const at = (line: number, sample: number) => lines[rowNumbers[line]! * SAMPLES + sample]!;
    const isHidden = (line: number, sample: number) => hidden[line]![Math.floor(sample / TOKEN)]!;
    const values = Float32Array.from({ length: rowNumbers.length * SAMPLES }, (_, i) => {
      const line = Math.floor(i / SAMPLES), sample = i % SAMPLES;
      return isHidden(line, sample) ? 0 : at(line, sample);
    });
    const made = await reconstruct(run, { data: { rows: { values, columns: SAMPLES } } });
    let error = 0, size = 0;
    made.values.forEach((value, i) => {
      const line = Math.floor(i / SAMPLES), sample = i % SAMPLES;
      if (!isHidden(line, sample)) return;
      const wanted = SCALE * at(line, sample);
      error += (value - wanted) ** 2;
      size += wanted ** 2;
    });
    row(share || "no masks", on, r2.toFixed(2), (1 - error / size).toFixed(2));
  }
}

/** How far codes of digits move when the images get noise, in comparison with how far they lie apart. */
async function contractive(): Promise<void> {
  const PIXELS = 64, LATENT = 8, DEVIATION = 0.1;
  const images = Float32Array.from(valuesOf("data/digits/digits_0.npy"));
  const rows = images.length / PIXELS, next = random(1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const noisy = images.map((value) => value + 16 * DEVIATION * normal()); // pixels are from 0 to 16
  row("weight", "R2", "squared move of a code, of the variance of codes", "squared norm of the Jacobian");
  for (const weight of [0, 0.003, 0.01, 0.03, 0.1]) {
    const layers = [{ linear: 64 }, "relu", { linear: 32 }, "relu", { linear: LATENT }];
    const run = await trained(`contractive-${weight}`, "digits.yaml", {
      "model.encoder": [{ contractive: layers, weight }],
      "loss.reduction": "row_mean",
    });
    const { r2 } = await evaluate(run, { split: "validation" });
    const codes = async (values: Float32Array<ArrayBuffer>) =>
      (await embed(run, { data: { rows: { values, columns: PIXELS } } })).values;
    const [before, after] = [await codes(images), await codes(noisy)];
    const mean = new Float64Array(LATENT);
    before.forEach((value, i) => mean[i % LATENT]! += value / rows);
    let moved = 0, spread = 0;
    before.forEach((value, i) => {
      moved += (after[i]! - value) ** 2;
      spread += (value - mean[i % LATENT]!) ** 2;
    });
    row(
      weight,
      r2.toFixed(2),
      `${(100 * moved / spread).toFixed(1)} %`,
      (moved / rows / DEVIATION ** 2).toPrecision(2),
    );
  }
}

/** Of the 15 codes nearest to a cell's, the share of the same made-up donor. */
async function donors(chunks: string): Promise<void> {
  const GENES = 2000, NEAREST = 15, THINNED = 0.3, KEPT = 0.3;
  const names = [...Deno.readDirSync(chunks)].map(({ name }) => name).filter((name) => name.endsWith(".npz")).sort();
  const next = random(0);
  const cells: Map<number, number>[] = [];
  let columns = 0;
  for (const name of names) {
    using chunk = await Chunk.open(join(chunks, name));
    columns = chunk.columns;
    using batches = new BatchCreator([chunk], 2, 1, { batchSize: chunk.rows });
    for await (const { rows, rowPtr, columns, target } of batches) {
      for (let cell = 0; cell < rows; cell++) {
        const from = rowPtr[cell]!, to = rowPtr[cell + 1]!;
        cells.push(new Map(Array.from({ length: to - from }, (_, at) => [columns[from + at]!, target[from + at]!])));
      }
    }
  }
  const totals = new Float64Array(columns);
  for (const cell of cells) for (const [gene, count] of cell) totals[gene]! += count;
  const chosen = [...totals.keys()].sort((a, b) => totals[b]! - totals[a]!).slice(0, GENES).sort((a, b) => a - b);
  const place = new Map(chosen.map((gene, index) => [gene, index]));
  const isThinned = chosen.map(() => next() < THINNED), donor = cells.map(() => next() < 0.5 ? 0 : 1);
  const indptr = [0], indices: number[] = [], data: number[] = [], batch: string[] = [];
  cells.forEach((cell, i) => {
    const start = indices.length;
    for (const [gene, count] of [...cell].sort(([a], [b]) => a - b)) {
      const at = place.get(gene);
      if (at === undefined) continue;
      let left = count;
      if (donor[i] === 1 && isThinned[at]) left = Array.from({ length: count }, next).filter((x) => x < KEPT).length;
      if (left === 0) continue;
      indices.push(at);
      data.push(left);
    }
    if (indices.length === start) return;
    indptr.push(indices.length);
    batch.push(`donor ${donor[i]! + 1}`);
  });
  const rows = {
    indptr: Int32Array.from(indptr),
    indices: Int32Array.from(indices),
    data: Float32Array.from(data),
    columns: GENES,
  };
  const config = (epochs: number) => ({
    name: "donors",
    seed: 1,
    data: { batch_size: 128 },
    model: { preset: "scvi" },
    training: { epochs },
    optimizer: { learning_rate: 0.001, eps: 0.01 },
    checkpoint: { best: false },
    paths: { runs: folder },
  });
  row("epochs", "without data.batch", "with it");
  for (const epochs of [40, 120]) {
    const shares: string[] = [];
    for (const given of [{}, { batch }]) {
      const { path } = await train({ config: config(epochs), data: { rows, ...given } });
      const { values, rows: count, columns: width } = await embed(path, { data: { rows, ...given } });
      shares.push(sameDonor(values, count, width, batch, NEAREST).toFixed(2));
    }
    row(epochs, ...shares);
  }
}

function sameDonor(codes: Float32Array, rows: number, width: number, donor: readonly string[], nearest: number) {
  let same = 0;
  for (let i = 0; i < rows; i++) {
    const distance = Float64Array.from({ length: rows }, (_, j) => {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += (codes[i * width + k]! - codes[j * width + k]!) ** 2;
      return j === i ? Infinity : sum;
    });
    const order = Uint32Array.from(distance.keys()).sort((a, b) => distance[a]! - distance[b]!);
    same += order.subarray(0, nearest).filter((j) => donor[j] === donor[i]).length / nearest;
  }
  return same / rows;
}

const [what, path] = Deno.args;
try {
  if (what === "masks") await masks();
  else if (what === "contractive") await contractive();
  else if (what === "donors" && path) await donors(path);
  else throw new Error("one of: masks, contractive, donors CHUNKS");
} finally {
  Deno.removeSync(folder, { recursive: true });
}

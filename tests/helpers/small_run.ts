/** A small data set and config that use every part of a run: several chunks, dropout, masking, clipping, batch norm. */
import { join } from "@std/path";
import { npy, writeChunks } from "./npz.ts";

export const SMALL_CONFIG = `
name: small
seed: 7
data:
  format: csr_npz
  path: chunks
  batch_size: 16
  shuffle_window: 1
  split: {train: 0.8, validation: 0.1, test: 0.1}
  transforms: [{library_size: 100}, log1p]
  mask_rate: 0.1
model:
  start: random
  encoder: [{linear: 24}, batch_norm, {leaky_relu: 0.02}, {dropout: 0.1}, {linear: 6}]
  decoder: [{linear: 24}, relu, {linear: output}]
optimizer: {name: adamw, learning_rate: 0.003}
scheduler: {name: cosine, warmup_steps: 5}
training: {epochs: 3, gradient_clip: 1.0}
checkpoint: {every_steps: 5, every_epochs: 1, keep: 3}
runtime: {threads: 2}
paths: {runs: runs}
`;

/** Wider and sparser, with Adam's form that leaves rows of the first layer behind: most batches touch few columns. */
export const WIDE_CONFIG = SMALL_CONFIG
  .replace("batch_size: 16", "batch_size: 4")
  .replace("{name: adamw, learning_rate: 0.003}", "{name: adamw, learning_rate: 0.003, betas: [0.5, 0.99]}")
  .replace("every_steps: 5", "every_steps: 17");

/** Writes small.yaml and its chunks into a folder; returns the config's path. */
export function smallProject(folder: string, config = SMALL_CONFIG, rows = 120): string {
  if (config === WIDE_CONFIG) writeChunks(join(folder, "chunks"), 3, rows, 900, 0.02);
  else writeChunks(join(folder, "chunks"), 3, rows, 60);
  const path = join(folder, "small.yaml");
  Deno.writeTextFileSync(path, config);
  return path;
}

export const DENSE_CONFIG = SMALL_CONFIG.replace("csr_npz", "dense_npy").replace("path: chunks", "path: rows");

/** Rows in each of three files, and their width. */
export const DENSE_ROWS = 100, DENSE_COLUMNS = 24;

/** Rows of bytes that follow a few patterns, in three files; returns the config's path. */
export function denseProject(folder: string, config = DENSE_CONFIG): string {
  Deno.mkdirSync(join(folder, "rows"));
  for (let file = 0; file < 3; file++) {
    const values = Uint8Array.from({ length: DENSE_ROWS * DENSE_COLUMNS }, (_, i) => {
      const row = Math.floor(i / DENSE_COLUMNS) + file * DENSE_ROWS, column = i % DENSE_COLUMNS;
      return (row * 7 % 5) * (column % 4) + column + (row * 31 + column * 17) % 3;
    });
    const bytes = npy("|u1", `${DENSE_ROWS}, ${DENSE_COLUMNS}`, values);
    Deno.writeFileSync(join(folder, "rows", `rows_${file}.npy`), bytes);
  }
  const path = join(folder, "small.yaml");
  Deno.writeTextFileSync(path, config);
  return path;
}

/** The bytes of a run that must not depend on how it was run: tensors, and logs without wall-clock columns. */
export function fingerprintOf(run: string): Record<string, string> {
  const latest = Deno.readTextFileSync(join(run, "checkpoints", "latest")).trim();
  const hex = (bytes: Uint8Array) => bytes.length + ":" + hash(bytes);
  const clockless = (file: string, drop: readonly string[]) => {
    const [head, ...rows] = Deno.readTextFileSync(join(run, file)).trim().split("\n").map((line) => line.split(","));
    const kept = head!.map((name, i) => drop.includes(name) ? -1 : i).filter((i) => i >= 0);
    return [head!, ...rows].map((row) => kept.map((i) => row[i]).join(",")).join("\n");
  };
  const clocks = ["samples_per_second", "wait_ms", "step_ms", "elapsed_s", "open_wait_ms", "forward_ms", "backward_ms"];
  const kept = [...Deno.readDirSync(join(run, "checkpoints"))].some(({ name }) => name === "best");
  const best = kept ? Deno.readTextFileSync(join(run, "checkpoints", "best")).trim() : "none";
  const ofBest = (file: string) => kept ? hex(Deno.readFileSync(join(run, "checkpoints", best, file))) : "none";
  return {
    latest,
    best,
    best_model: ofBest("model.safetensors"),
    best_optimizer: ofBest("optimizer.safetensors"),
    model: hex(Deno.readFileSync(join(run, "checkpoints", latest, "model.safetensors"))),
    optimizer: hex(Deno.readFileSync(join(run, "checkpoints", latest, "optimizer.safetensors"))),
    steps: clockless("steps.csv", clocks),
    chunks: clockless("chunks.csv", clocks),
    epochs: clockless("epochs.csv", [...clocks, "train_ms", "validation_ms", "checkpoint_ms", "diagnostics_ms"]),
  };
}

/** FNV-1a, 64 bits: enough to tell two files apart in a test. */
function hash(bytes: Uint8Array): string {
  let h = 0xcbf29ce484222325n;
  for (const byte of bytes) h = BigInt.asUintN(64, (h ^ BigInt(byte)) * 0x100000001b3n);
  return h.toString(16);
}

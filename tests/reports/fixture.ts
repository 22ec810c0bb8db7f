/** A run as core/runs would read it, made up in memory from a seed: shapes and noise like those of real runs. */
import type {
  ChunkRow,
  ColumnsDiagnostic,
  EpochRow,
  LatentDiagnostic,
  LayerRow,
  ReconstructionDiagnostic,
  RunData,
  SplitMetrics,
  StepRow,
  Summary,
} from "../../core/runs/types.ts";

export interface FixtureOptions {
  readonly seed?: number;
  readonly name?: string;
  readonly epochs?: number;
  readonly stepsPerEpoch?: number;
  readonly chunks?: number;
  readonly columns?: number;
  readonly latentRows?: number;
  readonly clusters?: number;
  readonly learningRate?: number;
  readonly latentSize?: number;
  /** Where the loss settles. */
  readonly floor?: number;
}

/** Mulberry32: uniform in [0, 1). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const CELLS = [
  "CD4 T cells",
  "CD14+ monocytes",
  "B cells",
  "CD8 T cells",
  "NK cells",
  "FCGR3A+ monocytes",
  "Dendritic cells",
  "Megakaryocytes",
];
const GENES = ["LYZ", "S100A9", "S100A8", "CD74", "NKG7", "CST3", "HLA-DRA", "FTL", "GNLY", "TYROBP", "FCER1G", "CCL5"];

export const CONFIG_TEXT = `# Resolved config of this run.
name: pbmc3k
seed: 7
data:
  format: csr_npz
  path: data/pbmc3k
  batch_size: 48
  last_batch: keep
  shuffle: true
  workers: 2
  preload_batches: 8
  split: { by: rows, train: 0.8, validation: 0.1, test: 0.1, seed: 7 }
  transforms:
    - library_size: 10000
    - log1p
model:
  encoder:
    - linear: 512
    - leaky_relu: 0.01
    - linear: 64
  decoder:
    - linear: 512
    - leaky_relu: 0.01
    - { linear: output, solver: auto }
optimizer:
  name: adam
  learning_rate: 0.001
  betas: [0.9, 0.999]
scheduler:
  name: cosine # after a linear warm-up
  warmup_steps: 100
training:
  epochs: 40
  gradient_clip: null
  early_stopping: { patience: 12, min_delta: 0 }
paths:
  runs: "runs"
`;

function makeConfig(options: FixtureOptions): Record<string, unknown> {
  return {
    name: options.name ?? "pbmc3k",
    seed: options.seed ?? 7,
    data: {
      format: "csr_npz",
      path: "data/pbmc3k",
      batch_size: 48,
      workers: 2,
      split: { by: "rows", train: 0.8, validation: 0.1, test: 0.1, seed: 7 },
      labels: "data/pbmc3k/labels.txt",
    },
    model: {
      encoder: [{ kind: "linear", size: 512 }, { kind: "leaky_relu", slope: 0.01 }, {
        kind: "linear",
        size: options.latentSize ?? 64,
      }],
      decoder: [{ kind: "linear", size: 512 }, { kind: "leaky_relu", slope: 0.01 }, { kind: "linear", size: "output" }],
    },
    loss: { kind: "mse", reduction: "mean" },
    optimizer: { name: "adam", learning_rate: options.learningRate ?? 0.001 },
    training: { epochs: options.epochs ?? 40 },
    paths: { runs: "/home/user/runs" },
  };
}

function makeLogs(options: FixtureOptions, random: () => number) {
  const epochs = options.epochs ?? 40;
  const perEpoch = options.stepsPerEpoch ?? 50;
  const chunkCount = options.chunks ?? 4;
  const rate = options.learningRate ?? 0.001;
  const floor = options.floor ?? 0.047;
  const total = epochs * perEpoch;
  const steps: StepRow[] = [];
  const chunks: ChunkRow[] = [];
  const epochRows: EpochRow[] = [];
  let elapsed = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const from = steps.length;
    for (let chunk = 0; chunk < chunkCount; chunk++) {
      const first = steps.length;
      const openWait = (epoch === 1 ? 35 : 4) * (0.4 + random());
      elapsed += openWait / 1000;
      const end = Math.floor(((chunk + 1) * perEpoch) / chunkCount) - Math.floor((chunk * perEpoch) / chunkCount);
      for (let batch = 0; batch < end; batch++) {
        const step = steps.length + 1;
        const progress = step / total;
        const mean = floor + 0.62 * Math.exp(-step / 9) + 0.06 * Math.exp(-step / (total / 6));
        const warm = Math.min(1, step / 100);
        const stepMs = 26 + 5 * random() + (random() < 0.01 ? 30 * random() : 0);
        const waitMs = random() < 0.04 ? 6 * random() : 0.05 * random();
        elapsed += (stepMs + waitMs) / 1000;
        steps.push({
          step,
          epoch,
          chunk,
          batch,
          rows: 48,
          loss: mean * (1 + 0.07 * normal(random)),
          learning_rate: rate * warm * (0.5 + 0.5 * Math.cos(Math.PI * progress)),
          grad_norm: (0.08 + 1.4 * Math.exp(-step / 30)) * (1 + 0.25 * Math.abs(normal(random))),
          samples_per_second: 48000 / (stepMs + waitMs),
          wait_ms: waitMs,
          step_ms: stepMs,
          elapsed_s: elapsed,
        });
      }
      const part = steps.slice(first);
      const stepMs = part.reduce((s, r) => s + r.step_ms, 0);
      const waitMs = part.reduce((s, r) => s + r.wait_ms, 0);
      chunks.push({
        epoch,
        chunk,
        file: `part-${chunk}.npz`,
        first_step: first + 1,
        steps: part.length,
        rows: part.length * 48,
        nnz: part.length * 48 * 840,
        loss: part.reduce((s, r) => s + r.loss, 0) / part.length,
        samples_per_second: (part.length * 48000) / (stepMs + waitMs + openWait),
        open_wait_ms: openWait,
        wait_ms: waitMs,
        forward_ms: stepMs * 0.34,
        backward_ms: stepMs * 0.66,
        elapsed_s: elapsed,
      });
    }
    const part = steps.slice(from);
    const trainMs = part.reduce((s, r) => s + r.step_ms, 0);
    const waitMs = part.reduce((s, r) => s + r.wait_ms, 0);
    const openMs = chunks.slice(-chunkCount).reduce((s, r) => s + r.open_wait_ms, 0);
    const train = part.reduce((s, r) => s + r.loss, 0) / part.length;
    const validation = train * 1.03 + 0.002 + 0.00012 * Math.max(0, epoch - epochs * 0.7) + 0.0005 * normal(random);
    elapsed += 0.09 + 0.03 + (epoch % 10 === 0 ? 0.2 : 0);
    epochRows.push({
      epoch,
      train_loss: train,
      validation_loss: validation,
      learning_rate: part.at(-1)!.learning_rate,
      samples_per_second: (part.length * 48000) / (trainMs + waitMs + openMs),
      elapsed_s: elapsed,
      steps: part.length,
      rows: part.length * 48,
      wait_ms: waitMs + openMs,
      train_ms: trainMs,
      validation_ms: 90,
      checkpoint_ms: 30,
      diagnostics_ms: epoch % 10 === 0 ? 200 : 0,
      grad_norm_max: Math.max(...part.map((r) => r.grad_norm)),
    });
  }
  return { steps, chunks, epochs: epochRows, elapsed };
}

function makeLatent(options: FixtureOptions, random: () => number): LatentDiagnostic {
  const rows = options.latentRows ?? 1500;
  const clusters = options.clusters ?? 8;
  const size = options.latentSize ?? 64;
  const weights = Array.from({ length: clusters }, (_, k) => 1 / (1 + 0.6 * k));
  const total = weights.reduce((a, b) => a + b, 0);
  const centres = Array.from({ length: clusters }, (_, k) => [
    6 * Math.cos(2.4 * k) * Math.sqrt(k / clusters + 0.2),
    4.4 * Math.sin(2.4 * k) * Math.sqrt(k / clusters + 0.2),
    0.35 + 0.5 * random(),
  ]);
  const labels: string[] = [];
  const scores: number[][] = [];
  for (let i = 0; i < rows; i++) {
    let u = random() * total;
    let k = 0;
    while (k < clusters - 1 && u > weights[k]!) u -= weights[k++]!;
    const [x, y, s] = centres[k]! as [number, number, number];
    scores.push([x + s * normal(random), y + s * 0.8 * normal(random)]);
    labels.push(CELLS[k] ?? `cluster ${k + 1}`);
  }
  const raw = Array.from({ length: size }, (_, i) => Math.exp(-i / 3) + 0.012 * Math.exp(-i / 30));
  const all = raw.reduce((a, b) => a + b, 0);
  return {
    epoch: options.epochs ?? 40,
    split: "validation",
    rows: labels.map((_, i) => i),
    latent_size: size,
    scores,
    explained: raw.map((v) => v / all),
    labels,
  };
}

function makeReconstruction(options: FixtureOptions, random: () => number): ReconstructionDiagnostic {
  const rows = 240;
  return {
    epoch: options.epochs ?? 40,
    split: "validation",
    rows: Array.from({ length: rows }, (_, i) => i * 3),
    columns: GENES.map((name, column) => {
      const noise = 0.25 + 0.055 * column;
      const truth: number[] = [];
      const reconstruction: number[] = [];
      for (let i = 0; i < rows; i++) {
        const level = random() < 0.45 ? 0.25 + 0.3 * random() : 3.2 + 1.1 * normal(random);
        truth.push(random() < 0.28 + 0.01 * column && level < 1 ? 0 : Math.max(0, level + 0.35 * normal(random)));
        reconstruction.push(level * 0.93 + 0.1 + noise * normal(random));
      }
      const mean = truth.reduce((a, b) => a + b, 0) / rows;
      const sse = truth.reduce((s, t, i) => s + (t - reconstruction[i]!) ** 2, 0);
      const sst = truth.reduce((s, t) => s + (t - mean) ** 2, 0);
      return { column: column * 17, name, truth, reconstruction, r2: 1 - sse / sst };
    }),
  };
}

function makeColumns(options: FixtureOptions, random: () => number): ColumnsDiagnostic {
  const columns = options.columns ?? 13714;
  const [column, name, mean, variance, mse]: [number[], string[], number[], number[], number[]] = [[], [], [], [], []];
  for (let j = 0; j < columns; j++) {
    const v = Math.exp(-4.2 + 1.35 * normal(random));
    const r2 = j < GENES.length
      ? 0.9 - 0.02 * j
      : 1 - Math.exp(0.06 * normal(random) - 0.55 * Math.max(0, Math.log(v) + 3.4) * random());
    column.push(j);
    name.push(GENES[j] ?? `GENE${j}`);
    variance.push(j < GENES.length ? 3.6 - 0.15 * j : v);
    mean.push(Math.sqrt(variance[j]!) * 0.6);
    mse.push(variance[j]! * (1 - r2));
  }
  return { epoch: options.epochs ?? 40, split: "validation", column, name, mean, variance, mse };
}

export function layers(columns: number, latentSize: number): LayerRow[] {
  const linear = (name: string, inputs: number, outputs: number, detail = ""): LayerRow => ({
    name,
    kind: "linear",
    detail,
    inputs,
    outputs,
    parameters: inputs * outputs + outputs,
  });
  const activation = (name: string, width: number): LayerRow => ({
    name,
    kind: "leaky_relu",
    detail: "slope 0.01",
    inputs: width,
    outputs: width,
    parameters: 0,
  });
  return [
    linear("encoder.0", columns, 512, "sparse input"),
    activation("encoder.1", 512),
    linear("encoder.2", 512, latentSize),
    linear("decoder.0", latentSize, 512),
    activation("decoder.1", 512),
    linear("decoder.2", 512, columns, "tile-fused"),
  ];
}

function metrics(rows: number, mse: number): SplitMetrics {
  const base = 0.0755;
  return {
    rows,
    nnz: rows * 840,
    loss: mse,
    mse,
    rmse: Math.sqrt(mse),
    r2: 1 - mse / base,
    mse_mean_predictor: base,
    column_r2_mean: 0.061,
    column_r2_median: 0.024,
    columns_varying: 12988,
  };
}

export function makeRun(options: FixtureOptions = {}): RunData {
  const random = uniform(options.seed ?? 7);
  const name = options.name ?? "pbmc3k";
  const columns = options.columns ?? 13714;
  const { steps, chunks, epochs, elapsed } = makeLogs(options, random);
  const model = layers(columns, options.latentSize ?? 64);
  const best = epochs.reduce((a, b) => (b.validation_loss! < a.validation_loss! ? b : a));
  const started = Date.UTC(2026, 4, 12, 9, 41, 3);
  const floor = best.validation_loss!;
  const sum = (pick: (row: EpochRow) => number) => epochs.reduce((s, r) => s + pick(r), 0) / 1000;
  const summary: Summary = {
    name,
    status: "finished",
    reason: "epochs",
    started_at: new Date(started).toISOString(),
    ended_at: new Date(started + elapsed * 1000).toISOString(),
    steps: steps.length,
    epochs: epochs.length,
    best_epoch: best.epoch,
    best_loss: best.validation_loss,
    evaluated: { checkpoint: "best", epoch: best.epoch, step: best.epoch * (options.stepsPerEpoch ?? 50) },
    parameters: model.reduce((s, l) => s + l.parameters, 0),
    columns,
    rows: { train: 2160, validation: 270, test: 270 },
    metrics: { train: metrics(2160, floor * 0.95), validation: metrics(270, floor), test: metrics(270, floor * 1.015) },
    seconds: {
      total: elapsed + 1.3,
      train: sum((r) => r.train_ms),
      wait: steps.reduce((s, r) => s + r.wait_ms, 0) / 1000,
      validation: sum((r) => r.validation_ms),
      checkpoint: sum((r) => r.checkpoint_ms),
      diagnostics: sum((r) => r.diagnostics_ms),
    },
    peak_memory_bytes: 431_220_480,
    resumed: 0,
  };
  return {
    path: `runs/${name}-20260512-094103-a1b2`,
    name,
    config: makeConfig(options),
    configText: CONFIG_TEXT,
    environment: {
      narrows: "0.1.0",
      git_commit: "f64c15a",
      deno: "2.9.6",
      engine_abi: 1,
      cpu: "AMD EPYC 9R14 (2 cores)",
      isa: "avx512_bf16",
      isa_reason: "the fastest that this CPU has",
      threads: 2,
      host: "lab-03",
      seed: options.seed ?? 7,
      kernels: ["avx512_bf16", "avx512", "avx2", "reference"],
      command_line: "deno task train --config configs/pbmc3k.yaml",
    },
    summary,
    model,
    steps,
    chunks,
    epochs,
    latent: makeLatent(options, random),
    reconstruction: makeReconstruction(options, random),
    diagnostics: {},
    history: [],
    columns: makeColumns(options, random),
    data: null,
    sessions: [],
    edits: [],
    logged: { steps: steps.length, chunks: chunks.length, epochs: epochs.length },
    problems: [],
  };
}

/** A run of which only the folder and its config exist yet. */
export function emptyRun(name = "empty"): RunData {
  return {
    path: `runs/${name}`,
    name,
    config: {},
    configText: "",
    environment: null,
    summary: null,
    model: [],
    steps: [],
    chunks: [],
    epochs: [],
    latent: null,
    reconstruction: null,
    diagnostics: {},
    history: [],
    columns: null,
    data: null,
    sessions: [],
    edits: [],
    logged: { steps: 0, chunks: 0, epochs: 0 },
    problems: [],
  };
}

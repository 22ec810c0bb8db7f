/** Every setting of a config that changes training: two short epochs each, and what the setting promises. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { Summary } from "../../core/runs/types.ts";
import { train } from "../../core/train/train.ts";
import { temporary } from "../helpers/cli.ts";
import { smallProject } from "../helpers/small_run.ts";

interface Outcome {
  readonly path: string;
  readonly summary: Summary;
  /** Rows of steps.csv. */
  readonly steps: readonly Readonly<Record<string, number>>[];
  readonly epochs: readonly Readonly<Record<string, number>>[];
}

function readRows(path: string): Record<string, number>[] {
  const [head, ...rows] = Deno.readTextFileSync(path).trim().split("\n").map((line) => line.split(","));
  return rows.map((row) => Object.fromEntries(head!.map((name, i) => [name, Number(row[i])])));
}

/** A plain network and constant rate, so that each case changes one thing. */
const PLAIN = [
  "model.encoder=[{linear: 24}, relu, {linear: 6}]",
  "data.mask_rate=0",
  "scheduler={name: constant}",
  "optimizer={name: adam, learning_rate: 0.003}",
  "training.gradient_clip=null",
  "training.epochs=2",
  "checkpoint.every_steps=0",
  "diagnostics.max_rows=20",
];

async function trained(overrides: readonly string[]): Promise<Outcome> {
  using folder = temporary();
  const path = join(folder.path, "run");
  const config = smallProject(folder.path);
  const inFolder = overrides.map((override) => override.replaceAll("CHUNKS", join(folder.path, "chunks")));
  const { summary } = await train({ config, overrides: [...PLAIN, ...inFolder], runDir: path });
  const steps = readRows(join(path, "steps.csv")), epochs = readRows(join(path, "epochs.csv"));
  return { path, summary, steps, epochs };
}

/** The run finished, every logged loss is a number, and the second epoch's is lower than the first's. */
function learns({ summary, steps, epochs }: Outcome): void {
  assertEquals(summary.status, "finished");
  assert(steps.length > 2);
  for (const { loss, grad_norm } of steps) {
    assert(loss! > 0 && loss! < Infinity && grad_norm! > 0, `${loss}, ${grad_norm}`);
  }
  if (epochs.length > 1) assert(epochs[1]!.train_loss! < epochs[0]!.train_loss!, JSON.stringify(epochs));
  assert(summary.metrics.train!.mse > 0);
}

const rates = ({ steps }: Outcome) => steps.map((row) => row.learning_rate!);

/** @param expected of a step, counted from 0, in a run of `total` steps, `perEpoch` an epoch */
function assertRates(outcome: Outcome, expected: (step: number, total: number, perEpoch: number) => number): void {
  const total = outcome.steps.length, perEpoch = outcome.epochs[0]!.steps!;
  assert(total > perEpoch && perEpoch > 5);
  rates(outcome).forEach((rate, step) => assertAlmostEquals(rate, expected(step, total, perEpoch), 1e-9));
}

type Case = readonly [name: string, overrides: readonly string[], check?: (outcome: Outcome) => void];

const CASES: readonly Case[] = [
  ["nothing changed", [], (outcome) => assertRates(outcome, () => 0.003)],
  // Optimizers
  ["sgd", ["optimizer={name: sgd, learning_rate: 0.1}", "loss.reduction=row_mean", "training.gradient_clip=1"]],
  ["sgd, Nesterov", ["optimizer={name: sgd, learning_rate: 0.5, momentum: 0.9, nesterov: true}"]],
  ["adam, weight decay", ["optimizer={name: adam, learning_rate: 0.003, weight_decay: 0.01, betas: [0.8, 0.99]}"]],
  ["adamw", ["optimizer={name: adamw, learning_rate: 0.003, weight_decay: 0.1}"]],
  ["rmsprop", ["optimizer={name: rmsprop, learning_rate: 0.001, momentum: 0.5, alpha: 0.9}"]],
  // Rates
  [
    "cosine",
    ["scheduler={name: cosine, min_learning_rate: 0.001}"],
    (outcome) => assertRates(outcome, (step, total) => 0.001 + 0.001 * (1 + Math.cos(Math.PI * step / total))),
  ],
  [
    "step",
    ["scheduler={name: step, step_epochs: 1, gamma: 0.5}"],
    (outcome) => assertRates(outcome, (step, _, perEpoch) => step < perEpoch ? 0.003 : 0.0015),
  ],
  [
    "warm-up",
    ["scheduler={name: constant, warmup_steps: 10}"],
    (outcome) => assertRates(outcome, (step) => 0.003 * Math.min(1, (step + 1) / 10)),
  ],
  ["one_cycle", ["scheduler={name: one_cycle, rise_share: 0.5}"], (outcome) => {
    const all = rates(outcome), top = all.indexOf(Math.max(...all));
    assertAlmostEquals(all[0]!, 0.003 / 25, 1e-9);
    assertAlmostEquals(all[top]!, 0.003, 1e-5);
    assertAlmostEquals(all.at(-1)!, 0.003 / 25 / 1e4, 1e-9);
    assert(Math.abs(top + 1 - all.length / 2) <= 1);
    all.forEach((rate, i) => assert(i === 0 || (i <= top ? rate > all[i - 1]! : rate < all[i - 1]!)));
  }],
  [
    "plateau",
    ["scheduler={name: plateau, patience: 0, gamma: 0.5, threshold: 0.99}", "training.epochs=3"],
    (outcome) => assertRates(outcome, (step, _, perEpoch) => step < 2 * perEpoch ? 0.003 : 0.0015),
  ],
  // Ends
  [
    "max_steps",
    ["training.max_steps=25"],
    ({ summary }) => assertEquals([summary.steps, summary.reason], [25, "max_steps"]),
  ],
  [
    "early stopping",
    ["training.epochs=9", "training.early_stopping={patience: 2, min_delta: 1000}"],
    ({ summary }) => assertEquals([summary.epochs, summary.reason], [3, "early_stopping"]),
  ],
  // Batches
  ["last batch dropped", ["data.last_batch=drop"], ({ steps }) => assert(steps.every(({ rows }) => rows === 16))],
  ["last batch kept", [], ({ steps, summary }) => {
    assert(steps.some(({ rows }) => rows! < 16));
    assertEquals(steps.reduce((sum, { rows }) => sum + rows!, 0), 2 * summary.rows.train);
  }],
  [
    "shuffle window",
    ["data.shuffle_window=3"],
    ({ steps, summary }) => assertEquals(steps.length, 2 * Math.ceil(summary.rows.train / 16)),
  ],
  ["file order", ["data.shuffle=false"], ({ steps }) => assertEquals(steps[0]!.chunk, steps[1]!.chunk)],
  [
    "a batch of everything",
    ["data.batch_size=1000", "data.shuffle_window=3", "training.epochs=3"],
    ({ steps, summary }) => assertEquals(steps.map(({ rows }) => rows), Array(3).fill(summary.rows.train)),
  ],
  [
    "listed files",
    ["data.split={train: [CHUNKS/chunk_0.npz, CHUNKS/chunk_1.npz], test: CHUNKS/chunk_2.npz}"],
    (outcome) => assertEquals(outcome.summary.rows, { train: 240, validation: 0, test: 120 }),
  ],
  ["no held-out rows", ["data.split={train: 1, validation: 0, test: 0}"], ({ summary }) => {
    assertEquals(summary.rows, { train: 360, validation: 0, test: 0 });
    assertEquals([summary.metrics.validation, summary.metrics.test], [null, null]);
  }],
  ["masking", ["data.mask_rate=0.5"]],
  // Transforms
  ["raw counts", ["data.transforms=[]"]],
  ["scale and clip", ["data.transforms=[{scale: 0.5}, {clip: [0, 2]}]"]],
  ["binarize", ["data.transforms=[{binarize: 0}]"], ({ summary }) => assert(summary.metrics.train!.mse < 1)],
  // Model
  ["tied decoder", ["model.decoder=[{linear: 24, tied: true}, relu, {linear: output, tied: true}]"]],
  ...[
    "gelu",
    "silu",
    "tanh",
    "sigmoid",
    "{elu: 0.5}",
    "{leaky_relu: 0.2}",
    "layer_norm",
    "batch_norm",
    "{dropout: 0.3}",
  ]
    .map((layer): Case => [layer, [`model.encoder=[{linear: 24}, ${layer}, {linear: 6}]`]]),
  ...["kaiming_normal", "xavier_uniform", "{normal: 0.05}"]
    .map((init): Case => [init, [`model.encoder=[{linear: 24, init: ${init}}, relu, {linear: 6, bias: false}]`]]),
  ["one layer", ["model.encoder=[{linear: 6}]", "model.decoder=[{linear: output}]"]],
  // Loss
  ["counts", ["loss.kind=poisson", "data.transforms=[]"], ({ summary }) => {
    for (const part of ["train", "validation", "test"] as const) {
      const { loss, log_likelihood_per_row, log_likelihood_per_value, deviance_explained } = summary.metrics[part]!;
      assertAlmostEquals(log_likelihood_per_value!, -loss, 1e-12 * loss);
      assertAlmostEquals(log_likelihood_per_row!, log_likelihood_per_value! * summary.columns, 1e-9);
      assert(deviance_explained! < 1 && deviance_explained! > -100, `${deviance_explained}`);
    }
  }],
  ["cosine loss", ["loss.kind=cosine"], ({ summary }) => {
    assert(summary.metrics.test!.loss < 1.5 && summary.metrics.test!.deviance_explained === undefined);
  }],
  [
    "sums",
    ["loss.reduction=sum", "training.gradient_clip=0.5"],
    ({ steps, summary }) =>
      assertAlmostEquals(steps.at(-1)!.loss! / steps.at(-1)!.rows! / 60 / summary.metrics.train!.mse, 1, 0.5),
  ],
  ["logged now and then", ["logging.every_steps=10"], ({ steps, summary }) => {
    const all = Array.from({ length: summary.steps }, (_, i) => i + 1);
    assertEquals(steps.map(({ step }) => step), all.filter((step) => step === 1 || step % 10 === 0));
  }],
];

for (const [name, overrides, check] of CASES) {
  Deno.test(`settings: ${name}`, async () => {
    const outcome = await trained(overrides);
    learns(outcome);
    check?.(outcome);
  });
}

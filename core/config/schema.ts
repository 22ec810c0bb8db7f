/**
 * The one schema of a config in its YAML form: every key with its type, bounds, default and description.
 * Validation, `config schema`, `config explain`, error texts and docs/config.md all come from it.
 */
import { z } from "zod";
import { layerSchema, transformSchema } from "./layers.ts";

/**
 * What a resume may do with a key; one without its own takes its section's. `free`: may change (the machine, the output, how
 * long to train). `from_here`: may change from the checkpoint on, which is said and recorded. `fixed`: another value makes
 * another experiment, which takes `--fork`.
 */
export type ResumePolicy = "free" | "from_here" | "fixed";
const onResume = (resume: ResumePolicy) => ({ resume });

const count = (min: number, max: number) => z.int().min(min).max(max);
const positive = () => z.number().gt(0);
const notNegative = () => z.number().min(0);
const path = () => z.string().min(1).meta({ format: "path" });
const shareOrFiles = () => z.union([z.number().min(0).max(1), path(), z.array(path()).min(1)]);

const split = z.strictObject({
  train: shareOrFiles().optional()
    .describe("share of the rows, or a list of files (paths or globs); as a share by default what the others leave"),
  validation: shareOrFiles().optional().describe("likewise; 0.1 by default"),
  test: shareOrFiles().optional().describe("likewise; by default what train and validation leave, else 0.1"),
  seed: z.int().min(0).optional().describe("decides which row goes where; by default the run's seed"),
}).describe("which rows train, validate and test: shares of the rows by seeded hash, or lists of files");

const data = z.strictObject({
  format: z.enum(["csr_npz", "dense_npy", "memory"]).default("csr_npz").describe(
    "csr_npz: sparse matrices as scipy's save_npz writes them; dense_npy: rows x columns as numpy's save writes them; " +
      "memory: arrays that a script hands over",
  ),
  path: path().optional().describe(
    "a file, a folder of .npz (dense_npy: .npy) files or a glob; required unless data.split lists files",
  ).meta(onResume("free")),
  batch_size: count(1, 1_000_000).default(128).describe("rows a step"),
  last_batch: z.enum(["keep", "drop"]).default("keep").describe(
    "what becomes of a last batch of fewer rows; drop leaves out at most one batch an epoch",
  ),
  shuffle: z.boolean().default(true).describe("whether chunks and rows come in a new random order each epoch"),
  shuffle_window: count(1, 1024).default(1).describe("chunks (files) whose rows are shuffled together"),
  workers: count(1, 256).default(2).describe("threads that cut batches; the result does not depend on them").meta(
    onResume("free"),
  ),
  preload_batches: count(1, 4096).default(8).describe("batches held ready at most").meta(onResume("free")),
  split: split.prefault({}),
  transforms: z.array(transformSchema).default([]).describe("applied to the stored values, in this order"),
  mask_rate: z.number().min(0).lt(1).default(0)
    .describe("denoising: share of the stored values dropped from the input, not from the target"),
  labels: path().nullable().default(null)
    .describe(
      "labels of all rows in the order of the files (.npy, or text with one a line, may be gzipped), for plots and tables only",
    ).meta(onResume("free")),
  column_names: path().nullable().default(null)
    .describe(
      "names of the columns, one a line (first field of a .tsv, may be gzipped): other data are matched by them",
    ).meta(onResume("free")),
}).describe("what is read and how it is cut into batches").meta(onResume("fixed"));

const model = z.strictObject({
  encoder: z.array(layerSchema).min(1).describe("layers from the data to the latent vector; the first is linear"),
  decoder: z.array(layerSchema).min(1).describe("layers back to the data; the last is `linear: output`"),
}).describe("the network: two lists of layers").meta(onResume("fixed"));

const loss = z.strictObject({
  kind: z.enum(["mse"]).default("mse").describe("mse: squared error of the reconstruction, zeros included"),
  reduction: z.enum(["mean", "row_mean", "sum"]).default("mean")
    .describe("mean over rows and columns; row_mean: summed over columns, mean over rows; sum over both"),
}).describe("what is minimised").meta(onResume("fixed"));

const beta = () => z.number().min(0).lt(1);
const optimizer = z.strictObject({
  name: z.enum(["sgd", "adam", "adamw", "rmsprop"]).default("adam").describe("update rule, as in PyTorch"),
  learning_rate: positive().max(1000).default(1e-3).describe("the schedule's highest rate").meta(onResume("from_here")),
  weight_decay: notNegative().max(1000).default(0).describe("L2 penalty added to the gradient; decoupled for adamw")
    .meta(onResume("from_here")),
  momentum: z.number().min(0).lt(1).default(0).describe("sgd and rmsprop: weight of the earlier updates"),
  nesterov: z.boolean().default(false).describe("sgd: look ahead along the momentum"),
  betas: z.tuple([beta(), beta()]).default([0.9, 0.999]).describe("adam, adamw: decay of both moments"),
  alpha: z.number().min(0).lt(1).default(0.99).describe("rmsprop: smoothing constant"),
  eps: positive().max(1).default(1e-8).describe("added to the denominator"),
  sparse: z.enum(["exact", "lazy"]).default("exact")
    .describe(
      "first layer's weights of columns without entries in a batch: exact moves them as the rule says; lazy not",
    ),
}).describe("how weights move").meta(onResume("fixed"));

const scheduler = z.strictObject({
  name: z.enum(["constant", "step", "cosine", "one_cycle", "plateau"]).default("constant")
    .describe("how the learning rate changes over the run"),
  warmup_steps: count(0, 1_000_000_000).default(0).describe("steps of linear rise from 0, with any schedule"),
  step_epochs: count(1, 1_000_000).default(10).describe("step: epochs between two drops"),
  gamma: positive().max(1).default(0.1).describe("step, plateau: what the rate is multiplied by at a drop"),
  min_learning_rate: notNegative().default(0).describe("cosine, plateau: the lowest rate"),
  rise_share: z.number().gt(0).lt(1).default(0.3).describe("one_cycle: share of the steps spent rising"),
  start_divisor: z.number().min(1).default(25).describe("one_cycle: first rate = learning_rate / this"),
  end_divisor: z.number().min(1).default(1e4).describe("one_cycle: last rate = first rate / this"),
  patience: count(0, 1_000_000).default(5).describe("plateau: epochs without improvement before a drop"),
  threshold: z.number().min(0).lt(1).default(1e-4).describe("plateau: least relative improvement that counts"),
}).describe("learning rate over time").meta(onResume("from_here"));

const earlyStopping = z.strictObject({
  patience: count(1, 1_000_000).nullable().default(null)
    .describe("epochs without improvement of the validation loss before the run ends; null: never"),
  min_delta: notNegative().default(0).describe("least improvement of the loss that counts"),
}).describe("ends a run that no longer improves").meta(onResume("from_here"));

const training = z.strictObject({
  epochs: count(1, 1_000_000).default(20).describe("passes over the training rows"),
  max_steps: count(0, 1_000_000_000_000).nullable().default(null)
    .describe("ends earlier, after this many steps; 0: saves the initial weights; null: no limit"),
  precision: z.enum(["f32", "bf16"]).default("f32").describe(
    "operands of the dense output layer's products while training; weights, sums and optimizer state are f32 in both",
  ).meta(onResume("fixed")),
  gradient_clip: positive().nullable().default(null)
    .describe("largest L2 norm of all gradients together; null: no clipping").meta(onResume("from_here")),
  early_stopping: earlyStopping.prefault({}),
}).describe("how long and how precisely").meta(onResume("free"));

const checkpoint = z.strictObject({
  every_steps: count(0, 1_000_000_000).default(0).describe("steps between two saves; 0: not by steps"),
  every_epochs: count(0, 1_000_000).nullable().default(null).describe(
    "epochs between two saves; 0: only at the end; null: as often as max_share allows",
  ),
  max_share: z.number().min(0).max(1).default(0.05).describe(
    "with every_epochs: null, the share of the run's time that saves may take; the one at the end is made in any case",
  ),
  every_minutes: z.number().gt(0).max(1e6).default(10).describe(
    "with every_epochs: null, a save is made after so many minutes without one, whatever it takes, at the end of a chunk",
  ),
  keep: count(1, 1_000_000).default(3).describe("newest checkpoints kept, besides the latest and the best"),
  best: z.boolean().default(true).describe("whether the epoch of lowest validation loss is kept"),
}).describe("what is saved and when").meta(onResume("free"));

const logging = z.strictObject({
  every_steps: count(1, 1_000_000_000).default(1).describe(
    "steps between two rows of steps.csv; the first step always has one",
  ),
}).describe("what is written while training").meta(onResume("free"));

const diagnostics = z.strictObject({
  every_epochs: count(0, 1_000_000).default(0).describe("epochs between two diagnostics; 0: only at the end"),
  max_rows: count(1, 10_000_000).default(2000).describe("rows embedded and reconstructed at most"),
  columns: count(1, 1000).default(12).describe("most variable columns whose reconstruction is kept"),
}).describe("what reports are drawn from").meta(onResume("free"));

const mostRows = () => count(1, 1_000_000_000).nullable();
const evaluation = z.strictObject({
  max_rows: mostRows().default(20_000).describe(
    "training rows that metrics are of at most, a sample by seed, file name and row; null: all",
  ),
  validation_max_rows: mostRows().default(null).describe("likewise of the validation part, also after each epoch")
    .meta(onResume("from_here")),
  test_max_rows: mostRows().default(null).describe("likewise of the test part"),
}).describe("how many rows are evaluated").meta(onResume("free"));

const runtime = z.strictObject({
  device: z.enum(["auto", "cpu"]).default("auto").describe("where to compute; this build has the CPU engine"),
  threads: count(0, 1024).default(0).describe("0: the cores this process may use; the result does not depend on it"),
  memory_gb: notNegative().default(0).describe("most memory a run may need by its estimate; 0: what is free"),
}).describe("the machine").meta(onResume("free"));

const paths = z.strictObject({
  runs: path().default("runs").describe("folder of the run folders"),
}).describe("where output goes").meta(onResume("free"));

export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export const configSchema = z.strictObject({
  name: z.string().regex(NAME_PATTERN).optional()
    .describe("first part of the run folder's name: letters, digits, . _ -; by default the config file's name").meta(
      onResume("free"),
    ),
  title: z.string().min(1).max(200).nullable().default(null).describe(
    "the report's heading; by default the run's name",
  ).meta(onResume("free")),
  description: z.string().min(1).max(4000).nullable().default(null)
    .describe("what the run is for: stands below the report's heading").meta(onResume("free")),
  seed: z.int().min(0).default(0).describe("of weights, order of rows, dropout, masks and the split").meta(
    onResume("fixed"),
  ),
  extends: z.union([path(), z.array(path()).min(1)]).optional()
    .describe("configs this one starts from, relative to this file; later ones win, and this file over all").meta(
      onResume("free"),
    ),
  data: data.prefault({}),
  model,
  loss: loss.prefault({}),
  optimizer: optimizer.prefault({}),
  scheduler: scheduler.prefault({}),
  training: training.prefault({}),
  checkpoint: checkpoint.prefault({}),
  logging: logging.prefault({}),
  diagnostics: diagnostics.prefault({}),
  evaluation: evaluation.prefault({}),
  runtime: runtime.prefault({}),
  paths: paths.prefault({}),
}).describe("A config of Narrows: one autoencoder, its data and its training.");

/** A config that passed {@link configSchema}: YAML form, defaults filled in, paths as written. */
export type RawConfig = z.output<typeof configSchema>;

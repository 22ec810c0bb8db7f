/**
 * The one schema of a config in its YAML form: every key with its type, bounds, default and description.
 * Validation, `config schema`, `config explain`, error texts and docs/config.md all come from it.
 */
import { z } from "zod";
import { CHUNK_FORMATS, DATA_FORMATS, SOURCE_FORMATS } from "./data_formats.ts";
import { DIAGNOSTICS } from "../diagnostics/list.ts";
import { kindsSchema } from "./diagnostic_kinds.ts";
import { counts } from "./fields.ts";
import { layerSchema } from "./layers.ts";
import { NAME_PATTERN } from "./name.ts";
import { PRESETS, type PresetSetting } from "./presets.ts";
import { kindSchema, sectionShape } from "./sections.ts";
import { sinkSchema } from "./sinks.ts";
import { transformSchema } from "./transforms.ts";
import { LOSSES, OPTIMIZERS } from "./vocabulary.ts";

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

/** Names of formats with what they are. */
const formats = (of: Readonly<Record<string, string>>) =>
  Object.entries(of).map(([name, about]) => `${name}: ${about}`).join("; ");

const split = z.strictObject({
  train: shareOrFiles().optional()
    .describe("share of the rows, or a list of files (paths or globs); the default is the share that the others leave"),
  validation: shareOrFiles().optional().describe("share or files, as for train; 0.1 by default"),
  test: shareOrFiles().optional().describe(
    "share or files, as for train; by default the share that train and validation leave, else 0.1",
  ),
  by: z.union([z.enum(["rows", "files"]), z.strictObject({ group: path() }).meta({ examples: [{ group: "donor" }] })])
    .default("rows").describe(
      "what stays together in one part, with shares: rows: each row for itself; files: the rows of a file; {group: NAME}: the rows " +
        "of a group, by a file with one entry per row or a table of rows, as data.labels takes them",
    ),
  seed: z.int().min(0).optional().describe("decides which row belongs to which part; by default data.seed"),
}).describe("which rows train, validate and test: shares of the rows by seeded hash, or lists of files");

const data = z.strictObject({
  format: z.enum(DATA_FORMATS).default("auto").describe(
    `auto: by the first bytes of the files; ${formats(CHUNK_FORMATS)}; ${formats(SOURCE_FORMATS)}; ` +
      "memory: arrays given by a script",
  ),
  path: path().optional().describe(
    "a file, a folder or a glob of data; required unless data.split lists files",
  ).meta(onResume("free")),
  member: z.string().min(1).nullable().default(null).describe(
    "the array in a file of several, e.g. layers/counts; null: the one that is the data by the format's rules",
  ),
  reader: z.record(z.string(), z.json()).default({}).describe(
    "further settings of the format's reader by name; docs/data.md lists them",
  ),
  steps: z.array(z.json()).default([]).describe(
    "what is done before training, in this order, when the data are prepared: with counts (docs/data.md lists these steps), or " +
      "with each record of a signal (docs/signals.md)",
  ),
  cache: z.enum(["auto", "refresh", "readonly", "off"]).default("auto").describe(
    "of data that are prepared into chunks; auto: prepared once and kept in paths.cache; refresh: prepared again; readonly: " +
      "used as they are there, never made; off: prepared in a folder of temporary files that the process removes at its end",
  ).meta(onResume("free")),
  shape: counts({ minimum: 1, maximum: 4_294_967_295 }).nullable().default(null).describe(
    "shape of a row of dense data, channels first: [1408] or [1, 1408] for a signal, [28, 28] or [3, 32, 32] for an " +
      "image; the product is the number of columns; null: a row has no shape but its length",
  ).meta(onResume("fixed")),
  seed: z.int().min(0).optional().describe(
    "seed of the split, of the order of files and rows, of masks and of random transforms; by default the run's " +
      "seed. Runs with the same data.seed see the same batches, whatever their seed",
  ),
  batch_size: count(1, 1_000_000).default(128).describe("rows per training step"),
  last_batch: z.enum(["keep", "drop"]).default("keep").describe(
    "whether a last batch with fewer rows is used; drop leaves out at most one batch per epoch",
  ),
  shuffle: z.boolean().default(true).describe("whether files and rows have a new random order in each epoch"),
  shuffle_window: z.union([count(1, 1024), z.literal("auto")]).default("auto").describe(
    "number of chunks (files) whose rows are shuffled together; auto: as many as take 256 MB of memory",
  ),
  workers: count(1, 256).default(2).describe("threads that prepare batches; the result does not depend on their number")
    .meta(
      onResume("free"),
    ),
  preload_batches: count(1, 4096).default(8).describe("largest number of batches prepared ahead").meta(
    onResume("free"),
  ),
  split: split.prefault({}),
  transforms: z.array(transformSchema).default([]).describe("applied to the stored values, in this order"),
  input_transforms: z.array(transformSchema).default([]).describe(
    "applied after data.transforms to what enters the network; the loss sees the values without them, so that a loss of " +
      "counts may go with [log1p] or [{library_size: 10000}, log1p] at the input",
  ),
  mask_rate: z.number().min(0).lt(1).default(0)
    .describe("denoising: share of the stored values that are set to 0 in the input, but not in the target"),
  labels: path().nullable().default(null)
    .describe(
      "file with the labels of all rows in the order of the files (.npy of text or numbers, or text with one label per line, may " +
        "be gzipped), or the name of a table of rows that the data have, such as a column of obs; used in plots and tables only",
    ).meta(onResume("free")),
  batch: path().nullable().default(null)
    .describe(
      "file with the category of each row, such as the donor or the run of a cell, in the order of the files (.npy of " +
        "text or numbers, or text with one category per line), or the name of a table of rows that the data have, such as a " +
        "column of obs; layers of the kind covariate take it",
    ).meta(onResume("free")),
  row_weights: path().nullable().default(null)
    .describe(
      "file with what each row counts for in the loss, one number of 0 or more for each row in the order of the files " +
        "(.npy, or text with one number per line); only their ratios count; null: all rows count alike",
    ).meta(onResume("free")),
  column_names: path().nullable().default(null)
    .describe(
      "file with the names of the columns, one per line (of a .tsv the first field; may be gzipped); the " +
        "columns of other data are matched by name",
    ).meta(onResume("free")),
}).describe("what is read and how it is divided into batches").meta(onResume("fixed"));

const presets = Object.entries(PRESETS);
/** What a setting of presets means, with the default of each of them. */
const presetCount = (name: PresetSetting, meaning: string, most: number) =>
  count(1, most).nullable().default(null).describe(
    `${meaning}; null: ${
      presets.filter(([, { settings }]) => settings[name] !== undefined)
        .map(([preset, { settings }]) => `${settings[name]} (${preset})`).join(", ")
    }`,
  );

const model = z.strictObject({
  preset: z.enum(Object.keys(PRESETS) as [string, ...string[]]).nullable().default(null).describe(
    `writes the layers, and what goes with them (loss, input transforms, number of steps) unless the config sets it: ${
      presets.map(([name, { about }]) => `${name}: ${about}`).join("; ")
    }; null: model.encoder and model.decoder list the layers`,
  ),
  latent: presetCount("latent", "of a preset: size of the latent vector", 1_000_000),
  width: presetCount("width", "of a preset: outputs of each hidden layer, or channels of the first convolution", 65536),
  depth: presetCount(
    "depth",
    "of a preset: number of hidden layers or convolutions of the encoder, and of the decoder",
    16,
  ),
  active: presetCount("active", "of a preset: number of values of the latent vector that are not 0", 1_000_000),
  encoder: z.array(layerSchema).min(1).describe("layers from the data to the latent vector"),
  decoder: z.array(layerSchema).min(1).describe(
    "layers from the latent vector back to the data; the last one's output has the size of a row",
  ),
  start: z.enum(["auto", "pca", "random"]).default("auto").describe(
    "the weights before the first step; pca: the network begins as a principal component analysis of the training rows, to " +
      "which the layers add what they learn; random: as each layer's init says; auto: pca where the loss is the squared error and both ends are linear layers",
  ),
}).describe("the network: two lists of layers").meta(onResume("fixed"));

const loss = z.strictObject({
  kind: kindSchema(LOSSES, "mse"),
  ...sectionShape(LOSSES),
  on: z.enum(["all", "hidden"]).default("all").describe(
    "which values the loss of training is of; all: all of them; hidden: those that mask_tokens, the encoder's first layer, " +
      "hides, so that the network is trained on nothing but filling in. Validation and test hide nothing and are of all values",
  ),
  column_weights: path().nullable().default(null)
    .describe(
      "file with what each column counts for in the loss, one number of 0 or more for each column (.npy, or text with " +
        "one number per line); only their ratios count; for losses that are a sum over columns; null: all columns " +
        "count alike",
    ).meta(onResume("free")),
}).describe("what is minimised").meta(onResume("fixed"));

const rules = sectionShape(OPTIMIZERS);
const optimizer = z.strictObject({
  name: kindSchema(OPTIMIZERS, "adam", "update rule, as in PyTorch; "),
  learning_rate: positive().max(1000).default(1e-3).describe("the highest rate of the schedule").meta(
    onResume("from_here"),
  ),
  ...rules,
  ...rules.weight_decay ? { weight_decay: rules.weight_decay.meta(onResume("from_here")) } : {},
  sparse: z.enum(["exact", "lazy"]).default("exact")
    .describe(
      "what happens to first-layer weights of columns without values in a batch; exact: they move as the " +
        "update rule says; lazy: they stay",
    ),
}).describe("how weights are updated").meta(onResume("fixed"));

const scheduler = z.strictObject({
  name: z.enum(["constant", "step", "cosine", "one_cycle", "plateau"]).default("constant")
    .describe("how the learning rate changes over the run"),
  warmup_steps: count(0, 1_000_000_000).default(0).describe(
    "steps in which the rate rises linearly from 0, under any schedule",
  ),
  step_epochs: count(1, 1_000_000).default(10).describe("step: number of epochs between two drops"),
  gamma: positive().max(1).default(0.1).describe("step, plateau: factor by which the rate is multiplied at a drop"),
  min_learning_rate: notNegative().default(0).describe("cosine, plateau: the lowest rate"),
  rise_share: z.number().gt(0).lt(1).default(0.3).describe("one_cycle: share of the steps in which the rate rises"),
  start_divisor: z.number().min(1).default(25).describe("one_cycle: the first rate is learning_rate divided by this"),
  end_divisor: z.number().min(1).default(1e4).describe("one_cycle: the last rate is the first rate divided by this"),
  patience: count(0, 1_000_000).default(5).describe("plateau: number of epochs without improvement before a drop"),
  threshold: z.number().min(0).lt(1).default(1e-4).describe("plateau: smallest relative improvement that counts"),
}).describe("how the learning rate changes over time").meta(onResume("from_here"));

const earlyStopping = z.strictObject({
  patience: count(1, 1_000_000).nullable().default(null)
    .describe(
      "number of epochs without improvement of the validation loss after which the run ends; null: it never ends early, except " +
        "with training.epochs auto, where it ends after a tenth of the epochs without improvement, and at least 3",
    ),
  min_delta: notNegative().default(0).describe("smallest improvement of the loss that counts"),
}).describe("ends a run that no longer improves").meta(onResume("from_here"));

const training = z.strictObject({
  epochs: z.union([count(1, 1_000_000), z.literal("auto")]).default("auto").describe(
    "number of passes over the training rows; auto: as many as make 4,000 steps, but from 3 to 1,000, which is said at the start",
  ),
  max_steps: count(0, 1_000_000_000_000).nullable().default(null)
    .describe("number of steps after which the run ends; 0: only the initial weights are saved; null: no limit"),
  precision: z.enum(["f32", "bf16"]).default("f32").describe(
    "number format of the factors in the dense output layer's matrix products while training; weights, sums " +
      "and optimizer state are f32 in both",
  ).meta(onResume("fixed")),
  gradient_clip: positive().nullable().default(null)
    .describe("largest L2 norm of all gradients together; larger gradients are scaled down to it; null: no clipping")
    .meta(onResume("from_here")),
  early_stopping: earlyStopping.prefault({}),
  replicas: z.union([count(2, 64), z.array(z.record(z.string(), z.json())).min(1).max(64)]).nullable().default(null)
    .describe(
      "several runs that are trained at the same time on the same batches, each of which is made once (docs/replicas.md); a number: " +
        "so many, of seed, seed + 1 and so on; a list: a map for each run of what it has for itself, by dotted keys; null: one run",
    ),
}).describe("how long and in which precision").meta(onResume("free"));

const checkpoint = z.strictObject({
  every_steps: count(0, 1_000_000_000).default(0).describe(
    "number of steps between two saves; 0: saves do not go by steps",
  ),
  every_epochs: count(0, 1_000_000).nullable().default(null).describe(
    "number of epochs between two saves; 0: only at the end; null: as often as max_share allows",
  ),
  max_share: z.number().min(0).max(1).default(0.05).describe(
    "with every_epochs: null, the share of the run's time that saves may take; the save at the end is always made",
  ),
  every_minutes: z.number().gt(0).max(1e6).default(10).describe(
    "with every_epochs: null, the number of minutes without a save after which one is made at the end of a " +
      "chunk, whatever its share",
  ),
  keep: count(1, 1_000_000).default(3).describe("number of newest checkpoints that are kept, and the best one besides"),
  best: z.boolean().default(true).describe("whether a checkpoint of the epoch with the lowest validation loss is kept"),
}).describe("what is saved and when").meta(onResume("free"));

const logging = z.strictObject({
  every_steps: count(1, 1_000_000_000).default(1).describe(
    "number of steps between two rows of steps.csv; the first step always has a row",
  ),
  sinks: z.array(sinkSchema).default(["csv"]).describe(
    "what takes the events of the run (docs/logging.md); none of them can hold up or end it",
  ),
  group: z.string().min(1).max(200).nullable().default(null).describe("what the run belongs to, for loggers"),
  tags: z.array(z.string().min(1).max(64)).max(64).default([]).describe("words by which loggers find the run"),
  wandb: z.strictObject({
    mode: z.enum(["offline", "online", "disabled"]).nullable().default(null).describe(
      "offline: a folder for `wandb sync`; online: an installed `wandb sync` uploads it at the end; disabled: nothing, " +
        "even if logging.sinks lists wandb; null: offline where logging.sinks lists wandb",
    ),
    project: z.string().min(1).max(128).nullable().default(null).describe("W&B's project; null: the config's name"),
    entity: z.string().min(1).max(128).nullable().default(null).describe(
      "W&B's user or team; null: that of the one who uploads",
    ),
  }).prefault({}).describe("Weights & Biases"),
}).describe("what is written while training").meta(onResume("free"));

const diagnostics = z.strictObject({
  every_epochs: count(0, 1_000_000).default(0).describe("number of epochs between two diagnostics; 0: only at the end"),
  max_rows: count(1, 10_000_000).default(2000).describe("largest number of rows that are embedded and reconstructed"),
  columns: count(1, 1000).default(12).describe("number of most variable columns whose reconstruction is kept"),
  kinds: kindsSchema,
  ...Object.fromEntries(
    DIAGNOSTICS.filter(({ settings }) => settings !== undefined)
      .map(({ name, about, settings }) => [name, z.strictObject(settings!).prefault({}).describe(about)]),
  ),
}).describe("the data from which reports are drawn").meta(onResume("free"));

const mostRows = () => count(1, 1_000_000_000).nullable();
const evaluation = z.strictObject({
  max_rows: mostRows().default(20_000).describe(
    "largest number of training rows in the metrics; more rows are sampled by seed, file name and row; null: all rows",
  ),
  validation_max_rows: mostRows().default(null).describe("the same for validation rows, also after each epoch")
    .meta(onResume("from_here")),
  test_max_rows: mostRows().default(null).describe("the same for test rows"),
  pca: z.boolean().default(true).describe(
    "whether the metrics at the end are compared with a principal component analysis of the training rows that has as " +
      "many components as the network has latent units",
  ),
}).describe("how many rows are evaluated").meta(onResume("free"));

const runtime = z.strictObject({
  device: z.enum(["auto", "cpu"]).default("auto").describe(
    "the device that computes; this build has the CPU engine only",
  ),
  threads: count(0, 1024).default(0).describe(
    "number of threads; 0: as many as cores that this process may use; the result does not depend on it",
  ),
  memory_gb: notNegative().default(0).describe(
    "largest memory in GB that a run may need by its estimate; 0: the memory that is free",
  ),
}).describe("the machine").meta(onResume("free"));

const paths = z.strictObject({
  runs: path().default("runs").describe("the folder in which run folders are made"),
  cache: path().nullable().default(null).describe(
    "the folder in which prepared data are kept; null: narrows in $XDG_CACHE_HOME, or in ~/.cache",
  ),
  input: path().nullable().default(null).describe("another name of data.path"),
  models: path().nullable().default(null).describe("another name of paths.runs"),
  output: path().nullable().default(null).describe(
    "a folder for what a finished run makes of its rows: below it a folder named after the run, with pictures and recordings as " +
      "files of their own, other rows in reconstructions.npy; null: nothing is written",
  ),
}).describe("where output is written").meta(onResume("free"));

export const configSchema = z.strictObject({
  name: z.string().regex(NAME_PATTERN).optional()
    .describe("first part of the run folder's name, made of letters, digits, . _ -; by default the config file's name")
    .meta(
      onResume("free"),
    ),
  title: z.string().min(1).max(200).nullable().default(null).describe(
    "the report's heading; by default the run's name",
  ).meta(onResume("free")),
  description: z.string().min(1).max(4000).nullable().default(null)
    .describe("what the run is for; stands below the report's heading").meta(onResume("free")),
  seed: z.int().min(0).default(0).describe(
    "seed of weights and of random draws of layers, and where data.seed is not set, of order of rows, masks and the split",
  ).meta(
    onResume("fixed"),
  ),
  extends: z.union([path(), z.array(path()).min(1)]).optional()
    .describe(
      "configs from which this one starts, relative to this file; a later one overrides an earlier one, and " +
        "this file overrides all",
    ).meta(
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

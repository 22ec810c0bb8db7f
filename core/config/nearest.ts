/** Finds the known name that was probably meant. */

/** Names of keys in other tools and common short forms, with their names here. */
const ALIASES: Readonly<Record<string, string>> = {
  activation: "model.encoder",
  amp: "training.precision",
  batch: "data.batch_size",
  batchsize: "data.batch_size",
  beta1: "optimizer.betas",
  beta2: "optimizer.betas",
  clip_grad: "training.gradient_clip",
  clip_grad_norm: "training.gradient_clip",
  corruption: "data.mask_rate",
  dataset: "data.path",
  defaults: "extends",
  dtype: "training.precision",
  early_stop: "training.early_stopping",
  experiment: "name",
  file: "data.path",
  files: "data.path",
  grad_clip: "training.gradient_clip",
  hidden: "model.encoder",
  hidden_sizes: "model.encoder",
  include: "extends",
  inherits: "extends",
  layers: "model.encoder",
  log: "logging",
  log_every: "logging.every_steps",
  log_interval: "logging.every_steps",
  logger: "logging.sinks",
  loggers: "logging.sinks",
  lr: "optimizer.learning_rate",
  lr_scheduler: "scheduler",
  max_epochs: "training.epochs",
  max_grad_norm: "training.gradient_clip",
  memory: "runtime.memory_gb",
  min_lr: "scheduler.min_learning_rate",
  n_epochs: "training.epochs",
  noise: "data.mask_rate",
  notes: "description",
  num_epochs: "training.epochs",
  num_threads: "runtime.threads",
  num_workers: "data.workers",
  optim: "optimizer",
  output: "paths.runs",
  output_dir: "paths.runs",
  prefetch: "data.preload_batches",
  project: "name",
  random_seed: "seed",
  run_name: "name",
  save_every: "checkpoint.every_epochs",
  schedule: "scheduler",
  steps: "training.max_steps",
  tensorboard: "logging.sinks",
  val: "data.split.validation",
  valid: "data.split.validation",
  wandb_project: "logging.wandb.project",
  warmup: "scheduler.warmup_steps",
  wd: "optimizer.weight_decay",
};

/** Edits (insert, delete, replace, swap of neighbours) from one word to another; optimal string alignment. */
export function editDistance(a: string, b: string): number {
  let twoBefore: number[] = [];
  let before = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(before[j]! + 1, row[j - 1]! + 1, before[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, twoBefore[j - 2]! + 1);
      }
      row.push(cost);
    }
    twoBefore = before;
    before = row;
  }
  return before[b.length]!;
}

/** The candidate nearest to a word, if it is near enough to be a slip of the hand: a third of its letters. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll("-", "_");
  if (word.length > 64) return undefined;
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(plain(word), plain(candidate));
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/**
 * The known key that an unknown one stands for, as a dotted path: the same name further down, a slip among its
 * neighbours, a known other name, the same name in another section, or a slip of that.
 * @param unknown the dotted path as written
 * @param known all dotted paths of the schema
 */
export function nearestKey(unknown: string, known: readonly string[]): string | undefined {
  const dot = unknown.lastIndexOf(".");
  const [parent, name] = [unknown.slice(0, dot + 1), unknown.slice(dot + 1)];
  const last = (path: string) => path.slice(path.lastIndexOf(".") + 1);
  const siblings = known.filter((path) => path.startsWith(parent) && !path.slice(parent.length).includes("."));
  const plain = name.toLowerCase().replaceAll("-", "_");
  const sameName = known.filter((path) => last(path) === plain);
  const exact = sameName.find((path) => path.startsWith(parent)) ?? sameName[0];
  if (exact?.startsWith(parent)) return exact;
  const sibling = nearest(name, siblings.map(last));
  if (sibling !== undefined) return parent + sibling;
  const alias = Object.hasOwn(ALIASES, plain) ? ALIASES[plain] : undefined;
  if (alias !== undefined) return alias;
  if (exact !== undefined) return exact;
  const near = nearest(name, known.map(last));
  return near === undefined ? undefined : known.find((path) => last(path) === near);
}

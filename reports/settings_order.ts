/** Sorts settings by their importance for the result of a run. */

/**
 * The order of sections: first those that make another experiment, then those about training, last those about output.
 */
const SECTIONS = [
  "model",
  "loss",
  "data",
  "seed",
  "optimizer",
  "scheduler",
  "training",
  "evaluation",
  "checkpoint",
  "diagnostics",
  "runtime",
  "logging",
  "paths",
  "title",
  "description",
];
/** Within a section: what comes first, and what comes last of all. */
const FIRST = [
  "data.path",
  "data.format",
  "data.transforms",
  "data.input_transforms",
  "data.split",
  "data.mask_rate",
  "data.batch_size",
  "optimizer.name",
  "optimizer.learning_rate",
  "scheduler.name",
  "training.epochs",
];
const LAST = ["data.workers", "data.preload_batches", "data.labels", "data.column_names"];

function rank(key: string): number {
  const within = (list: readonly string[]) => list.findIndex((k) => key === k || key.startsWith(`${k}.`));
  const [first, last] = [within(FIRST), within(LAST)];
  // Settings that do not change the result come last.
  if (last >= 0) return 100 * SECTIONS.indexOf("runtime") + 50 + last;
  const section = SECTIONS.indexOf(key.split(".")[0]!);
  return 100 * (section < 0 ? SECTIONS.indexOf("checkpoint") : section) + (first >= 0 ? first : 40);
}

/** Sorts by importance; equally important settings keep their order. */
export function byImportance(keys: Iterable<string>): string[] {
  return [...keys].sort((a, b) => rank(a) - rank(b));
}

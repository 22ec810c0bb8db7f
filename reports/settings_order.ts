/** Settings in the order in which they matter to what a run comes to. */

/** First what makes it another experiment, then how it is trained, last what only says where things go. */
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
  // What changes nothing in the result stands behind all that does.
  if (last >= 0) return 100 * SECTIONS.indexOf("runtime") + 50 + last;
  const section = SECTIONS.indexOf(key.split(".")[0]!);
  return 100 * (section < 0 ? SECTIONS.indexOf("checkpoint") : section) + (first >= 0 ? first : 40);
}

/** Sorted by importance; those of the same stay in their order. */
export function byImportance(keys: Iterable<string>): string[] {
  return [...keys].sort((a, b) => rank(a) - rank(b));
}

/** What `data.shuffle_window: auto` stands for, and rows in an order that shuffling does not undo. */
import type { Config } from "../config/types.ts";
import { chunkBytes } from "../data/chunk_cache.ts";
import type { Source } from "../data/source.ts";
import { countText } from "../figures.ts";

/** The memory of the files whose rows are shuffled together. The next window is opened while one is trained on. */
export const WINDOW_BYTES = 256e6;
/** Labels of rows in random order change more often than this share of what chance gives. */
const SORTED_SHARE = 0.2;
/** Rows tell an order only if there are as many. */
const FEWEST_ROWS = 100;

/** The config with the number of files in the place of `auto`: as many of the largest as the memory of a window holds. */
export function withWindow(config: Config, source: Source): Config {
  const { data } = config;
  if (Number.isFinite(data.shuffle_window)) return config;
  const files = source.files.filter(({ parts }) => parts.train.length > 0);
  const all = files.reduce((sum, file) => sum + chunkBytes(file), 0);
  const largest = files.reduce((most, file) => Math.max(most, chunkBytes(file)), 1);
  const count = all <= WINDOW_BYTES ? files.length : Math.min(files.length, Math.floor(WINDOW_BYTES / largest));
  return { ...config, data: { ...data, shuffle_window: Math.max(1, count) } };
}

/** How many of the files that rows are trained on one window holds; null where it holds all, or nothing is shuffled. */
export function windowText({ data }: Config, source: Source): string | null {
  const files = source.files.filter(({ parts }) => parts.train.length > 0).length;
  if (!data.shuffle || data.shuffle_window >= files) return null;
  return `rows of ${countText(data.shuffle_window)} of ${countText(files)} files are shuffled together`;
}

/**
 * A warning where the rows stand in the order of their labels and an epoch does not mix them: the network then forgets what it
 * has learned of the labels before. Null where that is not so, or cannot be told.
 */
export function sortedWarning(config: Config, source: Source, labels: readonly string[] | null): string | null {
  const { data } = config;
  const partial = windowText(config, source);
  if (labels === null || labels.length < FEWEST_ROWS || (data.shuffle && partial === null)) return null;
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const same = [...counts.values()].reduce((sum, count) => sum + (count / labels.length) ** 2, 0);
  const changes = labels.reduce((sum, label, i) => sum + Number(i > 0 && label !== labels[i - 1]), 0);
  if (!(same < 1) || changes > SORTED_SHARE * (1 - same) * (labels.length - 1)) return null;
  const why = partial === null ? "data.shuffle is false" : `only ${partial}`;
  const help = partial === null
    ? "set data.shuffle: true"
    : "raise data.shuffle_window, or shuffle the rows of the files";
  return `the rows are sorted by their labels, and ${why}: what is learned of the first ones is forgotten; ${help}`;
}

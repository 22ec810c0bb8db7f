/** Natural order of names: 2 before 10, "2 h" before "10 h", "chr2" before "chr10". */

/** Number that a label begins with: 24 of "24 h". NaN where it begins otherwise. */
export function leadingNumber(label: string): number {
  return Number(/^\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w.])/.exec(label)?.[1] ?? NaN);
}

const collator = new Intl.Collator("en", { numeric: true });

/**
 * Compares labels: those that begin with a number come first, by that number; in others, numbers are compared as
 * numbers.
 */
export function naturalOrder(a: string, b: string): number {
  const [x, y] = [leadingNumber(a), leadingNumber(b)];
  if (Number.isFinite(x) && Number.isFinite(y) && x !== y) return x - y;
  if (Number.isFinite(x) !== Number.isFinite(y)) return Number.isFinite(x) ? -1 : 1;
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

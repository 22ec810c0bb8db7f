/** Searches in rising numbers, such as the rows of a part. */

/** The place of the first one that is at least `value`; their count where none is. */
export function firstFrom(sorted: Uint32Array, value: number): number {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const holds = (sorted: Uint32Array, value: number): boolean => sorted[firstFrom(sorted, value)] === value;

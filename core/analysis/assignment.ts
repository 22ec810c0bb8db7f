/**
 * The assignment problem: J. Munkres, "Algorithms for the assignment and transportation problems", Journal of the SIAM 5 (1957),
 * in the form with shortest augmenting paths and potentials (R. Jonker and A. Volgenant, Computing 38, 1987).
 */

/**
 * Pairs each row with a column of its own so that the sum of the gains is as large as possible.
 * @param gains rows x columns, finite, with no more rows than columns
 * @returns the column of each row
 */
export function assign(gains: readonly ArrayLike<number>[]): number[] {
  const rows = gains.length, columns = gains[0]?.length ?? 0;
  // Numbers from 1 on; 0 stands for "none".
  const ofRow = new Float64Array(rows + 1), ofColumn = new Float64Array(columns + 1);
  const rowOf = new Int32Array(columns + 1), before = new Int32Array(columns + 1);
  for (let row = 1; row <= rows; row++) {
    rowOf[0] = row;
    const least = new Float64Array(columns + 1).fill(Infinity);
    const visited = new Uint8Array(columns + 1);
    let column = 0;
    do {
      visited[column] = 1;
      const from = rowOf[column]!;
      let step = Infinity, next = 0;
      for (let j = 1; j <= columns; j++) {
        if (visited[j]) continue;
        const cost = -gains[from - 1]![j - 1]! - ofRow[from]! - ofColumn[j]!;
        if (cost < least[j]!) {
          least[j] = cost;
          before[j] = column;
        }
        if (least[j]! < step) [step, next] = [least[j]!, j];
      }
      for (let j = 0; j <= columns; j++) {
        if (visited[j]) {
          ofRow[rowOf[j]!]! += step;
          ofColumn[j]! -= step;
        } else least[j]! -= step;
      }
      column = next;
    } while (rowOf[column] !== 0);
    while (column !== 0) {
      const previous = before[column]!;
      rowOf[column] = rowOf[previous]!;
      column = previous;
    }
  }
  const found = new Array<number>(rows);
  for (let j = 1; j <= columns; j++) if (rowOf[j] !== 0) found[rowOf[j]! - 1] = j - 1;
  return found;
}

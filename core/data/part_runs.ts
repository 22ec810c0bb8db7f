/** Which part each row of a file belongs to, as runs of rows: the number of a part, then how many rows in turn belong to it. */
import { type Part, PARTS } from "./list.ts";

/** @param parts for each part its rows, rising; every row is in one of them */
export function partRuns(parts: Readonly<Record<Part, Uint32Array>>): number[] {
  const rows = PARTS.reduce((sum, part) => sum + parts[part].length, 0);
  const codes = new Uint8Array(rows);
  PARTS.forEach((part, code) => parts[part].forEach((row) => codes[row] = code));
  const runs: number[] = [];
  for (const code of codes) {
    if (runs.at(-2) === code) runs[runs.length - 1]!++;
    else runs.push(code, 1);
  }
  return runs;
}

/** 1 for each row of a part, 0 for the others. */
export function flagsOf(runs: readonly number[], part: Part, rows: number): Uint8Array<ArrayBuffer> {
  const flags = new Uint8Array(rows);
  let row = 0;
  for (let at = 0; at < runs.length; at += 2) {
    const next = row + runs[at + 1]!;
    if (PARTS[runs[at]!] === part) flags.fill(1, row, next);
    row = next;
  }
  return flags;
}

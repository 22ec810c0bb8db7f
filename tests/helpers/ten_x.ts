/** Small made-up data of a kind that has to be prepared. */
import { join } from "@std/path";
import { random } from "./npz.ts";

export const GENES = 30;

/** A folder of Cell Ranger with random counts; every fifth cell is empty. */
export function tenXSample(folder: string, cells: number, seed = 1): string {
  const next = random(seed), lines: string[] = [];
  for (let cell = 0; cell < cells; cell++) {
    for (let gene = 0; gene < GENES && cell % 5 !== 4; gene++) {
      if (next() < 0.3) lines.push(`${gene + 1} ${cell + 1} ${1 + Math.floor(next() * 9)}`);
    }
  }
  Deno.mkdirSync(folder, { recursive: true });
  const head = `%%MatrixMarket matrix coordinate integer general\n${GENES} ${cells} ${lines.length}\n`;
  Deno.writeTextFileSync(join(folder, "matrix.mtx"), head + lines.join("\n") + "\n");
  Deno.writeTextFileSync(join(folder, "barcodes.tsv"), Array.from({ length: cells }, (_, i) => `C${i}\n`).join(""));
  Deno.writeTextFileSync(join(folder, "genes.tsv"), Array.from({ length: GENES }, (_, i) => `E${i}\tG${i}\n`).join(""));
  return folder;
}

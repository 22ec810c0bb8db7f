/**
 * Makes data/superposition: rows that are sums of a few of more directions than a row has values, from a seed, as activations of
 * a language model are thought to be. The directions are known, so that those which a dictionary finds can be counted
 * (scripts/match_directions.ts). The same bytes every time.
 *
 *     deno run -A scripts/make_superposition.ts [FOLDER]
 */
import { fromFileUrl, join } from "@std/path";
import { writeAtomically } from "../core/formats/file.ts";
import { encodeSafetensors } from "../core/formats/safetensors.ts";
import type { StoredDtype, TensorSource } from "../core/formats/tensor.ts";
import { randomNumbers } from "./random_numbers.ts";

const WIDTH = 32, DIRECTIONS = 96, FILES = 2, ROWS = 3000, SEED = 30;
/** Directions of a row, on average; the standard deviation of the noise in each value. */
const ACTIVE = 3, NOISE = 0.02;

/** A tensor in memory, of rows of `width` values. */
function tensor(
  name: string,
  dtype: StoredDtype,
  shape: readonly number[],
  array: ArrayBufferView,
): TensorSource<StoredDtype> {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength), row = bytes.length / shape[0]!;
  const read = (first: number, rows: number, into: Uint8Array) =>
    Promise.resolve(into.set(bytes.subarray(first * row, (first + rows) * row)));
  return { name, dtype, shape, read };
}

async function write(path: string, tensors: readonly TensorSource<StoredDtype>[]): Promise<void> {
  await writeAtomically(path, async (file) => {
    for await (const piece of encodeSafetensors(tensors)) await file.write(piece);
  });
}

async function make(target: string): Promise<void> {
  const random = randomNumbers(SEED);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const directions = new Float32Array(DIRECTIONS * WIDTH);
  for (let d = 0; d < DIRECTIONS; d++) {
    const values = Array.from({ length: WIDTH }, normal), length = Math.hypot(...values);
    values.forEach((value, i) => directions[d * WIDTH + i] = value / length);
  }
  await Deno.mkdir(target, { recursive: true });
  await write(join(target, "directions.safetensors"), [tensor("directions", "F32", [DIRECTIONS, WIDTH], directions)]);
  for (let file = 0; file < FILES; file++) {
    const rows = new Float16Array(ROWS * WIDTH);
    for (let row = 0; row < ROWS; row++) {
      const sum = Array.from({ length: WIDTH }, () => NOISE * normal());
      for (let d = 0; d < DIRECTIONS; d++) {
        if (random() >= ACTIVE / DIRECTIONS) continue;
        const size = 1 + random();
        for (let i = 0; i < WIDTH; i++) sum[i]! += size * directions[d * WIDTH + i]!;
      }
      rows.set(sum, row * WIDTH);
    }
    await write(join(target, `activations_${file}.safetensors`), [tensor("activations", "F16", [ROWS, WIDTH], rows)]);
  }
}

if (import.meta.main) await make(Deno.args[0] ?? fromFileUrl(new URL("../data/superposition", import.meta.url)));

/** A sample of a part's rows: which ones is a function of seed, file name and row, not of the order of files. */
import type { DataConfig } from "../config/types.ts";
import { batchCount, readingPlan, type Window } from "./plan.ts";
import type { ChunkFile, Part, Source } from "./source.ts";

export interface Reading {
  readonly plan: readonly Window[];
  /** Rows of each file (by file index); undefined for all of the part. */
  readonly rows?: ReadonlyMap<number, Uint32Array<ArrayBuffer>>;
  readonly count: number;
}

/** Murmur3's finaliser: 32 well mixed bits. */
function mixed(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

function nameKey(seed: number, name: string): number {
  let key = mixed(seed % 2 ** 32 ^ Math.floor(seed / 2 ** 32));
  for (let i = 0; i < name.length; i++) key = mixed(key + Math.imul(name.charCodeAt(i) + 1, 0x9e3779b1));
  return key;
}

/** A number in [0, 1) for each of a file's rows. */
function draws(seed: number, { name, offset }: ChunkFile, rows: Uint32Array): Float64Array {
  const key = nameKey(seed, name);
  return Float64Array.from(rows, (row) => {
    const high = mixed(key ^ mixed(row + offset + 0x9e3779b9));
    return (high + mixed(high + key) / 2 ** 32) / 2 ** 32;
  });
}

/** The `most`-th smallest of the values; they are few times more than that in the end. */
function threshold(values: Float64Array, most: number): number {
  const counts = new Uint32Array(1 << 16);
  for (const value of values) counts[Math.floor(value * counts.length)]!++;
  let below = 0, bucket = 0;
  while (below + counts[bucket]! < most) below += counts[bucket++]!;
  const within = values.filter((value) => Math.floor(value * counts.length) === bucket).sort();
  return within[most - below - 1]!;
}

/** A part's rows in file order: `most` of them by chance where there are more. */
export function reading(
  source: Source,
  part: Part,
  data: DataConfig,
  sample: { most: number | null; seed: number },
): Reading {
  const { most, seed } = sample;
  const total = source.partRows[part];
  if (most === null || total <= most) return { plan: readingPlan(source, part, data), count: total };
  const values = source.files.map((file) => draws(seed, file, file.parts[part]));
  const all = new Float64Array(total);
  let at = 0;
  for (const some of values) {
    all.set(some, at);
    at += some.length;
  }
  const last = threshold(all, most);
  const rows = new Map<number, Uint32Array<ArrayBuffer>>();
  const plan: Window[] = [];
  let count = 0;
  source.files.forEach((file, index) => {
    const chosen = file.parts[part].filter((_, i) => values[index]![i]! <= last);
    if (chosen.length === 0) return;
    rows.set(file.index, chosen);
    count += chosen.length;
    const batches = batchCount(chosen.length, { batch_size: data.batch_size, last_batch: "keep" });
    plan.push({ index: plan.length, files: [file], rows: chosen.length, batches });
  });
  return { plan, rows, count };
}

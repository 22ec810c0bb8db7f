/** Shards of activations from a cold disk: batches of a training epoch against a plain read of the same files. */
import { join } from "@std/path";
import { loadConfig } from "../../core/config/mod.ts";
import { feed } from "../../core/data/feed.ts";
import { openData } from "../../core/data/open.ts";
import { trainingPlan } from "../../core/data/plan.ts";
import type { Source } from "../../core/data/source.ts";
import { encodeSafetensors } from "../../core/formats/safetensors.ts";
import { near } from "../check.ts";
import { dropCache, random } from "../chunks.ts";
import { byTurns, timing } from "../stats.ts";
import type { Context, Outcome, Row, Workload } from "../types.ts";

const WIDTH = 768, BATCH = 1024;
const SHARDS = { quick: 2, full: 8, thorough: 8 }, ROWS = { quick: 32_768, full: 131_072, thorough: 131_072 };
const TYPES = { F16: "float16", BF16: "bfloat16", F32: "float32" } as const;
type Type = keyof typeof TYPES;
/** Bytes that a plain read asks for at a time. */
const READ_BYTES = 4 << 20;

/** Values in (-1, 1), the same for each row but for a shift, since drawing gigabytes takes longer than reading them. */
async function writeShard(path: string, type: Type, rows: number, seed: number): Promise<void> {
  const next = random(seed);
  const draws = Float32Array.from({ length: 64 * WIDTH }, () => 2 * next() - 1);
  const block = type === "F32"
    ? draws
    : type === "F16"
    ? Float16Array.from(draws)
    : Uint16Array.from(new Uint32Array(draws.buffer), (bits) => bits >>> 16);
  const bytes = new Uint8Array(block.buffer), rowBytes = bytes.length / 64;
  const read = (first: number, count: number, into: Uint8Array<ArrayBuffer>) => {
    for (let row = 0; row < count; row++) {
      const from = (first + row) % 64 * rowBytes;
      into.set(bytes.subarray(from, from + rowBytes), row * rowBytes);
    }
    return Promise.resolve();
  };
  using file = await Deno.create(path);
  for await (const piece of encodeSafetensors([{ name: "x", dtype: type, shape: [rows, WIDTH], read }])) {
    for (let at = 0; at < piece.length;) at += await file.write(piece.subarray(at));
  }
}

function configOf(context: Context, folder: string) {
  const config = {
    data: { path: folder, batch_size: BATCH, split: { train: 1, validation: 0, test: 0 } },
    model: { encoder: [{ linear: 8 }], decoder: [{ linear: "output" }] },
    paths: { cache: join(context.scratch, "cache") },
  };
  return loadConfig({ text: JSON.stringify(config) }).config;
}

/** Milliseconds of all batches of an epoch, shuffled as training does, which nothing computes on. */
async function epoch(source: Source, config: ReturnType<typeof configOf>): Promise<{ ms: number; rows: number }> {
  const begun = performance.now();
  const { data } = config;
  const plan = trainingPlan(source, data, 1);
  let rows = 0;
  for await (const { batches } of feed(plan, { data, epoch: 1, part: "train", training: true })) {
    for (let count = await batches.skip(); count > 0; count = await batches.skip()) rows += count;
  }
  return { ms: performance.now() - begun, rows };
}

/** Milliseconds of reading the files from the first byte to the last. */
async function plainRead(paths: readonly string[]): Promise<number> {
  const begun = performance.now(), into = new Uint8Array(READ_BYTES);
  for (const path of paths) {
    using file = await Deno.open(path);
    while (await file.read(into) !== null);
  }
  return performance.now() - begun;
}

async function measureType(context: Context, type: Type): Promise<Row> {
  const { mode, scratch } = context;
  const folder = join(scratch, TYPES[type]), rows = ROWS[mode];
  await Deno.mkdir(folder);
  const paths = Array.from({ length: SHARDS[mode] }, (_, i) => join(folder, `shard-${i}.safetensors`));
  for (const [i, path] of paths.entries()) await writeShard(path, type, rows, i + 1);
  const bytes = paths.reduce((sum, path) => sum + Deno.statSync(path).size, 0);
  const config = configOf(context, folder);
  const source = await openData(config);
  const rate = (ms: number) => bytes / 1e3 / ms;
  const [ours, disk] = await byTurns(mode === "quick" ? 3 : 5, [
    async () => {
      await dropCache(paths);
      const { ms, rows: got } = await epoch(source, config);
      near("rows of an epoch", got, rows * paths.length, 0);
      return rate(ms);
    },
    async () => {
      await dropCache(paths);
      return rate(await plainRead(paths));
    },
  ]);
  await Deno.remove(folder, { recursive: true });
  const [narrows, floor] = [timing(ours!), timing(disk!).median];
  const share = (100 * narrows.median / floor).toFixed(0);
  return {
    what: `${TYPES[type]}, ${SHARDS[mode]} shards of ${rows.toLocaleString("en")} x ${WIDTH}, cold`,
    unit: "MB/s",
    narrows,
    peer: null,
    ratio: null,
    floor,
    note: `${share} % of a plain read`,
  };
}

async function measure(context: Context): Promise<Outcome> {
  const rows: Row[] = [];
  for (const type of Object.keys(TYPES) as Type[]) rows.push(await measureType(context, type));
  const least = Math.min(...rows.map(({ narrows, floor }) => narrows!.median / floor!));
  return {
    rows,
    goals: [{
      work: "shards of activations, batches of a training epoch, cold, against a plain read",
      wanted: "80 %",
      got: context.mode === "quick" ? null : `${(100 * least).toFixed(0)} %`,
      reached: context.mode === "quick" ? null : least >= 0.8,
    }],
    plots: [],
    notes: [
      `Batches of ${BATCH} rows, shuffled, which nothing is computed on; the files are mapped where they lie. The floor is the rate ` +
      "of reading the same files from the first byte to the last, by turns. Cold: the files are written out and dropped from the " +
      "page cache. A cache below the file system, such as that of a virtual disk's host, may still have them.",
    ],
  };
}

export const shards: Workload = {
  name: "shards",
  title: "Shards of activations from a cold disk",
  skip: () => null,
  check: () => Promise.resolve(),
  measure,
};

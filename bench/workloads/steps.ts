/** Time of a training step, with narrows and the peer in turns on the same chunk files. */
import { join } from "@std/path";
import { checkAutoencoder } from "../check.ts";
import { writeChunks } from "../chunks.ts";
import { feed } from "../../core/data/feed.ts";
import { trainingPlan } from "../../core/data/plan.ts";
import { precisionNote } from "../../core/train/network.ts";
import { denseFloorMs, denseInputFloorMs, factoredFloorMs, type Limits, type StepShape } from "../limits.ts";
import { type Autoencoder, cannot, settlingSteps, Training } from "../narrows.ts";
import { type Peer, peerStep } from "../peer.ts";
import { shown } from "../print.ts";
import { byTurns, ratio, timing } from "../stats.ts";
import type { Context, Goal, Outcome, Row, Timing, Workload } from "../types.ts";

export interface StepCase {
  readonly what: string;
  readonly net: Omit<Autoencoder, "path" | "threads">;
  /** What the peer is told besides chunks, sizes and threads. */
  readonly peer?: Readonly<Record<string, unknown>>;
  /** At least this many times faster than the peer. */
  readonly wanted?: number;
  /** At least this share of the floor. */
  readonly wantedShare?: number;
}

export interface Variants {
  readonly name: string;
  readonly title: string;
  /** Chunk files, made or found. */
  chunks(context: Context): Promise<string[]>;
  readonly missing?: (context: Context) => string | null;
  readonly cases: readonly StepCase[];
}

/** The folder of chunk files, as a config's data.path. */
const folderOf = (chunks: readonly string[]) => join(chunks[0]!, "..");

export async function chunksIn(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(folder)) if (name.endsWith(".npz")) files.push(join(folder, name));
  return files.sort();
}

/** denseRatio: how many times faster than the peer with an input layer that reads dense batches, as it mostly does. */
function goals(one: StepCase, row: Row, denseRatio: number | null): Goal[] {
  const list: Goal[] = [];
  if (one.wanted !== undefined) {
    const beside = denseRatio === null ? "" : `; ${shown(denseRatio)} x if PyTorch reads dense batches`;
    const got = row.ratio === null ? null : `${shown(row.ratio)} x${beside}`;
    const reached = row.ratio === null ? null : row.ratio >= one.wanted;
    list.push({ work: one.what, wanted: `${one.wanted} x`, got, reached });
  }
  if (one.wantedShare !== undefined) {
    const share = row.narrows && row.floor !== null ? row.floor / row.narrows.median : null;
    list.push({
      work: `${one.what}: share of the floor`,
      wanted: `${100 * one.wantedShare} %`,
      got: share === null ? null : `${(100 * share).toFixed(0)} %`,
      reached: share === null ? null : share >= one.wantedShare,
    });
  }
  return list;
}

/** How the peer's input layer reads a batch: made dense, or its non-zeros as weighted bags of embeddings. */
const INPUTS = ["dense", "bags"] as const;

/** The precision of the peer's model, which is f32 if that is faster than bf16. Times of the trial in ms. */
interface PeerPrecision {
  readonly precision: string;
  readonly f32_ms?: number;
  readonly bf16_ms?: number;
}

/** A peer that makes a new model only if it is not the same as the last one. */
class PeerModel {
  #made = "";
  #precision: PeerPrecision = { precision: "f32" };
  constructor(readonly peer: Peer, readonly input: typeof INPUTS[number]) {}

  async make(options: Readonly<Record<string, unknown>>): Promise<void> {
    const asked = JSON.stringify(options);
    if (asked === this.#made) return;
    this.#precision = await this.peer.ask<PeerPrecision>("train", { ...options, input: this.input });
    await peerStep(this.peer, 2);
    this.#made = asked;
  }

  get precision(): PeerPrecision {
    return this.#precision;
  }
}

/** The peer's time in its faster form, and a remark on the other one. */
function fasterInput(narrows: Timing, peers: readonly PeerModel[], times: readonly Timing[]) {
  const best = times[1]!.median < times[0]!.median ? 1 : 0;
  const ratios = times.map((time) => `${shown(time.median)} ms, ${shown(time.median / narrows.median)} x`);
  const remark = best === 1
    ? `PyTorch's input layer is a bag of embeddings; if it reads dense batches: ${ratios[0]}`
    : `PyTorch's input layer reads dense batches; as a bag of embeddings: ${ratios[1]}`;
  return { time: times[best]!, model: peers[best]!, remark, denseRatio: times[0]!.median / narrows.median };
}

/** Columns that some row of a batch has a value in: the mean of the first batches of an epoch. */
async function touchedColumns({ config: { data }, source }: Training): Promise<number> {
  const windows = feed(trainingPlan(source, data, 1), { data, epoch: 1, part: "train", training: true });
  let touched = 0, count = 0;
  for await (const { batches } of windows) {
    for await (const { columns } of batches) {
      const seen = new Uint8Array(source.columns);
      for (const column of columns) seen[column] = 1;
      touched += seen.reduce((sum, one) => sum + one, 0);
      if (++count === 8) return touched / count;
    }
  }
  return touched / Math.max(1, count);
}

/** What each side's products are made of, where bf16 was asked for and is not what runs. */
function precisionRemarks(training: Training, peer: PeerPrecision | null): string[] {
  if (training.config.training.precision !== "bf16") return [];
  const remarks = [`narrows: ${precisionNote(training.config)}`];
  if (peer?.precision === "f32") {
    remarks.push(
      `PyTorch runs in f32, which is faster here (${shown(peer.f32_ms ?? NaN)} ms per step, with autocast to bf16 ${
        shown(peer.bf16_ms ?? NaN)
      } ms)`,
    );
  }
  return remarks;
}

/** The second floor of a dense step, beside the one that goals are judged by. */
function inputFloorRemark(touched: number, shape: StepShape, narrows: Timing, limits: Limits): string {
  const floor = denseInputFloorMs(shape, touched, limits);
  return `with one read and one write of the ${shown(touched)} touched rows of the input layer, the floor is ${
    shown(floor)
  } ms (${(100 * floor / narrows.median).toFixed(0)} %)`;
}

async function measureCase(
  context: Context,
  chunks: readonly string[],
  one: StepCase,
  peers: readonly PeerModel[],
): Promise<{ row: Row; goals: Goal[] }> {
  const { threads, mode } = context;
  await using training = Training.start({ ...one.net, path: folderOf(chunks), threads });
  const { hidden, latent, batch = 128 } = one.net;
  const precision = one.net.precision ?? "f32";
  const options = { chunks, hidden, latent, batch, threads, learning_rate: 1e-3, precision, ...one.peer };
  for (const peer of peers) await peer.make(options);
  const count = mode === "quick" ? 1 : 4, rounds = mode === "quick" ? 3 : 7;
  await training.steps(settlingSteps(one.net.solver));
  const [ours, ...theirs] = await byTurns(rounds, [
    async () => (await training.steps(3 * count)).step,
    ...peers.map(({ peer }) => () => peerStep(peer, count)),
  ]);
  const { columns, nnz, rows } = training.source;
  const shape = { columns, hidden, latent, batch, nnzPerRow: nnz / rows };
  const narrows = timing(ours!), other = peers.length > 0 ? fasterInput(narrows, peers, theirs.map(timing)) : null;
  const dense = one.net.solver === "dense", { limits } = context;
  const remarks = other ? [other.remark] : [];
  remarks.push(...precisionRemarks(training, other?.model.precision ?? null));
  let floor: number | null = null;
  if (one.net.precision !== "bf16") { // with bf16 the tiles of AMX are faster than the rates that the limits measure
    const touched = await touchedColumns(training);
    floor = dense ? denseFloorMs(shape, limits) : factoredFloorMs(shape, touched, limits);
    if (dense) remarks.push(inputFloorRemark(touched, shape, narrows, limits));
  }
  const row: Row = {
    what: one.what,
    unit: "ms",
    narrows,
    peer: other?.time ?? null,
    ratio: ratio(narrows, other?.time ?? null, "less"),
    floor,
    ...(remarks.length > 0 ? { note: remarks.join("; ") } : {}),
  };
  return { row, goals: goals(one, row, other?.denseRatio ?? null) };
}

/** A workload of several configs over the same chunks. A config that this build cannot train is named but not timed. */
export function stepWorkload(variants: Variants): Workload {
  const able = variants.cases.filter((one) => cannot(one.net) === null);
  return {
    name: variants.name,
    title: variants.title,
    skip: (context) => variants.missing?.(context) ?? null,
    async check(context) {
      for (const { net } of able) await checkAutoencoder(context.scratch, { ...net, threads: context.threads });
    },
    async measure(context): Promise<Outcome> {
      const chunks = await variants.chunks(context);
      await using processes = new AsyncDisposableStack();
      const peers: PeerModel[] = [];
      for (const input of INPUTS) {
        const process = await context.peer();
        if (process) peers.push(new PeerModel(processes.use(process), input));
      }
      const rows: Row[] = [], reached: Goal[] = [], notes: string[] = [];
      for (const one of variants.cases) {
        const why = cannot(one.net);
        if (why === null) {
          const { row, goals } = await measureCase(context, chunks, one, peers);
          rows.push(row);
          reached.push(...goals);
        } else {
          notes.push(`${one.what} is left out: ${why}`);
          if (one.wanted) reached.push({ work: one.what, wanted: `${one.wanted} x`, got: null, reached: null });
        }
      }
      return { rows, goals: reached, plots: [], notes };
    },
  };
}

export const sparse = stepWorkload({
  name: "sparse",
  title: "A step at 60,664 columns, 3 % dense, 512-64-512, batch 128, Adam",
  chunks: ({ scratch }) =>
    writeChunks(scratch, { chunks: 1, rowsPerChunk: 1024, columns: 60_664, nnzPerRow: 1820, seed: 1 }),
  cases: [
    {
      what: "60,664 columns, dense solver, f32",
      net: { hidden: 512, latent: 64, solver: "dense" },
      wanted: 2.5,
      wantedShare: 0.75,
    },
    {
      what: "60,664 columns, dense solver, bf16",
      net: { hidden: 512, latent: 64, solver: "dense", precision: "bf16" },
      wanted: 2.5,
    },
    { what: "60,664 columns, factored solver", net: { hidden: 512, latent: 64, solver: "factored" }, wanted: 10 },
  ],
});

const log1p = { transforms: ["log1p"] };

export const news20 = stepWorkload({
  name: "news20",
  title: "A step on 20 Newsgroups: 130,107 columns, 0.12 % dense, 512-64-512, batch 128, Adam",
  missing: ({ data }) => folderMissing(join(data, "news20", "chunks")),
  chunks: ({ data }) => chunksIn(join(data, "news20", "chunks")),
  cases: [
    {
      what: "20 Newsgroups, dense solver",
      net: { hidden: 512, latent: 64, solver: "dense", ...log1p },
      peer: { log1p: true },
    },
    {
      what: "20 Newsgroups, factored solver",
      net: { hidden: 512, latent: 64, solver: "factored", ...log1p },
      peer: { log1p: true },
      wanted: 60,
    },
  ],
});

/** Why a data set cannot be used, or null. */
export function folderMissing(folder: string): string | null {
  try {
    return Deno.statSync(folder).isDirectory ? null : `${folder} is no folder`;
  } catch {
    return `no folder ${folder} (name another with --data)`;
  }
}

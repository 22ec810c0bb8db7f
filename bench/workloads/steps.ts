/** Time of a training step, narrows and the peer by turns on the same chunk files. */
import { join } from "@std/path";
import { checkAutoencoder } from "../check.ts";
import { writeChunks } from "../chunks.ts";
import { denseFloorMs } from "../limits.ts";
import { type Autoencoder, cannot, settlingSteps, Training } from "../narrows.ts";
import { type Peer, peerStep } from "../peer.ts";
import { byTurns, ratio, timing } from "../stats.ts";
import type { Context, Goal, Outcome, Row, Workload } from "../types.ts";

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

function goals(one: StepCase, row: Row): Goal[] {
  const list: Goal[] = [];
  if (one.wanted !== undefined) {
    const got = row.ratio === null ? null : `${row.ratio.toFixed(1)} x`;
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

/** A peer that makes a model only where the last one is another. */
class PeerModel {
  #made = "";
  constructor(readonly peer: Peer) {}

  async make(options: Readonly<Record<string, unknown>>): Promise<void> {
    const asked = JSON.stringify(options);
    if (asked === this.#made) return;
    await this.peer.ask("train", options);
    await peerStep(this.peer, 2);
    this.#made = asked;
  }
}

async function measureCase(
  context: Context,
  chunks: readonly string[],
  one: StepCase,
  peer: PeerModel | null,
): Promise<Row> {
  const { threads, mode } = context;
  await using training = Training.start({ ...one.net, path: folderOf(chunks), threads });
  const { hidden, latent, batch = 128 } = one.net;
  await peer?.make({
    chunks,
    hidden,
    latent,
    batch,
    threads,
    learning_rate: 1e-3,
    precision: one.net.precision ?? "f32",
    ...one.peer,
  });
  const count = mode === "quick" ? 1 : 4, rounds = mode === "quick" ? 3 : 7;
  await training.steps(settlingSteps(one.net.solver)); // the first ones touch fresh memory, too
  const [ours, theirs] = await byTurns(rounds, [
    async () => (await training.steps(3 * count)).step,
    peer ? () => peerStep(peer.peer, count) : null,
  ]);
  const { columns, nnz, rows } = training.source;
  const shape = { columns, hidden, latent, batch, nnzPerRow: nnz / rows };
  const narrows = timing(ours!), other = peer ? timing(theirs!) : null;
  return {
    what: one.what,
    unit: "ms",
    narrows,
    peer: other,
    ratio: ratio(narrows, other, "less"),
    // With bf16 the tiles of AMX, where they are, beat the rates that the limits measure.
    floor: one.net.solver === "dense" && one.net.precision !== "bf16" ? denseFloorMs(shape, context.limits) : null,
  };
}

/** A workload of several configs over the same chunks. A config that this build cannot train is named, not timed. */
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
      await using process = await context.peer();
      const peer = process && new PeerModel(process);
      const rows: Row[] = [], reached: Goal[] = [], notes: string[] = [];
      for (const one of variants.cases) {
        const why = cannot(one.net);
        if (why === null) {
          const row = await measureCase(context, chunks, one, peer);
          rows.push(row);
          reached.push(...goals(one, row));
        } else {
          notes.push(`${one.what}: left out, ${why}`);
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

/** The engine specialised to a config's shapes against the general one: where `build --config` gains. */
import { basename } from "@std/path";
import { buildEngine } from "../../core/build/build.ts";
import { shapesOf } from "../../core/build/shapes.ts";
import { hasSources, tree } from "../../core/build/tree.ts";
import { loadConfig } from "../../core/config/mod.ts";
import { libraryPath } from "../../ffi/library.ts";
import { writeChunks } from "../chunks.ts";
import { type Autoencoder, configOf, settlingSteps } from "../narrows.ts";
import { byTurns, ratio, timing } from "../stats.ts";
import { Stepper } from "../stepper.ts";
import { CheckFailed, type Context, type Outcome, type Row, type Workload } from "../types.ts";

interface Case {
  readonly what: string;
  readonly columns: number;
  readonly nnzPerRow: number;
  readonly rows: number;
  readonly net: Omit<Autoencoder, "path" | "threads">;
  readonly steps: number;
  readonly unit: "ms" | "µs";
}

const WIDE = { columns: 60_664, nnzPerRow: 1820, rows: 1024, steps: 3, unit: "ms" } as const;
const CASES: readonly Case[] = [
  {
    what: "tiny network 16-8-2-8-16, batch 4",
    columns: 16,
    nnzPerRow: 4,
    rows: 8000,
    net: { hidden: 8, latent: 2, batch: 4, solver: "dense" },
    steps: 2000,
    unit: "µs",
  },
  {
    what: "quickstart's shapes: 47,192 columns, 64-16-64, batch 32",
    columns: 47_192,
    nnzPerRow: 4000,
    rows: 512,
    net: { hidden: 64, latent: 16, batch: 32, solver: "factored" },
    steps: 16,
    unit: "ms",
  },
  {
    what: "MLP 784-256-32-256-784, batch 128",
    columns: 784,
    nnzPerRow: 784,
    rows: 4096,
    net: { hidden: 256, latent: 32, batch: 128, solver: "dense" },
    steps: 32,
    unit: "ms",
  },
  { ...WIDE, what: "60,664 columns, 512-64-512, dense", net: { hidden: 512, latent: 64, solver: "dense" } },
  { ...WIDE, what: "60,664 columns, 512-64-512, factored", net: { hidden: 512, latent: 64, solver: "factored" } },
];

const general = () => tree().library;

async function specialLibrary(net: Autoencoder): Promise<string> {
  const { config } = loadConfig({ file: "bench.json", text: JSON.stringify(configOf(net)) });
  return (await buildEngine({ shapes: shapesOf(config), quiet: true })).library;
}

/** @throws {CheckFailed} unless both libraries give the losses of the first steps with the same bits */
async function same(what: string, sides: readonly Stepper[], count: number): Promise<void> {
  const [ours, theirs] = await Promise.all(sides.map((side) => side.steps(count)));
  ours!.losses.forEach((loss, step) => {
    if (loss === theirs!.losses[step]) return;
    throw new CheckFailed(`${what}: loss of step ${step + 1}: specialised ${loss}, general ${theirs!.losses[step]}`);
  });
  if (ours!.losses.length !== count) throw new CheckFailed(`${what}: ${count} steps were asked for`);
}

async function measureCase(context: Context, one: Case): Promise<Row[]> {
  const { scratch, threads, mode } = context;
  const { columns, nnzPerRow, rows: rowsPerChunk, unit, what } = one;
  const chunks = await writeChunks(scratch, { chunks: 1, rowsPerChunk, columns, nnzPerRow });
  const net = { ...one.net, path: chunks[0]!, threads };
  await using special = new Stepper(await specialLibrary(net), net);
  await using plain = new Stepper(general(), net);
  await same(what, [special, plain], Math.max(settlingSteps(one.net.solver), Math.min(one.steps, 200)));
  const compute: number[][] = [[], []];
  const timed = (side: Stepper, at: number) => async () => {
    const answer = await side.steps(one.steps);
    compute[at]!.push(answer.compute);
    return answer.step;
  };
  const whole = await byTurns(mode === "quick" ? 5 : 15, [timed(special, 0), timed(plain, 1)]);
  const row = (label: string, [ours, theirs]: readonly (readonly number[])[]): Row => {
    const [narrows, peer] = [ours!, theirs!].map((values) => timing(values.map((ms) => unit === "µs" ? 1e3 * ms : ms)));
    return { what: label, unit, narrows: narrows!, peer: peer!, ratio: ratio(narrows!, peer!, "less"), floor: null };
  };
  return [row(what, whole), row(`${what}: computation only`, compute)];
}

async function measure(context: Context): Promise<Outcome> {
  const rows: Row[] = [];
  for (const one of CASES) rows.push(...await measureCase(context, one));
  return {
    rows,
    goals: [],
    plots: [],
    notes: [
      "The specialised build uses known sizes in products of at most 16 columns. Only the tiny network has such products, so " +
      "the other rows show how much the times of two equal programs differ.",
      "Specialised builds are made by deno task build --config. Each library runs in a process of its own, and the two take " +
      "turns. Before they are timed, their losses are compared bit by bit.",
    ],
    sides: ["specialised", "general"],
  };
}

export const special: Workload = {
  name: "special",
  title: "The specialised build",
  skip: () =>
    hasSources(tree()) && libraryPath() === general()
      ? null
      : `the general engine in use is not ${basename(general())} of these sources`,
  async check({ scratch, threads }) {
    const chunks = await writeChunks(scratch, { chunks: 1, rowsPerChunk: 64, columns: 200, nnzPerRow: 8 });
    const own: Autoencoder = { path: chunks[0]!, hidden: 8, latent: 2, batch: 4, solver: "dense", threads };
    const library = await specialLibrary(own);
    for (const net of [own, { ...own, hidden: 24, batch: 13 }, { ...own, solver: "factored" as const }]) {
      await using special = new Stepper(library, net);
      await using plain = new Stepper(general(), net);
      await same(`hidden ${net.hidden}, ${net.solver}`, [special, plain], 20);
    }
  },
  measure,
};

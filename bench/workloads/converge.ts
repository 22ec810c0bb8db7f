/** Loss of held-out rows against seconds of training, for narrows and the peer on the same rows and transforms. */
import { join } from "@std/path";
import { checkAutoencoder } from "../check.ts";
import { type Autoencoder, cannot, configOf, type Solver, Training } from "../narrows.ts";
import type { Peer } from "../peer.ts";
import { timing } from "../stats.ts";
import { trained } from "../trained.ts";
import type { Context, Curve, Goal, Mode, Outcome, Row, Workload } from "../types.ts";
import { chunksIn, folderMissing } from "./steps.ts";

interface Dataset {
  readonly name: string;
  readonly title: string;
  readonly folder: string;
  /** The config's transforms, and the same for the peer. */
  readonly transforms: readonly unknown[];
  readonly peer: Readonly<Record<string, unknown>>;
  readonly protocol: Readonly<Record<Mode, Protocol>>;
}

interface Protocol {
  readonly seeds: number;
  /** The peer's learning rates; the best on the first seed serves the other seeds. */
  readonly rates: readonly number[];
  readonly epochs: number;
  /** Epochs after which the peer's rate is chosen, where trying all of them to the end would take too long. */
  readonly trialEpochs?: number;
  /** Seeds for our dense solver, where all of them would take too long. */
  readonly denseSeeds?: number;
  /** Chunk files used: the first ones. */
  readonly chunks?: number;
}

type Point = Curve["points"][number];

/** Adam's learning rates of narrows. They are those of the configs for these data and were not searched for. */
const OWN_RATE: Readonly<Record<Solver, number>> = { factored: 3e-4, dense: 1e-3 };
const NET = { hidden: 512, latent: 64, batch: 128 };
/** For narrows, of which the first epochs are the most important. */
const EVALUATIONS_PER_EPOCH = 10;
const solvers = (["factored", "dense"] as const).filter((solver) => cannot({ solver }) === null);

interface Run {
  readonly points: readonly Point[];
  readonly final: number;
}

/**
 * A run as a user starts it, with only the network and the number of epochs given. Its seconds are those of the whole run up to
 * the end of an epoch: principal components, evaluations and saves are among them.
 */
async function runDefault(context: Context, net: Autoencoder, epochs: number): Promise<Run> {
  const { model, optimizer: _, ...config } = configOf(net) as { model: { decoder: object[] }; optimizer: object };
  const decoder = [...model.decoder.slice(0, -1), { linear: "output" }];
  const run = await trained(context, { ...config, model: { ...model, decoder, start: "auto" } }, {
    "training.epochs": epochs,
  });
  const points = run.epochs.map(({ elapsed_s, validation_loss }) => ({ x: elapsed_s, y: validation_loss! }));
  return { points, final: points.at(-1)!.y };
}

interface PeerRun extends Run {
  /** How the input layer read batches: the faster of "dense" and "bags". */
  readonly input: string;
}

/** Trains for some epochs. The loss of the held-out rows is measured several times per epoch, with the clock stopped. */
async function runNarrows(training: Training, epochs: number): Promise<Run> {
  const points: Point[] = [];
  const every = Math.max(1, Math.floor(training.stepsPerEpoch / EVALUATIONS_PER_EPOCH));
  let seconds = 0;
  for (let left = epochs * training.stepsPerEpoch; left > 0;) {
    const count = Math.min(every, left);
    const begun = performance.now();
    await training.steps(count);
    seconds += (performance.now() - begun) / 1000;
    left -= count;
    points.push({ x: seconds, y: await training.validationLoss() });
  }
  return { points, final: points.at(-1)!.y };
}

async function runPeer(peer: Peer, options: Readonly<Record<string, unknown>>, epochs: number): Promise<PeerRun> {
  const { input } = await peer.ask<{ input: string }>("train", { ...options, tuned_init: true });
  const points: Point[] = [];
  let seconds = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const result = await peer.ask<{ seconds: number; validation_loss: number }>("epoch");
    seconds += result.seconds;
    points.push({ x: seconds, y: result.validation_loss });
  }
  return { points, final: points.at(-1)!.y, input };
}

/** Seconds to the first point at or below a loss; null if there is none. */
export function secondsTo(points: readonly Point[], loss: number): number | null {
  return points.find(({ y }) => y <= loss)?.x ?? null;
}

/** A solver from random weights, or the program as it is without a word on solver, start and rate. */
type Way = Solver | "by default";

interface Case {
  readonly way: Way;
  readonly runs: readonly Run[];
}

/** The peer's best run on a seed, and its learning rate. */
async function bestPeerRun(
  peer: Peer,
  options: Readonly<Record<string, unknown>>,
  rates: readonly number[],
  protocol: Protocol,
  log: (line: string) => void,
): Promise<{ run: PeerRun; rate: number }> {
  const epochs = rates.length > 1 ? protocol.trialEpochs ?? protocol.epochs : protocol.epochs;
  let best: { run: PeerRun; rate: number } | null = null;
  for (const learning_rate of rates) {
    const run = await runPeer(peer, { ...options, input: best?.run.input ?? options.input, learning_rate }, epochs);
    log(`PyTorch at ${learning_rate}: loss ${run.final.toPrecision(4)} after ${epochs} epochs`);
    if (best === null || run.final < best.run.final) best = { run, rate: learning_rate };
  }
  const { rate, run: { input } } = best!;
  return epochs === protocol.epochs
    ? best!
    : { run: await runPeer(peer, { ...options, input, learning_rate: rate }, protocol.epochs), rate };
}

function outcome(data: Dataset, protocol: Protocol, cases: readonly Case[], allPeerRuns: readonly Run[]): Outcome {
  const rows: Row[] = [], goals: Goal[] = [];
  for (const { way, runs } of cases) {
    if (runs.length === 0) continue;
    const peerRuns = allPeerRuns.slice(0, runs.length);
    const reached = runs.map((run, i) => peerRuns[i] ? secondsTo(run.points, peerRuns[i].final) : null);
    const ours = reached.filter((seconds) => seconds !== null);
    const peerSeconds = peerRuns.map((run) => run.points.at(-1)!.x);
    const all = peerRuns.length > 0 && ours.length === runs.length;
    const speedups = all ? ours.map((seconds, i) => peerSeconds[i]! / seconds) : [];
    const ratio = all ? timing(speedups).median : null;
    const lower = peerRuns.length > 0 && runs.every((run, i) => run.final < peerRuns[i]!.final);
    const finals = (list: readonly Run[]) => timing(list.map((run) => run.final)).median.toPrecision(4);
    const ends = `loss at the end: narrows ${finals(runs)}` +
      (peerRuns.length > 0 ? `, PyTorch ${finals(peerRuns)}` : "");
    rows.push({
      what: `${way}: seconds to PyTorch's loss after ${protocol.epochs} epochs, ${runs.length} seed(s)`,
      unit: "s",
      narrows: all ? timing(ours) : null,
      peer: peerRuns.length > 0 ? timing(peerSeconds) : null,
      ratio,
      floor: null,
      note: peerRuns.length > 0 && !all ? `${ours.length} of ${runs.length} seeds reach it; ${ends}` : ends,
    });
    if (way === "dense") continue;
    const measured = peerRuns.length > 0;
    goals.push({
      work: `${data.name}, ${way}, seconds to PyTorch's loss after ${protocol.epochs} epochs, ${runs.length} seed(s)`,
      wanted: "10 x faster, and lower at the end",
      got: measured
        ? `${ratio === null ? "not reached" : `${ratio.toFixed(1)} x`}, ${lower ? "lower" : "not lower"}`
        : null,
      reached: measured ? lower && ratio !== null && ratio >= 10 : null,
    });
  }
  const curves: Curve[] = cases.filter(({ runs }) => runs.length > 0).map(({ way, runs }) => ({
    name: `narrows, ${way}`,
    points: runs[0]!.points,
  }));
  if (allPeerRuns[0]) curves.push({ name: "PyTorch", points: allPeerRuns[0].points });
  const plot = {
    file: `${data.folder}.svg`,
    title: `${data.name}: loss of held-out rows`,
    x: "seconds of training",
    y: "mean squared error",
    log: true,
    curves,
  };
  return { rows, goals, plots: [plot], notes: [] };
}

/** How it was measured. rate: the peer's. */
function remarks(protocol: Protocol, seeds: number, input: string | undefined, rate: number): string[] {
  return [
    `Both sides train for ${protocol.epochs} epochs with ${seeds} seed(s)${
      protocol.chunks ? ` on the first ${protocol.chunks} chunks` : ""
    }. The same tenth of the rows is held out on both sides. Its loss is measured after every epoch of PyTorch and ` +
    `${EVALUATIONS_PER_EPOCH} times per epoch of narrows. Seconds are of training only, but for the runs by default, whose seconds are of ` +
    `everything up to the end of an epoch, principal components and saves among it, and which are measured once an epoch. ` +
    `The plot shows the first seed.`,
    ...(input === undefined ? [] : [
      `PyTorch's input layer ${
        input === "bags" ? "is a bag of embeddings" : "reads dense batches"
      }, which is faster here.`,
    ]),
    `PyTorch and the dense solver of narrows start with the output bias at the column means and small output weights. ` +
    `Of the learning rates ${protocol.rates.join(", ")} for PyTorch, ${rate} is the best on the first seed${
      protocol.trialEpochs ? ` after ${protocol.trialEpochs} epochs` : ""
    }. Adam's learning rate in narrows is ${OWN_RATE.factored} with the factored solver, as in its configs for these data, ` +
    `and ${OWN_RATE.dense}, the default, with the dense solver.`,
  ];
}

async function measure(context: Context, data: Dataset): Promise<Outcome> {
  const protocol = data.protocol[context.mode];
  const folder = join(context.data, data.folder, "chunks");
  const chunks = (await chunksIn(folder)).slice(0, protocol.chunks);
  const own = await Deno.makeTempDir({ dir: context.scratch });
  for (const path of chunks) await Deno.symlink(await Deno.realPath(path), join(own, path.split("/").at(-1)!));
  await using peer = await context.peer();
  const { threads } = context;
  const cases = [...solvers, "by default" as const].map((way) => ({ way, runs: [] as Run[] }));
  const peerRuns: PeerRun[] = [];
  let rates = protocol.rates, rate = rates[0]!;
  const soFar = () => ({
    ...outcome(data, protocol, cases, peerRuns),
    notes: remarks(protocol, cases[0]!.runs.length, peerRuns[0]?.input, rate),
  });
  for (let seed = 1; seed <= protocol.seeds; seed++) {
    const net = { ...NET, path: own, threads, seed, transforms: data.transforms, validation: 0.1 };
    let heldOut: number[] = [];
    for (const { way, runs } of cases) {
      if (way === "by default") {
        runs.push(await runDefault(context, { ...net, solver: "factored" }, protocol.epochs));
        context.log(`  seed ${seed}, ${way}: loss ${runs.at(-1)!.final.toPrecision(4)}`);
        continue;
      }
      const solver = way;
      if (solver === "dense" && seed > (protocol.denseSeeds ?? protocol.seeds)) continue;
      const tunedStart = solver === "dense"; // the factored solver starts from nothing
      await using training = Training.start({ ...net, solver, tunedStart, learningRate: OWN_RATE[solver] });
      await training.begin();
      heldOut = training.source.files.flatMap((file) => [...file.parts.validation].map((row) => file.firstRow + row));
      await training.steps(0);
      runs.push(await runNarrows(training, protocol.epochs));
      context.log(`  seed ${seed}, ${solver}: loss ${runs.at(-1)!.final.toPrecision(4)}`);
    }
    if (!peer) continue;
    const input = peerRuns[0]?.input ?? "faster";
    const options = { chunks, ...NET, threads, held_out: heldOut, seed, input, ...data.peer };
    const log = (line: string) => context.log(`  seed ${seed}, ${line}`);
    const best = await bestPeerRun(peer, options, rates, protocol, log);
    rate = best.rate;
    peerRuns.push(best.run);
    rates = [rate];
    await context.keep(soFar());
  }
  return soFar();
}

function workload(name: string, data: Dataset): Workload {
  return {
    name,
    title: data.title,
    skip: (context) => folderMissing(join(context.data, data.folder, "chunks")),
    async check({ scratch, threads }) {
      for (const solver of solvers) await checkAutoencoder(scratch, { solver, threads });
    },
    measure: (context) => measure(context, data),
  };
}

const RATES = [3e-4, 1e-3, 3e-3];

export const pbmc3kLoss = workload("pbmc3k-loss", {
  name: "PBMC 3k",
  title: "PBMC 3k: loss against seconds (13,714 columns, 512-64-512)",
  folder: "pbmc3k",
  transforms: [{ library_size: 10_000 }, "log1p"],
  peer: { library_size: 10_000, log1p: true },
  protocol: {
    quick: { seeds: 1, rates: [1e-3], epochs: 2 },
    full: { seeds: 5, rates: RATES, epochs: 10 },
    thorough: { seeds: 5, rates: RATES, epochs: 10 },
  },
});

export const news20Loss = workload("news20-loss", {
  name: "20 Newsgroups",
  title: "20 Newsgroups: loss against seconds (130,107 columns, 512-64-512)",
  folder: "news20",
  transforms: ["log1p"],
  peer: { log1p: true },
  protocol: {
    quick: { seeds: 1, rates: [1e-3], epochs: 1, chunks: 2 },
    full: { seeds: 1, rates: RATES, epochs: 10, trialEpochs: 2 },
    thorough: { seeds: 5, rates: RATES, epochs: 10, trialEpochs: 2, denseSeeds: 1 },
  },
});

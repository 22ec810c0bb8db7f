/** Loss of held-out rows after the same epochs of the same network on real data, over seeds. */
import { gunzipSync } from "fflate";
import { join } from "@std/path";
import { openData } from "../../core/data/open.ts";
import { npyBytes } from "../chunks.ts";
import { type Code, Training } from "../narrows.ts";
import { byTurnsOf, type Interval, interval, overlap, timing } from "../stats.ts";
import type { Context, Curve, Goal, Mode, Outcome, Plot, Row, Workload } from "../types.ts";
import { CONV1D, CONV2D, COUNTS, type Network, networkConfig, peerNetwork } from "./networks.ts";
import { chunksIn } from "./steps.ts";

interface Protocol {
  readonly seeds: number;
  readonly epochs: number;
}

export const protocol = (epochs: number, quick: Protocol): Dataset["protocol"] => ({
  quick,
  full: { seeds: 5, epochs },
  thorough: { seeds: 5, epochs },
});

export interface Dataset {
  readonly name: string;
  /** Of the plot's file. */
  readonly file: string;
  readonly needed: string;
  readonly net: Network;
  /** Rows as the program and the peer read them; `shards` is a folder of safetensors that the program reads instead. */
  rows(context: Context): Promise<{ path: string; chunks?: string[]; shards?: string }>;
  /** Whether the peer makes the rows. */
  readonly needsPeer?: true;
  /** Whether the encoder ends with a code of few values, which is compared as well. */
  readonly code?: true;
  readonly protocol: Readonly<Record<Mode, Protocol>>;
  readonly note: string;
}

/** float32 rows in a file of their own. */
async function written(context: Context, rows: number, columns: number, values: Float32Array<ArrayBuffer>) {
  const path = await Deno.makeTempFile({ dir: context.scratch, suffix: ".npy" });
  await Deno.writeFile(path, npyBytes(rows, columns, values));
  return { path };
}

const IMAGES = 20_000;

const fashion: Dataset = {
  name: "Fashion-MNIST, conv2d",
  file: "fashion_mnist_conv2d",
  needed: "fashion_mnist/train-images-idx3-ubyte.gz",
  net: CONV2D,
  async rows(context) {
    const bytes = gunzipSync(await Deno.readFile(join(context.data, this.needed))).subarray(16); // after the header
    const values = Float32Array.from(bytes.subarray(0, IMAGES * 784), (value) => value / 255);
    return await written(context, IMAGES, 784, values);
  },
  protocol: protocol(8, { seeds: 2, epochs: 1 }),
  note: "The first 20,000 images, scaled to [0, 1].",
};

const WINDOW = 1024;

const ultrasound: Dataset = {
  name: "lit3rick, conv1d",
  file: "lit3rick_conv1d",
  needed: "lit3rick/gaintests_352x8192_int32.npy",
  net: CONV1D,
  async rows(context) {
    const bytes = await Deno.readFile(join(context.data, this.needed));
    const begin = 10 + new DataView(bytes.buffer).getUint16(8, true);
    const values = Float32Array.from(new Int32Array(bytes.slice(begin).buffer), (value) => (value - 512) / 512);
    return await written(context, values.length / WINDOW, WINDOW, values);
  },
  protocol: protocol(8, { seeds: 2, epochs: 1 }),
  note: "Each of the 352 recorded lines is cut into 8 windows of 1,024 samples, scaled to [-1, 1].",
};

const cells: Dataset = {
  name: "PBMC 3k, negative binomial variational autoencoder",
  file: "pbmc3k_counts",
  needed: "pbmc3k/chunks",
  net: { ...COUNTS, shape: [13_714] },
  async rows(context) {
    const path = join(context.data, this.needed);
    return { path, chunks: await chunksIn(path) };
  },
  protocol: protocol(15, { seeds: 2, epochs: 2 }),
  note: "Counts as they are, 13,714 columns.",
};

interface Course {
  /** At the end. */
  readonly code: Code | null;
  readonly points: Curve["points"][number][];
  readonly seconds: number;
  readonly final: number;
}

const course = (points: Course["points"], code: Code | null): Course => ({
  ...{ points, code },
  seconds: points.at(-1)!.x,
  final: points.at(-1)!.y,
});

/** One epoch after the other of both sides, by turns. The loss is measured with the clock stopped. */
async function trainBoth(
  context: Context,
  data: Dataset,
  { path, chunks, shards }: Awaited<ReturnType<Dataset["rows"]>>,
  seed: number,
  epochs: number,
): Promise<(Course | null)[]> {
  const config = networkConfig(data.net, path, { threads: context.threads, seed, validation: 0.1 });
  const read = shards === undefined ? config : {
    ...config,
    data: { ...config.data, path: shards, format: "safetensors" as const },
    paths: { ...config.paths, cache: join(context.scratch, "cache") },
  };
  await using training = Training.of(read, await openData(read));
  await training.begin();
  const peer = await context.peer();
  await using _ = peer;
  const files = training.source.files;
  const held_out = files.flatMap((file) => [...file.parts.validation].map((row) => file.firstRow + row));
  const told = peerNetwork(data.net, config, path);
  await peer?.ask("network", { ...told, ...chunks ? { chunks } : {}, held_out, seed });
  const points: Course["points"][] = [[], []];
  const clock = [0, 0];
  await byTurnsOf(epochs, [
    async () => {
      const begun = performance.now();
      await training.steps(training.stepsPerEpoch);
      clock[0]! += (performance.now() - begun) / 1000;
      points[0]!.push({ x: clock[0]!, y: await training.validationLoss() });
    },
    peer && (async () => {
      const { seconds, validation_loss } = await peer.ask<{ seconds: number; validation_loss: number }>("epoch");
      clock[1]! += seconds;
      points[1]!.push({ x: clock[1]!, y: validation_loss });
    }),
  ]);
  const codes = data.code ? [await training.code(), await peer?.ask<Code>("code") ?? null] : [null, null];
  return [course(points[0]!, codes[0]!), peer ? course(points[1]!, codes[1]!) : null];
}

const shown = ({ mean, low, high }: Interval) =>
  `${mean.toPrecision(4)} (${low.toPrecision(4)} to ${high.toPrecision(4)})`;

/** Medians over the seeds. */
function codeText(side: string, courses: readonly Course[]): string {
  const codes = courses.flatMap(({ code }) => code ?? []);
  if (codes.length === 0) return "";
  const middle = (of: (code: Code) => number) => timing(codes.map(of)).median;
  const active = middle((code) => code.active).toFixed(2), dead = (100 * middle((code) => code.dead)).toFixed(1);
  const unexplained = (100 * middle((code) => code.unexplained)).toFixed(1);
  return `${side}: ${active} units of a held-out row are not 0, ${dead} % of the units are 0 in all of them, ${unexplained} % of the ` +
    "variance are not explained. ";
}

async function measureSet(context: Context, data: Dataset): Promise<{ row: Row; goal: Goal; plot: Plot }> {
  const { seeds, epochs } = data.protocol[context.mode];
  const ours: Course[] = [], theirs: Course[] = [];
  const from = await data.rows(context);
  for (let seed = 1; seed <= seeds; seed++) {
    const [own, other] = await trainBoth(context, data, from, seed, epochs);
    ours.push(own!);
    if (other) theirs.push(other);
    context.log(`  ${data.name}, seed ${seed}: ${own!.final.toPrecision(4)}, PyTorch ${other?.final.toPrecision(4)}`);
  }
  const [own, other] = [ours, theirs].map((list) => interval(list.map(({ final }) => final)));
  const [seconds, peerSeconds] = [ours, theirs].map((list) => timing(list.map((one) => one.seconds)));
  const compared = theirs.length > 0;
  const faster = compared ? peerSeconds!.median / seconds!.median : null;
  const same = compared && (overlap(own!, other!) || own!.high < other!.low);
  const losses = `loss of held-out rows, mean and 95 % interval: narrows ${shown(own!)}` +
    (compared ? `, PyTorch ${shown(other!)}` : "");
  return {
    row: {
      what: `${data.name}: ${epochs} epochs, ${seeds} seed(s)`,
      unit: "s",
      narrows: seconds!,
      peer: compared ? peerSeconds! : null,
      ratio: faster,
      floor: null,
      note: `${losses}. ${codeText("narrows", ours)}${codeText("PyTorch", theirs)}${data.note}`,
    },
    goal: {
      work: `${data.name}: held-out loss after ${epochs} epochs, ${seeds} seed(s)`,
      wanted: "as in PyTorch (95 % intervals overlap) or lower, in less time",
      got: compared
        ? `${same ? (overlap(own!, other!) ? "as in PyTorch" : "lower") : "higher"}, ${faster!.toFixed(1)} x as fast`
        : null,
      reached: compared ? same && faster! > 1 : null,
    },
    plot: {
      file: `${data.file}.svg`,
      title: `${data.name}: loss of held-out rows, the first seed`,
      x: "seconds of training",
      y: data.net.loss ? "negative log-likelihood a row, with the KL divergence" : "mean squared error",
      log: data.net.loss === undefined,
      curves: [
        { name: "narrows", points: ours[0]!.points },
        ...compared ? [{ name: "PyTorch", points: theirs[0]!.points }] : [],
      ],
    },
  };
}

function missing(context: Context, { needed, needsPeer }: Dataset): boolean {
  if (needsPeer && !context.hasPeer) return true;
  try {
    Deno.statSync(join(context.data, needed));
    return false;
  } catch {
    return true;
  }
}

/** A workload of data sets. */
export const lossOf = (name: string, title: string, sets: readonly Dataset[]): Workload => ({
  name,
  title,
  skip: (context) => {
    if (!sets.every((set) => missing(context, set))) return null;
    return sets.every(({ needsPeer }) => needsPeer) && !context.hasPeer
      ? "the peer makes its rows"
      : `none of its data are in ${context.data}`;
  },
  async check() {}, // the workloads networks and dictionary compare the same networks weight by weight
  async measure(context): Promise<Outcome> {
    const rows: Row[] = [], goals: Goal[] = [], plots: Plot[] = [];
    const notes = [
      "Both sides train the same network with Adam at 0.001 and default initialisation, epoch by epoch in turns; a " +
      "tenth of the rows, the same on both sides, is held out. Seconds are of training only.",
    ];
    for (const set of sets) {
      if (missing(context, set)) {
        notes.push(
          `${set.name} is left out: ${
            set.needsPeer && !context.hasPeer ? "the peer makes its rows" : `no ${set.needed}`
          }.`,
        );
        continue;
      }
      const { row, goal, plot } = await measureSet(context, set);
      rows.push(row);
      goals.push(goal);
      plots.push(plot);
      await context.keep({ rows, goals, plots, notes });
    }
    return { rows, goals, plots, notes };
  },
});

export const networksLoss = lossOf("networks-loss", "Networks of several shapes: loss on real data", [
  fashion,
  ultrasound,
  cells,
]);

/** Loss of held-out rows after the same epochs of the same network on real data, over seeds. */
import { gunzipSync } from "fflate";
import { join } from "@std/path";
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

const protocol = (epochs: number, quick: Protocol): Dataset["protocol"] => ({
  quick,
  full: { seeds: 5, epochs },
  thorough: { seeds: 5, epochs },
});

interface Dataset {
  readonly name: string;
  /** Of the plot's file. */
  readonly file: string;
  readonly needed: string;
  readonly net: Network;
  /** Rows as the program and the peer read them. */
  rows(context: Context): Promise<{ path: string; chunks?: string[] }>;
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

const WIDTH = 512;

const activations: Dataset = {
  name: "activations of a classifier, dictionary",
  file: "activations_dictionary",
  needed: "fashion_mnist/train-images-idx3-ubyte.gz",
  needsPeer: true,
  code: true,
  net: {
    what: `sparse autoencoder, ${WIDTH} to 4,096 units, 16 a row`,
    shape: [WIDTH],
    encoder: [{ sparse_code: 4096, k: 16, aux_weight: 0 }],
    decoder: [{ dictionary: "output" }],
    batch: 512,
  },
  async rows(context) {
    const path = await Deno.makeTempFile({ dir: context.scratch, suffix: ".npy" });
    const images = join(context.data, this.needed);
    const labels = images.replace("images-idx3", "labels-idx1");
    await using peer = await context.peer();
    const options = { images, labels, out: path, width: WIDTH, epochs: 3, threads: context.threads };
    const { accuracy } = await peer!.ask<{ accuracy: number }>("activations", options);
    context.log(`  activations of a classifier that is right for ${(100 * accuracy).toFixed(1)} % of its pictures`);
    return { path };
  },
  protocol: protocol(10, { seeds: 1, epochs: 1 }),
  note:
    "What the hidden layer of 512 units of a perceptron gives for the 60,000 training pictures of Fashion-MNIST; PyTorch trains " +
    "the perceptron for 3 epochs.",
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
  { path, chunks }: Awaited<ReturnType<Dataset["rows"]>>,
  seed: number,
  epochs: number,
): Promise<(Course | null)[]> {
  const config = networkConfig(data.net, path, { threads: context.threads, seed, validation: 0.1 });
  await using training = Training.of(config);
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
  const [active, dead] = [codes.map((code) => code.active), codes.map((code) => 100 * code.dead)].map(timing);
  return `${side}: ${active!.median.toFixed(2)} units of a held-out row are not 0, ${
    dead!.median.toFixed(1)
  } % of the units are 0 in ` +
    "all of them. ";
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

const SETS = [fashion, ultrasound, cells, activations];

function missing(context: Context, { needed, needsPeer }: Dataset): boolean {
  if (needsPeer && !context.hasPeer) return true;
  try {
    Deno.statSync(join(context.data, needed));
    return false;
  } catch {
    return true;
  }
}

export const networksLoss: Workload = {
  name: "networks-loss",
  title: "Networks of several shapes: loss on real data",
  skip: (context) => SETS.every((set) => missing(context, set)) ? `none of its data are in ${context.data}` : null,
  async check() {}, // the workload networks compares the same networks weight by weight
  async measure(context): Promise<Outcome> {
    const rows: Row[] = [], goals: Goal[] = [], plots: Plot[] = [];
    const notes = [
      "Both sides train the same network with Adam at 0.001 and default initialisation, epoch by epoch in turns; a " +
      "tenth of the rows, the same on both sides, is held out. Seconds are of training only.",
    ];
    for (const set of SETS) {
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
};

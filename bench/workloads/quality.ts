/** What a run explains of rows that it has not seen, by default, beside principal component analysis of the same size. */
import { join } from "@std/path";
import { exists } from "../../core/formats/file.ts";
import { interval, timing } from "../stats.ts";
import { trained } from "../trained.ts";
import type { Context, Curve, Outcome, Plot, Row, Workload } from "../types.ts";

interface Dataset {
  readonly name: string;
  /** Below the folder of data sets. */
  readonly path: string;
  readonly rows: number;
  readonly data?: Readonly<Record<string, unknown>>;
}

const CELLS = { transforms: [{ library_size: 10_000 }, "log1p"] };

const SETS: readonly Dataset[] = [
  { name: "pbmc3k", path: "pbmc3k/chunks", rows: 2700, data: CELLS },
  { name: "hsmm", path: "hsmm/hsmm_271x47192.npz", rows: 271, data: CELLS },
  { name: "news20", path: "news20/chunks", rows: 11_314, data: { transforms: ["log1p"] } },
  { name: "digits", path: "digits/digits_1797x64_float32.npy", rows: 1797 },
  { name: "fashion_mnist", path: "fashion_mnist/train-images-idx3-ubyte.gz", rows: 60_000 },
  { name: "olivetti", path: "olivetti/png", rows: 400 },
  { name: "lit3rick", path: "lit3rick/gaintests_352x8192_int32.npy", rows: 352 },
  { name: "muscle_rf", path: "muscle_rf/rf_384x1408_float32.npy", rows: 384 },
];

/** Training rows, of which there are at most eight tenths of all. */
const SIZES = [100, 300, 1000, 3000, 10_000];
/** Rows of each part that is held out, as far as two tenths of all suffice. */
const HELD_OUT = 0.1;
const SEEDS = { quick: 1, full: 5, thorough: 5 };
const LATENT = 32, HIDDEN = 256;

const sizesOf = ({ rows }: Dataset) => {
  const most = Math.floor(rows * (1 - 2 * HELD_OUT));
  return [...SIZES.filter((size) => size < 0.8 * most), most];
};

/** How a network of version 0.1 was trained by default. */
const FROM_NOISE = { "model.start": "random", "training.epochs": 20 };

interface Score {
  readonly test: number;
  readonly validation: number;
  /** Of PCA, on test and on validation rows. */
  readonly pca: number;
  readonly pcaValidation: number;
  readonly seconds: number;
  readonly epochs: number;
}

async function scores(
  context: Context,
  set: Dataset,
  size: number,
  seed: number,
  only: Record<string, unknown>,
): Promise<Score> {
  const config = {
    name: set.name,
    seed,
    data: {
      path: join(context.data, set.path),
      split: { train: size / set.rows, validation: HELD_OUT, test: HELD_OUT },
      ...set.data,
    },
    model: {
      encoder: [{ linear: HIDDEN }, "relu", { linear: LATENT }],
      decoder: [{ linear: HIDDEN }, "relu", { linear: "output" }],
    },
    diagnostics: { max_rows: 1 },
    runtime: { threads: context.threads },
    paths: { cache: join(context.scratch, "cache") },
  };
  const { summary } = await trained(context, config, only);
  const { metrics, baseline, seconds, epochs } = summary!;
  return {
    test: metrics.test!.r2,
    validation: metrics.validation!.r2,
    pca: baseline!.pca!.test!.r2,
    pcaValidation: baseline!.pca!.validation!.r2,
    seconds: seconds.total,
    epochs,
  };
}

async function measure(context: Context): Promise<Outcome> {
  const { mode, log } = context;
  const rows: Row[] = [], curves: Curve[] = [];
  let below = 0, above = 0, count = 0;
  const seeds = Array.from({ length: SEEDS[mode] }, (_, seed) => seed + 1);
  const outcome = (): Outcome => ({
    rows,
    goals: [{
      work: "R2 of held-out rows by default, against PCA of the same size",
      wanted: "never below by more than the seeds' interval, above where rows suffice",
      got: mode === "quick" ? null : `${count} sizes of data sets: below in ${below}, above in ${above}`,
      reached: mode === "quick" ? null : below === 0 && above > 0,
    }],
    plots: [
      {
        file: "quality.svg",
        title: "R2 of test rows less that of PCA, by the number of training rows",
        x: "training rows",
        y: "R2 less that of PCA",
        log: true,
        curves,
      } satisfies Plot,
    ],
    sides: ["narrows", "PCA"],
    notes: [
      `${HIDDEN}-${LATENT}-${HIDDEN}, every other key at its default; a tenth of all rows each for validation and test; ` +
      `median and range of ${seeds.length} seed${
        seeds.length === 1 ? "" : "s"
      }, which split the rows, too. "From noise" is ` +
      "model.start: random with 20 epochs. Validation rows choose the best epoch, test rows nothing.",
    ],
  });
  for (const set of SETS) {
    if (!await exists(join(context.data, set.path))) continue;
    const points: { x: number; y: number }[] = [];
    for (const size of sizesOf(set)) {
      const own: Score[] = [], noise: Score[] = [];
      for (const seed of seeds) {
        own.push(await scores(context, set, size, seed, {}));
        noise.push(await scores(context, set, size, seed, { ...FROM_NOISE, "evaluation.pca": true }));
      }
      const what = `${set.name}, ${size.toLocaleString("en")} training rows`;
      const more = own.map(({ test, pca }) => test - pca);
      const row = (name: string, of: (score: Score) => number, from: readonly Score[]): Row => ({
        what: `${what}: ${name}`,
        unit: "R2",
        narrows: timing(from.map(of)),
        peer: name.startsWith("validation")
          ? timing(own.map(({ pcaValidation }) => pcaValidation))
          : timing(own.map(({ pca }) => pca)),
        ratio: null,
        floor: null,
        note: `${Math.round(timing(from.map(({ seconds }) => seconds)).median)} s, ${
          timing(from.map(({ epochs }) => epochs)).median
        } epochs`,
      });
      rows.push(
        row("test", ({ test }) => test, own),
        row("validation", ({ validation }) => validation, own),
        row("test, from noise", ({ test }) => test, noise),
      );
      const { mean, low } = interval(more);
      const half = more.length > 1 ? mean - low : 0;
      count++;
      if (mean < -Math.max(half, 5e-4)) below++;
      if (mean > half) above++;
      points.push({ x: size, y: mean });
      log(`  ${what}: test R2 ${own.map(({ test }) => test.toFixed(4)).join(", ")}, less PCA's ${mean.toFixed(4)}`);
      await context.keep(outcome());
    }
    curves.push({ name: set.name, points });
  }
  return outcome();
}

export const quality: Workload = {
  name: "quality",
  title: "Quality: held-out rows, beside PCA",
  skip: () => null,
  check: () => Promise.resolve(),
  measure,
};

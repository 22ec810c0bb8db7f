/** What a run explains of rows that it has not seen, by default, beside principal component analysis of the same size. */
import { EQUAL_R2 } from "../../core/baseline/pca.ts";
import { interval, timing } from "../stats.ts";
import type { Context, Curve, Outcome, Plot, Row, Workload } from "../types.ts";
import { type Dataset, HIDDEN, keptScore, LATENT, present, sizesOf } from "./quality_sets.ts";

/** Training rows, of which there are at most eight tenths of all. */
const ALL_SIZES = [100, 300, 1000, 3000, 10_000];
const SIZES = { quick: [300], full: ALL_SIZES, thorough: ALL_SIZES };
const SEEDS = { quick: 2, full: 5, thorough: 5 };

/** How a network of version 0.1 was trained by default. */
const FROM_NOISE = { "model.start": "random", "training.epochs": 20 };

type Kept = Awaited<ReturnType<typeof keptScore>>;

interface Case {
  readonly set: Dataset;
  readonly size: number;
  readonly own: readonly Kept[];
  readonly noise: readonly Kept[];
}

function rowsOf({ set, size, own, noise }: Case): Row[] {
  const labelled = own.flatMap(({ accuracy }) => accuracy ?? []);
  const what = `${set.name}, ${size.toLocaleString("en")} training rows`;
  const row = (name: string, of: (score: Kept) => number, pca: (score: Kept) => number, from: readonly Kept[]) => ({
    what: `${what}: ${name}`,
    unit: "R2" as const,
    narrows: timing(from.map(of)),
    peer: timing(own.map(pca)),
    ratio: null,
    floor: null,
    note: `${timing(from.map(({ epochs }) => epochs)).median} epochs`,
  });
  return [
    row("test", ({ test }) => test, ({ pca }) => pca, own),
    row("validation", ({ validation }) => validation, ({ pcaValidation }) => pcaValidation, own),
    row("test, from noise", ({ test }) => test, ({ pca }) => pca, noise),
    ...labelled.length === 0 ? [] : [{
      what: `${what}: labels told by ten neighbours`,
      unit: "%" as const,
      narrows: timing(labelled.map(({ latent }) => 100 * latent)),
      peer: timing(labelled.map(({ pca }) => 100 * pca)),
      ratio: null,
      floor: null,
    }],
  ];
}

/** The mean difference from PCA over the seeds, and half of its 95 % interval. */
function difference({ own }: Case): { mean: number; half: number } {
  const { mean, low } = interval(own.map(({ test, pca }) => test - pca));
  return { mean, half: own.length > 1 ? mean - low : 0 };
}

function outcomeOf(cases: readonly Case[], seeds: number, quick: boolean): Outcome {
  const all = cases.map(difference);
  const below = all.filter(({ mean, half }) => mean < -Math.max(half, EQUAL_R2)).length;
  const above = all.filter(({ mean, half }) => mean > Math.max(half, EQUAL_R2)).length;
  const names = [...new Set(cases.map(({ set }) => set.name))];
  const curves = names.map((name): Curve => ({
    name,
    points: cases.flatMap((one, i) => one.set.name === name ? [{ x: one.size, y: all[i]!.mean }] : []),
  }));
  const plot: Plot = {
    file: "quality.svg",
    title: "R2 of test rows less that of PCA, by the number of training rows",
    x: "training rows",
    y: "R2 less that of PCA",
    log: true,
    curves,
  };
  return {
    rows: cases.flatMap(rowsOf),
    goals: [{
      work: "R2 of held-out rows by default, against PCA of the same size",
      wanted: "never below by more than the seeds' interval, above where rows suffice",
      got: quick ? null : `${cases.length} sizes of data sets: below in ${below}, above in ${above}, else equal`,
      reached: quick ? null : below === 0 && above > 0,
    }],
    plots: [plot],
    sides: ["narrows", "PCA"],
    notes: [
      `${HIDDEN}-${LATENT}-${HIDDEN}, every other key at its default; an eighth of the number of training rows for validation, ` +
      `the rest, at most 5,000 of it, for test; median and range of ${seeds} seed${
        seeds === 1 ? "" : "s"
      }, which split the rows, too. "From noise" is ` +
      "model.start: random with 20 epochs. Validation rows choose the best epoch, test rows nothing. A difference counts " +
      `where it is larger than ${EQUAL_R2} and than half of the seeds' 95 % interval.`,
    ],
  };
}

/** Small ones first, so that what an interrupted measurement has kept says something of every data set. */
async function plannedCases(context: Context): Promise<{ set: Dataset; size: number; place: number }[]> {
  const sets = await present(context);
  return sets.flatMap((set, place) => sizesOf(set, SIZES[context.mode]).map((size) => ({ set, size, place })))
    .sort((a, b) => a.size - b.size);
}

async function measure(context: Context): Promise<Outcome> {
  const { mode, log } = context;
  const seeds = Array.from({ length: SEEDS[mode] }, (_, seed) => seed + 1);
  const cases: (Case & { place: number })[] = [];
  const outcome = () => {
    return outcomeOf(cases.toSorted((a, b) => a.place - b.place || a.size - b.size), seeds.length, mode === "quick");
  };
  for (const { set, size, place } of await plannedCases(context)) {
    const own: Kept[] = [], noise: Kept[] = [];
    for (const seed of seeds) {
      own.push(await keptScore(context, set, size, seed));
      noise.push(await keptScore(context, set, size, seed, FROM_NOISE));
    }
    const one = { set, size, own, noise, place };
    cases.push(one);
    const { mean, half } = difference(one);
    log(`  ${set.name}, ${size} training rows: test R2 less PCA's ${mean.toFixed(4)} +- ${half.toFixed(4)}`);
    await context.keep(outcome());
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

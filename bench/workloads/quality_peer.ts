/** What the defaults explain of held-out rows beside Adam in PyTorch, and the time to PCA's level beside scikit-learn. */
import { EQUAL_R2 } from "../../core/baseline/pca.ts";
import { timing } from "../stats.ts";
import { CheckFailed, type Context, type Goal, type Outcome, type Row, type Workload } from "../types.ts";
import { type Dataset, HIDDEN, LATENT, present, rowsFor, type Score, score, sizesOf } from "./quality_sets.ts";

const SIZES = { quick: [100], full: [300], thorough: [100, 300, 1000, 3000] };
/** The most training rows: PyTorch takes minutes a run beyond. */
const MOST_ROWS = 3000;
const SEEDS = { quick: 1, full: 3, thorough: 5 };
const RATES = [1e-4, 3e-4, 1e-3];
const STARTS = ["pca", "default"] as const;
const SOLVERS = ["arpack", "randomized"] as const;
const BATCH = 128, STEPS = 4000, MOST_EPOCHS = 1000;
/** Of the processor, for one of PyTorch's runs. */
const MOST_SECONDS = 30;

interface Fit {
  readonly validation: number;
  readonly test: number;
  readonly seconds: number;
}
type Start = typeof STARTS[number];
type Solver = typeof SOLVERS[number];

interface Seed {
  readonly own: Score;
  /** The best rate's by validation rows. */
  readonly peer: Readonly<Record<Start, Fit>>;
  readonly pca: Readonly<Record<Solver, Fit | null>>;
}

async function oneSeed(context: Context, set: Dataset, size: number, seed: number): Promise<Seed> {
  const own = await score(context, set, size, seed);
  await using peer = await context.peer();
  if (peer === null) throw new CheckFailed("there is no peer");
  const rows = await rowsFor(context, set, size, seed);
  const { threads } = context;
  await peer.ask("quality", { ...rows, hidden: HIDDEN, latent: LATENT, batch: BATCH, threads });
  const pca: Partial<Record<Solver, Fit | null>> = {};
  for (const solver of SOLVERS) {
    pca[solver] = (await peer.ask<{ result: Fit | null }>("pca", { solver, seed })).result;
  }
  const epochs = Math.min(MOST_EPOCHS, Math.max(3, Math.ceil(STEPS / Math.ceil(rows.train.length / BATCH))));
  const best: Partial<Record<Start, Fit>> = {};
  for (const start of STARTS) {
    for (const rate of RATES) {
      const options = { start, rate, seed, epochs, patience: Math.max(3, Math.ceil(epochs / 10)) };
      const { result } = await peer.ask<{ result: Fit }>("fit", { ...options, most_seconds: MOST_SECONDS });
      if (!best[start] || result.validation > best[start].validation) best[start] = result;
    }
  }
  return { own, peer: best as Record<Start, Fit>, pca: pca as Record<Solver, Fit | null> };
}

interface Case {
  readonly what: string;
  readonly seeds: readonly Seed[];
}

const median = (values: readonly number[]) => timing(values).median;

function rowsOf({ what, seeds }: Case): Row[] {
  const test = timing(seeds.map(({ own }) => own.test));
  const plain = { ratio: null, floor: null };
  const starts = STARTS.map((start): Row => ({
    ...plain,
    what: `${what}: Adam ${start === "pca" ? "after PCA" : "after PyTorch's start"}, best of ${RATES.length} rates`,
    unit: "R2",
    narrows: test,
    peer: timing(seeds.map(({ peer }) => peer[start].test)),
    note: `${median(seeds.map(({ peer }) => peer[start].seconds)).toFixed(1)} s of a processor for the best rate`,
  }));
  const solvers = SOLVERS.flatMap((solver): Row[] => {
    const fits = seeds.map(({ pca }) => pca[solver]).filter((fit) => fit !== null);
    if (fits.length === 0) return [];
    return [{
      ...plain,
      what: `${what}: scikit-learn's PCA, ${solver}`,
      unit: "R2",
      narrows: test,
      peer: timing(fits.map((fit) => fit.test)),
      note: `${median(fits.map(({ seconds }) => seconds)).toFixed(2)} s; narrows at PCA's level after ${
        median(seeds.map(({ own }) => own.secondsToPca ?? NaN)).toFixed(2)
      } s, the whole run ${median(seeds.map(({ own }) => own.seconds)).toFixed(1)} s`,
    }];
  });
  return [...starts, ...solvers];
}

function outcomeOf(cases: readonly Case[], { mode }: Context): Outcome {
  const goals = STARTS.map((start): Goal => {
    const more = cases.map(({ seeds }) => median(seeds.map(({ own, peer }) => own.test - peer[start].test)));
    const below = more.filter((value) => value < -EQUAL_R2).length,
      above = more.filter((value) => value > EQUAL_R2).length;
    return {
      work: `R2 of test rows against Adam in PyTorch ${start === "pca" ? "after PCA" : "after its own start"}`,
      wanted: "not below",
      got: mode === "quick" ? null : `${cases.length} cases: below in ${below}, above in ${above}, else equal`,
      reached: mode === "quick" ? null : below === 0,
    };
  });
  return {
    rows: cases.flatMap(rowsOf),
    goals,
    plots: [],
    sides: ["narrows", "peer"],
    notes: [
      `${HIDDEN}-${LATENT}-${HIDDEN}, the same rows and transforms on both sides; narrows with every other key at its ` +
      `default. PyTorch: Adam at ${RATES.join(", ")}, batches of ${BATCH}, as many epochs and as much patience as ` +
      `training.epochs: auto gives, at most ${MOST_SECONDS} s of a processor a run; validation rows choose epoch and ` +
      `rate. Medians and ranges of ${
        SEEDS[mode]
      } seed(s), which split the rows, too; a smaller difference than ${EQUAL_R2} is none.`,
    ],
  };
}

async function measure(context: Context): Promise<Outcome> {
  const { mode, log } = context;
  const cases: Case[] = [];
  for (const set of await present(context)) {
    for (const size of sizesOf({ ...set, rows: Math.min(set.rows, MOST_ROWS / 0.8) }, SIZES[mode])) {
      const seeds: Seed[] = [];
      for (let seed = 1; seed <= SEEDS[mode]; seed++) seeds.push(await oneSeed(context, set, size, seed));
      const of = (value: (seed: Seed) => number) => median(seeds.map(value)).toFixed(4);
      const what = `${set.name}, ${size.toLocaleString("en")} training rows`;
      cases.push({ what, seeds });
      log(
        `  ${what}: ${of(({ own }) => own.test)}, PyTorch ${of(({ peer }) => peer.pca.test)} after PCA, ` +
          `${of(({ peer }) => peer.default.test)} after its own start`,
      );
      await context.keep(outcomeOf(cases, context));
    }
  }
  return outcomeOf(cases, context);
}

export const qualityPeer: Workload = {
  name: "quality-peer",
  title: "Quality: held-out rows, beside PyTorch and scikit-learn",
  skip: ({ hasPeer }) => hasPeer ? null : "--peer names no Python",
  check: () => Promise.resolve(),
  measure,
};

/** The data sets on which the quality of the defaults is measured, and one run of the program on a part of one. */
import { join } from "@std/path";
import { loadConfig } from "../../core/config/mod.ts";
import { openData } from "../../core/data/open.ts";
import { exists, makeFolder } from "../../core/formats/file.ts";
import { writeJsonAtomic } from "../../core/runs/atomic.ts";
import { trained } from "../trained.ts";
import { CheckFailed, type Context } from "../types.ts";

export interface Dataset {
  readonly name: string;
  /** Below the folder of data sets. */
  readonly path: string;
  readonly rows: number;
  /** A file of labels, below the same folder. Fashion-MNIST's lie beside the pictures and need no name. */
  readonly labels?: string;
  /** The config's transforms, and the same for the peer. */
  readonly transforms?: readonly unknown[];
  readonly peer?: Readonly<Record<string, unknown>>;
}

const CELLS = {
  transforms: [{ library_size: 10_000 }, "log1p"],
  peer: { library_size: 10_000, log1p: true },
};

export const SETS: readonly Dataset[] = [
  { name: "pbmc3k", path: "pbmc3k/chunks", rows: 2700, ...CELLS },
  { name: "hsmm", path: "hsmm/hsmm_271x47192.npz", rows: 271, ...CELLS },
  {
    name: "news20",
    path: "news20/chunks",
    labels: "news20/train_labels.npy",
    rows: 11_314,
    transforms: ["log1p"],
    peer: { log1p: true },
  },
  { name: "digits", path: "digits/digits_1797x64_float32.npy", labels: "digits/labels.npy", rows: 1797 },
  { name: "fashion_mnist", path: "fashion_mnist/train-images-idx3-ubyte.gz", rows: 60_000 },
  { name: "olivetti", path: "olivetti/png", rows: 400 },
  { name: "lit3rick", path: "lit3rick/gaintests_352x8192_int32.npy", rows: 352 },
  { name: "muscle_rf", path: "muscle_rf/rf_384x1408_float32.npy", rows: 384 },
];

export const HIDDEN = 256, LATENT = 32;
/** Most data sets are divided like this; of a larger one, test rows are what is left. */
const TRAIN = 0.8, VALIDATION = 0.1;
/** Test rows that are evaluated. */
const MOST_TEST_ROWS = 5000;

/** The sets that are there. */
export async function present({ data }: Context): Promise<Dataset[]> {
  const there = await Promise.all(SETS.map(({ path }) => exists(join(data, path))));
  return SETS.filter((_, i) => there[i]);
}

/** Those of the numbers of training rows that a set has, and all that it has. */
export function sizesOf({ rows }: Dataset, sizes: readonly number[]): number[] {
  const most = Math.floor(TRAIN * rows);
  return [...sizes.filter((size) => size < 0.8 * most), most];
}

export function configFor(context: Context, set: Dataset, size: number, seed: number) {
  const train = size / set.rows, validation = Math.min(VALIDATION, train * VALIDATION / TRAIN);
  return {
    name: set.name,
    seed,
    data: {
      path: join(context.data, set.path),
      split: { train, validation, test: 1 - train - validation },
      transforms: set.transforms ?? [],
      ...set.labels === undefined ? {} : { labels: join(context.data, set.labels) },
    },
    model: {
      encoder: [{ linear: HIDDEN }, "relu", { linear: LATENT }],
      decoder: [{ linear: HIDDEN }, "relu", { linear: "output" }],
    },
    diagnostics: { kinds: ["neighbours"] },
    evaluation: { pca: true, test_max_rows: MOST_TEST_ROWS },
    runtime: { threads: context.threads },
    paths: { cache: join(context.scratch, "cache") },
  };
}

export interface Score {
  readonly test: number;
  readonly validation: number;
  /** Of PCA, on test and on validation rows. */
  readonly pca: number;
  readonly pcaValidation: number;
  readonly seconds: number;
  /** Until the network explains what PCA does; null where it began elsewhere. */
  readonly secondsToPca: number | null;
  readonly epochs: number;
  /** Share of rows whose label ten neighbours tell, by the latent vectors and by PCA's; null without labels. */
  readonly accuracy: { readonly latent: number; readonly pca: number } | null;
}

export async function score(
  context: Context,
  set: Dataset,
  size: number,
  seed: number,
  only: Record<string, unknown> = {},
): Promise<Score> {
  const { summary, epochs } = await trained(context, configFor(context, set, size, seed), only);
  const { metrics, baseline, seconds, neighbours } = summary!;
  const r2 = {
    test: metrics.test!.r2,
    validation: metrics.validation!.r2,
    pca: baseline!.pca!.test!.r2,
    pcaValidation: baseline!.pca!.validation!.r2,
  };
  if (!Object.values(r2).every(Number.isFinite)) {
    throw new CheckFailed(`${set.name}, ${size} rows, seed ${seed}: an R2 is no number: ${JSON.stringify(r2)}`);
  }
  return {
    ...r2,
    seconds: seconds.total,
    secondsToPca: epochs[0]?.epoch === 0 ? epochs[0].elapsed_s : null,
    epochs: summary!.epochs,
    accuracy: neighbours?.pca ? { latent: neighbours.latent.accuracy, pca: neighbours.pca.accuracy } : null,
  };
}

/** The same rows for the peer: files, and the numbers of the rows in them of each part. */
export async function rowsFor(context: Context, set: Dataset, size: number, seed: number) {
  const text = JSON.stringify(configFor(context, set, size, seed));
  const { files, dense } = await openData(loadConfig({ text }).config);
  const part = (name: "train" | "validation" | "test") =>
    files.flatMap((file) => Array.from(file.parts[name], (row) => file.firstRow + row));
  return {
    paths: files.map(({ path }) => path),
    dense,
    train: part("train"),
    validation: part("validation"),
    test: part("test"),
    ...set.peer,
  };
}

/** As {@linkcode score}, without its seconds: kept in `context.scores`, and taken from there where it was interrupted. */
export async function keptScore(
  context: Context,
  set: Dataset,
  size: number,
  seed: number,
  only: Record<string, unknown> = {},
): Promise<Omit<Score, "seconds" | "secondsToPca">> {
  const { scores, data } = context;
  if (scores === null) return await score(context, set, size, seed, only);
  const asked = JSON.stringify([configFor({ ...context, scratch: "" }, set, size, seed), only, data]);
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(asked));
  const file = join(scores, `${new Uint8Array(hash).toHex().slice(0, 32)}.json`);
  if (await exists(file)) return JSON.parse(await Deno.readTextFile(file));
  const { seconds: _, secondsToPca: __, ...found } = await score(context, set, size, seed, only);
  await makeFolder(scores);
  await writeJsonAtomic(file, found);
  return found;
}

/**
 * Where the rows lie in latent space by UMAP (L. McInnes, J. Healy and J. Melville, "UMAP: Uniform Manifold Approximation and
 * Projection for Dimension Reduction", 2018, https://arxiv.org/abs/1802.03426): a map that keeps neighbours together. The nearest rows
 * are exact, and the layout is that of the package umap-js.
 */
import { z } from "zod";
import { list, nullable, number, object, text } from "../runs/decode.ts";
import { uniforms } from "../uniforms.ts";
import { type Diagnostic, type DiagnosticContext, NoAnswer, short } from "./diagnostic.ts";
import { latentMap } from "./latent.ts";
import { rowsAt } from "./numbers.ts";

export interface UmapDiagnostic {
  readonly epoch: number;
  readonly split: string;
  readonly rows: readonly number[];
  readonly latent_size: number;
  readonly neighbours: number;
  readonly min_distance: number;
  readonly seed: number;
  /** rows x 2. */
  readonly scores: readonly (readonly number[])[];
  /** One a row, where the config names labels. */
  readonly labels: readonly string[] | null;
}

const ROWS_MAX = 5000;
/** Fewer rows make no map. */
const ROWS_MIN = 5;
/** After so long other work is let in. */
const BUSY_MS = 50;

const settings = {
  rows: z.int().min(ROWS_MIN).max(ROWS_MAX).default(1000).describe(
    "largest number of rows on the map, and at most diagnostics.max_rows",
  ),
  neighbours: z.int().min(2).max(200).default(15).describe(
    "rows that count as near: few show small groups, many the whole",
  ),
  min_distance: z.number().min(0).max(0.99).default(0.1).describe("how close rows may lie to each other on the map"),
  seed: z.int().min(0).max(2_147_483_647).default(0).describe("of the random numbers, which are the map's own"),
};

/** Lets other work in whenever this one has been busy for long, and ends this one where the run is to stop. */
function givingWay({ stopIfAsked }: DiagnosticContext): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < BUSY_MS) return;
    await new Promise((resolve) => setTimeout(resolve));
    stopIfAsked?.();
    since = performance.now();
  };
}

/** Of each row the nearest ones, itself first, and their Euclidean distances. @param values rows x width */
async function nearestOf(
  values: Float32Array,
  [rows, width]: readonly [number, number],
  count: number,
  pause: () => Promise<void>,
) {
  const indices: number[][] = [], distances: number[][] = [];
  const squares = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < rows; j++) {
      let square = 0;
      for (let k = 0, a = i * width, b = j * width; k < width; k++) square += (values[a + k]! - values[b + k]!) ** 2;
      squares[j] = square;
    }
    squares[i] = -1; // before rows in the same place
    const order = Array.from(squares.keys()).sort((a, b) => squares[a]! - squares[b]! || a - b).slice(0, count);
    indices.push(order);
    distances.push(order.map((j) => Math.sqrt(Math.max(0, squares[j]!))));
    await pause();
  }
  return { indices, distances };
}

async function run(context: DiagnosticContext): Promise<UmapDiagnostic> {
  const { latentSize, epoch, data: { labels } } = context;
  const { rows: most, neighbours: wanted, min_distance, seed } = context.settings as Record<
    "rows" | "neighbours" | "min_distance" | "seed",
    number
  >;
  if (latentSize < 2) throw new NoAnswer("the latent vector has one value, which needs no map");
  // Some of the rows that are on the map of the principal components.
  const chosen = context.choose(["train", "validation", "test"], context.maxRows), there = chosen.rows.length;
  const rows = Math.min(there, most), neighbours = Math.min(wanted, rows - 2);
  if (rows < ROWS_MIN) throw new NoAnswer(`a map takes at least ${ROWS_MIN} rows, and there are ${rows}`);
  const kept = Array.from({ length: rows }, (_, i) => Math.floor(i * there / rows));
  const values = rowsAt(await context.embed(chosen), latentSize, kept), numbers = kept.map((i) => chosen.rows[i]!);
  const pause = givingWay(context);
  const { indices, distances } = await nearestOf(values, [rows, latentSize], neighbours + 1, pause);
  if (!distances.some((row) => row.some((distance) => distance > 0))) {
    throw new NoAnswer("all rows have the same latent vector");
  }
  const { UMAP } = await import("umap-js");
  const umap = new UMAP({
    random: uniforms(seed),
    nNeighbors: neighbours + 1, // the row itself is one of them
    minDist: min_distance,
    spread: Math.max(1, min_distance),
  });
  umap.setPrecomputedKNN(indices, distances);
  const width = latentSize;
  const epochs = umap.initializeFit(Array.from({ length: rows }, (_, i) => [
    ...values.subarray(i * width, (i + 1) * width),
  ]));
  for (let step = 0; step < epochs; step++) {
    umap.step();
    await pause();
  }
  const scores = umap.getEmbedding().map((row) => row.map(short));
  if (!scores.flat().every(Number.isFinite)) throw new NoAnswer("the layout has no finite coordinates");
  return {
    ...{ epoch, split: "all", rows: numbers, latent_size: width, neighbours, min_distance, seed, scores },
    labels: labels ? numbers.map((row) => labels[row] ?? "") : null,
  };
}

export const umap: Diagnostic<UmapDiagnostic> = {
  name: "umap",
  about: "a map of the rows by UMAP, which keeps rows together that are near each other in latent space",
  cost: `rows x rows x latent units, and up to 500 rounds over rows x neighbours, of at most umap.rows rows`,
  settings,
  automatic: () => false,
  run,
  decode: object<UmapDiagnostic>({
    epoch: number,
    split: text,
    rows: list(number),
    latent_size: number,
    neighbours: number,
    min_distance: number,
    seed: number,
    scores: list(list(number)),
    labels: nullable(list(text)),
  }),
  picture: latentMap,
};

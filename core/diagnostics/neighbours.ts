/**
 * Whether rows of the same label lie near each other: accuracy of the label that most of the nearest rows have, and silhouette
 * (Rousseeuw 1987), of the latent vectors and of as many principal components of the same rows.
 */
import { z } from "zod";
import { list, nullable, number, object, oneOf, text } from "../runs/decode.ts";
import { type Diagnostic, type DiagnosticContext, short } from "./diagnostic.ts";
import { rowsAt } from "./numbers.ts";

/** How well one set of vectors keeps rows of the same label together. */
export interface NeighbourScores {
  /** Share of the rows whose label is that of most of their nearest neighbours. */
  readonly accuracy: number;
  /** Mean silhouette of all rows, from -1 to 1; NaN where every row has a label of its own. */
  readonly silhouette: number;
  /** Share of each label's rows that are told right, in the order of `labels`. */
  readonly by_label: readonly number[];
}

export interface NeighboursDiagnostic {
  readonly epoch: number;
  /**
   * held_out: validation and test rows get the label of the training rows nearest to them; leave_one_out: each training row that
   * of the other ones, where no rows are held out.
   */
  readonly of: "held_out" | "leave_one_out";
  readonly neighbours: number;
  /** Rows whose labels are told, and those that they are told from. */
  readonly rows: number;
  readonly reference_rows: number;
  readonly latent_size: number;
  readonly labels: readonly string[];
  /** Rows of each label among those that are told. */
  readonly counts: readonly number[];
  /** Accuracy of telling every row the commonest label of the reference rows. */
  readonly commonest: number;
  readonly latent: NeighbourScores;
  /** Null before the end of a run, and where there are no such components. */
  readonly pca: NeighbourScores | null;
}

/** Rows at most, and products of two rows' latent vectors: time grows with the square of the rows and with the width. */
const ROWS_MAX = 5000, PRODUCTS_MAX = 2e9;

/** How many rows are compared where each has so many latent units: fewer of wide sparse codes. */
export const rowsCompared = (latentSize: number): number =>
  Math.min(ROWS_MAX, Math.floor(Math.sqrt(2 * PRODUCTS_MAX / latentSize)));
const PARTS = ["train", "validation", "test"] as const;

const settings = {
  neighbours: z.int().min(1).max(1000).default(10).describe("number of nearest rows whose labels are counted"),
};

/** The nearest rows of each row. Others are added by rising number, so that of equal distances the earlier one is nearer. */
class Nearest {
  readonly #rows: Int32Array;
  readonly #squares: Float64Array;
  readonly #found: Int32Array;

  constructor(rows: number, readonly most: number) {
    this.#rows = new Int32Array(rows * most);
    this.#squares = new Float64Array(rows * most).fill(Infinity);
    this.#found = new Int32Array(rows);
  }

  /** A distance from which on a row is none of the nearest ones: infinite while there are fewer than `most`. */
  furthest(row: number): number {
    return this.#squares[row * this.most + this.most - 1]!;
  }

  add(row: number, other: number, square: number): void {
    const first = row * this.most, last = first + this.most - 1;
    if (this.#found[row] === this.most && !(square < this.#squares[last]!)) return;
    let at = Math.min(last, first + this.#found[row]!);
    for (; at > first && this.#squares[at - 1]! > square; at--) {
      this.#squares[at] = this.#squares[at - 1]!;
      this.#rows[at] = this.#rows[at - 1]!;
    }
    this.#squares[at] = square;
    this.#rows[at] = other;
    if (this.#found[row]! < this.most) this.#found[row]!++;
  }

  /** The nearest one first. */
  of(row: number): Int32Array {
    return this.#rows.subarray(row * this.most, row * this.most + this.#found[row]!);
  }
}

/**
 * The rows told apart by their nearest neighbours in Euclidean distance. Of several labels that are equally frequent among them, the
 * one of the nearest row counts, and of rows at the same distance the earlier one.
 * @param values rows x width
 * @param label of each row, from 0 to `labels` - 1
 * @param told whether a row's label is told; those of the other rows it is told from, or of all others with `leaveOneOut`
 */
export function neighbourScores(
  values: Float32Array,
  width: number,
  label: Uint32Array,
  labels: number,
  told: readonly boolean[],
  { neighbours, leaveOneOut }: { neighbours: number; leaveOneOut: boolean },
): NeighbourScores {
  const rows = label.length, sizes = new Float64Array(labels);
  for (const l of label) sizes[l]!++;
  const near = new Nearest(rows, neighbours);
  // Of each row, the sums of distances to the rows of each label.
  const sums = new Float64Array(rows * labels);
  const isTold = Uint8Array.from(told, Number), others = leaveOneOut ? 1 : 0;
  // Zeros fill up the rows to a multiple of four values.
  const wide = 4 * Math.ceil(width / 4), all = new Float64Array(rows * wide);
  for (let i = 0; i < rows; i++) all.set(values.subarray(i * width, (i + 1) * width), i * wide);
  const own = new Float64Array(wide), ownSums = new Float64Array(labels);
  // Distances beyond which a row is none of the nearest; none is for a row whose label is not told.
  const bound = Float64Array.from(told, (is) => is ? Infinity : -1);
  for (let i = 0; i < rows; i++) {
    own.set(all.subarray(i * wide, (i + 1) * wide));
    ownSums.set(sums.subarray(i * labels, (i + 1) * labels));
    const ownLabel = label[i]!, isOwnTold = isTold[i]!, isOwnAsked = others | (1 - isOwnTold);
    for (let j = i + 1, b = (i + 1) * wide, at = (i + 1) * labels + ownLabel; j < rows; j++, at += labels) {
      // Four sums at a time, none of which waits for another.
      let first = 0, second = 0, third = 0, fourth = 0;
      for (let k = 0; k < wide; k += 4, b += 4) {
        const p = own[k]! - all[b]!, q = own[k + 1]! - all[b + 1]!;
        const r = own[k + 2]! - all[b + 2]!, s = own[k + 3]! - all[b + 3]!;
        first += p * p;
        second += q * q;
        third += r * r;
        fourth += s * s;
      }
      const square = (first + second) + (third + fourth);
      const distance = Math.sqrt(square);
      ownSums[label[j]!]! += distance;
      sums[at]! += distance;
      if (square < bound[i]! && (others | (1 - isTold[j]!)) === 1) {
        near.add(i, j, square);
        bound[i] = near.furthest(i);
      }
      if (square < bound[j]! && isOwnAsked === 1) {
        near.add(j, i, square);
        bound[j] = near.furthest(j);
      }
    }
    sums.set(ownSums, i * labels);
  }
  const right = new Float64Array(labels), count = new Float64Array(labels), votes = new Uint32Array(labels);
  let silhouettes = 0;
  for (let i = 0; i < rows; i++) {
    const own = label[i]!, nearest = near.of(i);
    silhouettes += silhouetteOf(own, sums.subarray(i * labels, (i + 1) * labels), sizes);
    if (nearest.length === 0) continue;
    votes.fill(0);
    let most = 0;
    for (const other of nearest) most = Math.max(most, ++votes[label[other]!]!);
    const said = label[nearest.find((other) => votes[label[other]!] === most)!]!;
    count[own]!++;
    if (said === own) right[own]!++;
  }
  const total = count.reduce((sum, n) => sum + n, 0);
  return {
    accuracy: short(right.reduce((sum, n) => sum + n, 0) / total),
    silhouette: labels < rows ? short(silhouettes / rows) : NaN,
    by_label: Array.from(right, (n, l) => short(n / count[l]!)),
  };
}

/** (b - a) / max(a, b), a the mean distance to the others of the row's label, b that to the nearest other label; 0 alone. */
function silhouetteOf(own: number, sums: Float64Array, sizes: Float64Array): number {
  if (sizes[own] === 1) return 0;
  const a = sums[own]! / (sizes[own]! - 1);
  let b = Infinity;
  for (let l = 0; l < sizes.length; l++) if (l !== own) b = Math.min(b, sums[l]! / sizes[l]!);
  return Math.max(a, b) > 0 ? (b - a) / Math.max(a, b) : 0;
}

async function run(context: DiagnosticContext): Promise<NeighboursDiagnostic | null> {
  const { data: { labels: all }, latentSize } = context;
  if (all === null) return null;
  const chosen = context.choose(PARTS, Math.min(context.maxRows, rowsCompared(latentSize)));
  const parts = context.partsOf(chosen);
  const kept = chosen.rows.map((_, i) => i).filter((i) => (all[chosen.rows[i]!] ?? "") !== "");
  const names = [...new Set(kept.map((i) => all[chosen.rows[i]!]!))].sort();
  const heldOut = kept.some((i) => parts[i] !== "train") && kept.some((i) => parts[i] === "train");
  // Labels that are all different, such as names of rows, cannot be told from those of others.
  if (names.length < 2 || names.length > kept.length / 2) return null;
  const number = new Map(names.map((name, index) => [name, index]));
  const label = Uint32Array.from(kept, (i) => number.get(all[chosen.rows[i]!]!)!);
  const told = kept.map((i) => !heldOut || parts[i] !== "train");
  const options = { neighbours: context.settings.neighbours as number, leaveOneOut: !heldOut };
  const scored = ({ values, width }: { values: Float32Array; width: number }) =>
    neighbourScores(rowsAt(values, width, kept), width, label, names.length, told, options);
  const latent = scored({ values: await context.embed(chosen), width: latentSize });
  const scores = await context.scores(chosen);
  const counts = new Array<number>(names.length).fill(0), reference = [...counts];
  label.forEach((l, i) => {
    if (told[i]) counts[l]!++;
    if (!told[i] || !heldOut) reference[l]!++;
  });
  const rows = counts.reduce((sum, n) => sum + n, 0);
  const commonest = reference.indexOf(Math.max(...reference));
  return {
    epoch: context.epoch,
    of: heldOut ? "held_out" : "leave_one_out",
    neighbours: options.neighbours,
    rows,
    reference_rows: heldOut ? kept.length - rows : rows - 1,
    latent_size: latentSize,
    labels: names,
    counts,
    commonest: short(counts[commonest]! / rows),
    latent,
    pca: scores && scored(scores),
  };
}

const scores = object<NeighbourScores>({ accuracy: number, silhouette: number, by_label: list(number) });

export const neighbours: Diagnostic<NeighboursDiagnostic> = {
  name: "neighbours",
  about:
    "how often the nearest rows have the row's label, and silhouettes, of the latent vectors and of PCA of the same size",
  cost:
    `rows x rows x latent units, of at most diagnostics.max_rows and ${ROWS_MAX} rows, and of fewer where the latent vector has ` +
    "more than 160 units; at the end of a run that did not begin with principal components, their computation as well",
  settings,
  automatic: ({ labels }) => labels !== null,
  run,
  decode: object<NeighboursDiagnostic>({
    epoch: number,
    of: oneOf("held_out", "leave_one_out"),
    neighbours: number,
    rows: number,
    reference_rows: number,
    latent_size: number,
    labels: list(text),
    counts: list(number),
    commonest: number,
    latent: scores,
    pca: nullable(scores),
  }),
};

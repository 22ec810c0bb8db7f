/** A map of latent vectors: rows in the plane of the two main directions. */
import { principalComponents } from "../../core/diagnostics/pca.ts";
import { quantileOf, rowsAt } from "../../core/diagnostics/numbers.ts";
import { UserError } from "../../core/errors.ts";
import type { Asks } from "../protocol.ts";
import type { Subject } from "../session/subject.ts";
import { MAP_LATENT_MAX, MAP_ROWS_MAX } from "./bounds.ts";

/** Shares of the rows at the ends of a latent unit's range. */
const LOW = 0.01, HIGH = 0.99;
/** Rows from which axes, mean and ranges are made, and products that this takes: fewer rows where vectors are long. */
const AXES_ROWS = 4096, AXES_ROWS_LEAST = 1024, AXES_PRODUCTS = 2 ** 28;
/** Values that are projected between two times at which others may be answered. */
const SLICE = 2 ** 20;

/** Some rows with their latent vectors: what {@linkcode mapOf} makes a map of, without the network. */
export interface Embedded {
  readonly rows: readonly number[];
  /** rows x latent size. */
  readonly codes: Float32Array;
  readonly labels: readonly string[] | null;
  readonly step: number;
}

/** @throws {UserError} where latent vectors are too long */
export async function embedSome({ questions, step }: Subject, { most }: Asks["map"]["asks"]): Promise<Embedded> {
  if (questions.latentSize > MAP_LATENT_MAX) {
    const what = `is for at most ${MAP_LATENT_MAX} latent units, and the network has ${questions.latentSize}`;
    throw new UserError("map", what);
  }
  const chosen = questions.choose(["train", "validation", "test"], Math.min(most, MAP_ROWS_MAX));
  return { rows: chosen.rows, codes: await questions.embed(chosen), labels: questions.data.labels, step: step() };
}

/** Axes, mean and ranges are made of evenly spread rows; all rows are projected, in slices between which others are answered. */
export async function mapOf({ rows, codes, labels, step }: Embedded): Promise<Asks["map"]["answer"]> {
  const count = rows.length, latentSize = codes.length / count;
  const most = Math.min(AXES_ROWS, Math.max(AXES_ROWS_LEAST, Math.floor(AXES_PRODUCTS / latentSize ** 2)));
  const used = Math.min(count, most), spread = Array.from({ length: used }, (_, i) => Math.floor(i * count / used));
  const some = rowsAt(codes, latentSize, spread);
  const { explained, axes, mean } = await principalComponents(some, used, latentSize, 2);
  const low = new Float32Array(latentSize), high = new Float32Array(latentSize);
  for (let k = 0; k < latentSize; k++) {
    const sorted = Float32Array.from({ length: used }, (_, i) => some[i * latentSize + k]!).sort();
    low[k] = quantileOf(sorted, LOW);
    high[k] = quantileOf(sorted, HIGH);
  }
  // A network of one latent unit has one axis: the other one is nothing.
  const [first, second = new Array<number>(latentSize).fill(0)] = axes as [number[], number[]?];
  const x = new Float32Array(count), y = new Float32Array(count), slice = Math.max(1, Math.floor(SLICE / latentSize));
  for (let from = 0; from < count; from += slice) {
    if (from > 0) await new Promise((done) => setTimeout(done, 0));
    for (let i = from; i < Math.min(count, from + slice); i++) {
      let [alongFirst, alongSecond] = [0, 0];
      for (let k = 0; k < latentSize; k++) {
        const value = codes[i * latentSize + k]! - mean[k]!;
        alongFirst += value * first[k]!;
        alongSecond += value * second[k]!;
      }
      x[i] = alongFirst;
      y[i] = alongSecond;
    }
  }
  const names = labels ? [...new Set(rows.map((row) => labels[row] ?? ""))].sort() : [];
  const place = new Map(names.map((name, i) => [name, i]));
  return {
    ...{ rows: Uint32Array.from(rows), x, y },
    labels: Uint32Array.from(labels ? rows : [], (row) => place.get(labels![row] ?? "")!),
    names,
    mean: Float32Array.from(mean),
    axes: Float32Array.from([...first, ...second]),
    ...{ low, high },
    share: (explained[0] ?? 0) + (explained[1] ?? 0),
    step,
  };
}

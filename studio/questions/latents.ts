/** Questions about latent vectors: what they decode to, a map of them, and how the decoder answers small changes. */
import { principalComponents } from "../../core/diagnostics/pca.ts";
import { largestOf, quantileOf } from "../../core/diagnostics/numbers.ts";
import { singularValues } from "../../core/diagnostics/singular.ts";
import { NoAnswer } from "../../core/diagnostics/diagnostic.ts";
import { strongestOf } from "../../core/diagnostics/stages.ts";
import { UserError } from "../../core/errors.ts";
import { countText } from "../../core/figures.ts";
import type { Asks } from "../protocol.ts";
import type { Subject } from "../session/subject.ts";
import { DIRECTION_COLUMNS, JACOBIAN_LATENT_MAX, JACOBIAN_VALUES_MAX, MAP_ROWS_MAX } from "./bounds.ts";
import { inWords } from "./rows.ts";

/** @throws {UserError} where a vector has another size than the network's */
function latentOf({ questions: { latentSize } }: Subject, latent: readonly number[]): Float32Array<ArrayBuffer> {
  if (latent.length === latentSize) return Float32Array.from(latent);
  throw new UserError("latent", `has ${latent.length} values, but a latent vector has ${latentSize}`);
}

export async function decode(
  subject: Subject,
  { latent, most }: Asks["decode"]["asks"],
): Promise<Asks["decode"]["answer"]> {
  const output = await inWords("decode", subject.questions.decode(latentOf(subject, latent)));
  if (subject.questions.data.kind !== "sparse") return { columns: null, output: Float32Array.from(output) };
  const columns = largestOf(output, Math.min(most, output.length)).sort((a, b) => a - b);
  return { columns: Uint32Array.from(columns), output: Float32Array.from(columns, (j) => output[j]!) };
}

/** Shares of the rows at the ends of a latent unit's range. */
const LOW = 0.01, HIGH = 0.99;

/** Some rows with their latent vectors: what {@linkcode mapOf} makes a map of, without the network. */
export interface Embedded {
  readonly rows: readonly number[];
  /** rows x latent size. */
  readonly codes: Float32Array;
  readonly labels: readonly string[] | null;
  readonly step: number;
}

export async function embedSome(subject: Subject, { most }: Asks["map"]["asks"]): Promise<Embedded> {
  const { questions } = subject;
  const chosen = questions.choose(["train", "validation", "test"], Math.min(most, MAP_ROWS_MAX));
  if (questions.latentSize > JACOBIAN_LATENT_MAX) {
    const what = `is for at most ${JACOBIAN_LATENT_MAX} latent units, and the network has ${questions.latentSize}`;
    throw new UserError("map", what);
  }
  const codes = await questions.embed(chosen);
  return { rows: chosen.rows, codes, labels: questions.data.labels, step: subject.step() };
}

export function mapOf({ rows, codes, labels, step }: Embedded): Asks["map"]["answer"] {
  const count = rows.length, latentSize = codes.length / count;
  const { scores, explained, axes, mean } = principalComponents(codes, count, latentSize, 2);
  const names = labels ? [...new Set(rows.map((row) => labels[row] ?? ""))].sort() : [];
  const place = new Map(names.map((name, i) => [name, i]));
  const low = new Float32Array(latentSize), high = new Float32Array(latentSize);
  for (let k = 0; k < latentSize; k++) {
    const sorted = Float32Array.from({ length: count }, (_, i) => codes[i * latentSize + k]!).sort();
    low[k] = quantileOf(sorted, LOW);
    high[k] = quantileOf(sorted, HIGH);
  }
  // A network of one latent unit has one axis: the other one is nothing.
  const second = axes[1] ?? new Array<number>(latentSize).fill(0);
  return {
    rows: Uint32Array.from(rows),
    x: Float32Array.from(scores, ([x]) => x!),
    y: Float32Array.from(scores, ([, y]) => y ?? 0),
    labels: Uint32Array.from(labels ? rows : [], (row) => place.get(labels![row] ?? "")!),
    names,
    mean: Float32Array.from(mean),
    axes: Float32Array.from([...axes[0]!, ...second]),
    low,
    high,
    share: (explained[0] ?? 0) + (explained[1] ?? 0),
    step,
  };
}

export async function jacobian(
  subject: Subject,
  { latent, directions }: Asks["jacobian"]["asks"],
): Promise<Asks["jacobian"]["answer"]> {
  const { questions: { latentSize, data: { columns, kind } } } = subject, at = latentOf(subject, latent);
  if (latentSize > JACOBIAN_LATENT_MAX || latentSize * columns > JACOBIAN_VALUES_MAX) {
    return {
      none:
        `it is for at most ${JACOBIAN_LATENT_MAX} latent units and ${
          countText(JACOBIAN_VALUES_MAX)
        } values, and this one ` +
        `has ${countText(latentSize * columns)}`,
    };
  }
  let values: Float32Array;
  try {
    values = await subject.questions.decoderJacobian(at);
  } catch (error) {
    if (error instanceof NoAnswer) return { none: error.message };
    throw error;
  }
  const { values: singular, right } = singularValues(values, columns, latentSize);
  const least = Math.max(columns, latentSize) * 2 ** -23 * singular[0]!;
  const shown = right.slice(0, directions).filter((_, k) => singular[k]! > least);
  const changes = shown.map((direction, k) => {
    const change = new Float32Array(columns);
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let i = 0; i < latentSize; i++) sum += values[j * latentSize + i]! * direction[i]!;
      change[j] = sum / singular[k]!;
    }
    return change;
  });
  const some = kind === "sparse" ? changes.map((change) => strongestOf(change, DIRECTION_COLUMNS)) : null;
  const output = some
    ? changes.flatMap((change, k) => some[k]!.map((j) => change[j]!))
    : changes.flatMap((change) => Array.from(change));
  return {
    singular: Float32Array.from(singular),
    output: Float32Array.from(output),
    columns: some && Uint32Array.from(some.flat()),
    latent: Float32Array.from(shown.flat()),
  };
}

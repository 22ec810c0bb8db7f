/** Questions about latent vectors: what they decode to, and how the decoder answers small changes. */
import { largestOf } from "../../core/diagnostics/numbers.ts";
import { singularValues } from "../../core/diagnostics/singular.ts";
import { NoAnswer } from "../../core/diagnostics/diagnostic.ts";
import { strongestOf } from "../../core/diagnostics/stages.ts";
import { UserError } from "../../core/errors.ts";
import { countText } from "../../core/figures.ts";
import type { Asks } from "../protocol.ts";
import type { Subject } from "../session/subject.ts";
import { DIRECTION_COLUMNS, JACOBIAN_LATENT_MAX, JACOBIAN_PRODUCTS_MAX } from "./bounds.ts";
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

export async function jacobian(
  subject: Subject,
  { latent, directions }: Asks["jacobian"]["asks"],
): Promise<Asks["jacobian"]["answer"]> {
  const { questions: { latentSize, data: { columns, kind } } } = subject, at = latentOf(subject, latent);
  const products = latentSize ** 2 * columns;
  if (latentSize > JACOBIAN_LATENT_MAX || products > JACOBIAN_PRODUCTS_MAX) {
    const bounds = `${JACOBIAN_LATENT_MAX} latent units and ${countText(JACOBIAN_PRODUCTS_MAX)}`;
    return {
      none: `it is for at most ${bounds} as latent units x latent units x columns, and this network has ` +
        `${latentSize} and ${countText(products)}`,
    };
  }
  let values: Float32Array;
  try {
    values = await subject.questions.decoderJacobian(at);
  } catch (error) {
    if (error instanceof NoAnswer) return { none: error.message };
    throw error;
  }
  const { values: singular, right } = await singularValues(values, columns, latentSize);
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

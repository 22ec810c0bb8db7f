/**
 * How the decoder answers small changes of the latent vector, and the encoder those of a row: singular values of their Jacobians
 * at some rows, by the engine's own derivatives.
 */
import { z } from "zod";
import { list, nullable, number, object, text } from "../runs/decode.ts";
import { type Diagnostic, type DiagnosticContext, NoAnswer, shape, short } from "./diagnostic.ts";
import { largestOf } from "./numbers.ts";
import { singularValues } from "./singular.ts";

export interface JacobianDirection {
  /** The direction in latent space, of length 1; its largest value is positive. */
  readonly latent: readonly number[];
  /** Columns that it changes most, and the changes as shares of all of the direction's: a vector of length 1 in the data. */
  readonly columns: readonly string[];
  readonly weights: readonly number[];
  /** That vector itself where rows have a shape. */
  readonly pattern: readonly number[] | null;
}

export interface JacobianPoint {
  readonly row: number;
  readonly label: string | null;
  /** Of the decoder's Jacobian, falling. */
  readonly singular_values: readonly number[];
  /** Singular values above max(columns, latent) x 2^-23 of the largest one (as numpy.linalg.matrix_rank has it, in f32). */
  readonly rank: number;
  readonly directions: readonly JacobianDirection[];
  /** Frobenius norm and singular values of the encoder's Jacobian; null where it has none. */
  readonly encoder_norm: number | null;
  readonly encoder_singular_values: readonly number[] | null;
}

export interface JacobianDiagnostic {
  readonly epoch: number;
  readonly split: string;
  readonly latent_size: number;
  readonly columns: number;
  readonly shape: readonly number[] | null;
  readonly points: readonly JacobianPoint[];
  /** Why the encoder has none; null where it has. */
  readonly no_encoder: string | null;
}

/** Values of a Jacobian at most, and the most latent units: eigenvalues of their square are computed. */
const VALUES_MAX = 1 << 25, LATENT_MAX = 512;

const settings = {
  points: z.int().min(1).max(100).default(4).describe(
    "number of rows at which the Jacobians are computed, evenly spread",
  ),
  directions: z.int().min(1).max(20).default(3).describe("number of strongest directions whose columns are shown"),
  columns: z.int().min(1).max(100).default(8).describe("number of columns of each direction"),
};

async function run(context: DiagnosticContext): Promise<JacobianDiagnostic | null> {
  const { latentSize, part, data: { columns, shape, labels, names } } = context;
  const wanted = context.settings as { points: number; directions: number; columns: number };
  if (latentSize > LATENT_MAX || latentSize * columns > VALUES_MAX) {
    throw new NoAnswer(`it is for at most ${LATENT_MAX} latent units and ${VALUES_MAX} values of a Jacobian`);
  }
  const chosen = context.choose([part], wanted.points), codes = await context.embed(chosen);
  let no_encoder: string | null = null;
  const points: JacobianPoint[] = [];
  for (const [i, row] of chosen.rows.entries()) {
    const jacobian = await context.decoderJacobian(
      codes.slice(i * latentSize, (i + 1) * latentSize) as Float32Array<ArrayBuffer>,
    );
    const { values, right } = await singularValues(jacobian, columns, latentSize);
    const least = Math.max(columns, latentSize) * 2 ** -23 * values[0]!;
    points.push({
      ...{ row, label: labels?.[row] ?? null },
      singular_values: values.map(short),
      rank: values.filter((value) => value > least).length,
      directions: right.slice(0, wanted.directions).filter((_, k) => values[k]! > least).map((direction, k) =>
        directionOf(jacobian, direction, values[k]!)
      ),
      ...{ encoder_norm: null, encoder_singular_values: null },
    });
  }
  try {
    // A row at a time, so that one Jacobian is held at once.
    for (const [i, point] of points.entries()) {
      const jacobian = await context.encoderJacobian(context.only(chosen, i));
      const { values } = await singularValues(transposed(jacobian, latentSize, columns), columns, latentSize);
      const encoder_norm = short(Math.hypot(...values));
      points[i] = { ...point, encoder_norm, encoder_singular_values: values.map(short) };
    }
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    no_encoder = error.message;
  }
  return { epoch: context.epoch, split: part, latent_size: latentSize, columns, shape, points, no_encoder };

  function directionOf(jacobian: Float32Array, direction: readonly number[], size: number): JacobianDirection {
    const change = new Float64Array(columns);
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < latentSize; k++) change[j]! += jacobian[j * latentSize + k]! * direction[k]! / size;
    }
    const shown = largestOf(change.map(Math.abs), wanted.columns);
    return {
      latent: direction.map(short),
      columns: shown.map((j) => names?.[j] ?? `column ${j}`),
      weights: shown.map((j) => short(change[j]!)),
      pattern: shape && Array.from(change, short),
    };
  }
}

function transposed(values: Float32Array, rows: number, width: number): Float32Array {
  const out = new Float32Array(rows * width);
  for (let i = 0; i < rows; i++) for (let j = 0; j < width; j++) out[j * rows + i] = values[i * width + j]!;
  return out;
}

export const jacobian: Diagnostic<JacobianDiagnostic> = {
  name: "jacobian",
  about:
    "how the decoder answers small changes of the latent vector: singular values, rank and strongest directions of its " +
    "Jacobian at some rows, and the norm of the encoder's",
  cost:
    "at each of its points as many backward passes as the output layer has inputs, or columns where it is not linear, and " +
    `columns x latent units squared; for at most ${LATENT_MAX} latent units and ${VALUES_MAX} values`,
  settings,
  automatic: ({ columns }) => columns <= 1024,
  run,
  decode: object<JacobianDiagnostic>({
    epoch: number,
    split: text,
    latent_size: number,
    columns: number,
    shape: nullable(shape),
    points: list(object<JacobianPoint>({
      row: number,
      label: nullable(text),
      singular_values: list(number),
      rank: number,
      directions: list(object<JacobianDirection>({
        latent: list(number),
        columns: list(text),
        weights: list(number),
        pattern: nullable(list(number)),
      })),
      encoder_norm: nullable(number),
      encoder_singular_values: nullable(list(number)),
    })),
    no_encoder: nullable(text),
  }),
};

/** How large the gradients of the loss are in each layer: whether they fade or grow on their way to the first one. */
import { list, number, object, text } from "../runs/decode.ts";
import { type Diagnostic, type DiagnosticContext, type ParameterAbout, sampleOf, short } from "./diagnostic.ts";

export interface TensorGradient {
  readonly name: string;
  readonly shape: readonly number[];
  /** Root mean squares of the gradient and of the values. */
  readonly gradient: number;
  readonly value: number;
  /** Share of the gradient's values that are 0. */
  readonly zeros: number;
}

export interface GradientFlowDiagnostic {
  readonly epoch: number;
  /** Training rows of the one batch. */
  readonly rows: number;
  readonly tensors: readonly TensorGradient[];
}

const ROWS_MAX = 128;

async function sizeOf(parameter: ParameterAbout): Promise<{ size: number; zeros: number }> {
  const values = await sampleOf(parameter);
  let squares = 0, zeros = 0;
  for (const value of values) {
    squares += value * value;
    if (value === 0) zeros++;
  }
  return { size: short(Math.sqrt(squares / values.length)), zeros: short(zeros / values.length) };
}

async function run(context: DiagnosticContext): Promise<GradientFlowDiagnostic | null> {
  const chosen = context.firstBatch("train", ROWS_MAX);
  const gradients = await context.gradients(chosen);
  const values = new Map(context.parameters().map((parameter) => [parameter.name, parameter]));
  const tensors: TensorGradient[] = [];
  for (const gradient of gradients) {
    const { size, zeros } = await sizeOf(gradient);
    const value = values.get(gradient.name);
    tensors.push({
      ...{ name: gradient.name, shape: gradient.shape, gradient: size, zeros },
      value: value ? (await sizeOf(value)).size : NaN,
    });
  }
  return tensors.length === 0 ? null : { epoch: context.epoch, rows: chosen.rows.length, tensors };
}

export const gradientFlow: Diagnostic<GradientFlowDiagnostic> = {
  name: "gradient_flow",
  about: "root mean square of the loss's gradient in each layer, beside that of its weights",
  cost:
    `one forward and backward pass of a batch of at most ${ROWS_MAX} training rows, and memory for a gradient of every weight`,
  // Gradients take as much memory as the weights do.
  automatic: ({ columns }) => columns <= 8192,
  run,
  decode: object<GradientFlowDiagnostic>({
    epoch: number,
    rows: number,
    tensors: list(
      object<TensorGradient>({ name: text, shape: list(number), gradient: number, value: number, zeros: number }),
    ),
  }),
};

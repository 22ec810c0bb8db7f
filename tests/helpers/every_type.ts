/**
 * An example of each layer, loss and optimizer of the vocabulary, for tests that hold over all of them. A type whose
 * settings all have defaults and which takes flat rows needs no entry here.
 */
import type { Layer, Loss, Optimizer } from "../../ffi/model.ts";
import { type RawLayer, toLayer } from "../../core/config/layers.ts";
import { type Field, type Kind, LAYERS } from "../../core/config/vocabulary.ts";

/** Columns of a row, whatever its shape. */
export const COLUMNS = 24;
export const SHAPES = { flat: [24], signal: [2, 12], image: [2, 3, 4] } as const;
export type Form = keyof typeof SHAPES;

/** What stands in for a layer that takes rows of that form, as a config has it. */
type Examples = Readonly<Record<Form, readonly RawLayer[]>>;

const LAYER_EXAMPLES: Examples = {
  flat: [
    { linear: 10 },
    { dropout: 0.2 },
    { group_norm: 4 },
    { unflatten: [2, 3, 4] },
    { residual: ["tanh"] },
    { dense_skip: ["tanh"] },
    { shortcut: [{ linear: 4 }], size: 4 },
    { variational: 5, weight: 0.01 },
    { vector_quantised: 4 },
    { top_k: 5 },
    { batch_top_k: 5 },
    { jump_relu: 0.01, threshold: 0.05, bandwidth: 0.1 },
    { l1: 0.01 },
    { sparse_code: 30, k: 5, dead_after: 20 },
    { dictionary: 24 },
    { contractive: [{ linear: 7 }, "tanh"], weight: 0.01 },
    { gaussian_noise: 0.1 },
    { neuron_graph: 10, neurons: 40, rounds: 3, fan_in: 5, reach: 8, far: 0.1 },
    { salt_and_pepper: 0.2 },
  ],
  signal: [
    { mask_noise: 0.2 },
    { mask_tokens: 0.4, length: 3, fill: "learned" },
    "instance_norm",
    { conv1d: 3, kernel: 3, stride: 2, padding: 1 },
    { conv_transpose1d: 3, kernel: 4, stride: 2, padding: 1 },
    { max_pool1d: 3 },
    { average_pool1d: 2 },
    { upsample1d: 2 },
    "flatten",
    { reshape: [4, 6] },
    "positional_embedding",
    { self_attention: 2 },
  ],
  image: [
    { conv2d: 3, kernel: 2 },
    { conv_transpose2d: 3, kernel: 2, stride: 2 },
    { locally_connected2d: 3, kernel: 2 },
    { neuron_layers: [2, 3, 4], shapes: [[3, 4], [2, 2, 2], 5], rounds: 5, next: 2, feedback: 3 },
    { max_pool2d: [1, 2] },
    { average_pool2d: [3, 2] },
    { upsample2d: 2 },
  ],
};

/** Settings with which a loss or an optimizer is tried beside its defaults. */
const SIZED = { size: "library", size_scale: 10 }; // without a size the link softmax is refused
const LOSS_EXAMPLES: Readonly<Record<string, Omit<Loss, "kind">>> = {
  negative_binomial: SIZED,
  zero_inflated_negative_binomial: SIZED,
  spectral: { fft_sizes: [8, 4], floor: 0.5 },
  ssim: { window: 3 },
};
/** The form of the rows, of a loss that does not take every form. */
const LOSS_FORMS: Readonly<Record<string, Form>> = { spectral: "signal", ssim: "image" };
const OPTIMIZER_EXAMPLES: Readonly<Record<string, Omit<Optimizer, "name">>> = { sgd: { momentum: 0.5 } };

const nameOf = (raw: RawLayer) => typeof raw === "string" ? raw : Object.keys(raw)[0]!;

/** @throws {Error} that names the kind, where it needs an entry */
function requireDefaults({ name, fields }: Kind): void {
  const missing = fields.filter((field) => field.default === undefined).map((field) => field.name);
  if (missing.length === 0) return;
  throw new Error(`${name}: needs ${missing.join(", ")}: add an example of it to tests/helpers/every_type.ts`);
}

/** A layer as a config has it, and the form of the rows that it takes. */
export function layerExample(kind: Kind): { readonly form: Form; readonly raw: RawLayer } {
  for (const form of Object.keys(SHAPES) as Form[]) {
    const raw = LAYER_EXAMPLES[form].find((each) => nameOf(each) === kind.name);
    if (raw !== undefined) return { form, raw };
  }
  requireDefaults(kind);
  return { form: "flat", raw: kind.name };
}

export function lossExample(kind: Kind): Loss {
  const more = LOSS_EXAMPLES[kind.name];
  if (more === undefined) requireDefaults(kind);
  return { kind: kind.name, ...more };
}

export function lossShape(kind: Kind): readonly number[] {
  return SHAPES[LOSS_FORMS[kind.name] ?? "flat"];
}

export function optimizerExample(kind: Kind): Optimizer {
  const more = OPTIMIZER_EXAMPLES[kind.name];
  if (more === undefined) requireDefaults(kind);
  return { name: kind.name, ...more };
}

/** The example, and it again with each other choice of each of its flags and words that has an effect anywhere. */
export function variations<T extends Layer | Loss | Optimizer>(kind: Kind, example: T): T[] {
  const choices = (field: Field): readonly (boolean | string)[] => {
    if (field.only !== undefined) return [];
    if (field.type === "flag") return [true, false];
    return field.type === "word" ? field.words ?? [] : [];
  };
  return [
    example,
    ...kind.fields.flatMap((field) =>
      choices(field).filter((choice) => choice !== (example[field.name] ?? field.default))
        .map((choice) => ({ ...example, [field.name]: choice }))
    ),
  ];
}

/** The layers of a form one after the other, each between linear layers: rows of {@link COLUMNS} values in and out. */
export function chain(form: Form): RawLayer[] {
  const shape = SHAPES[form];
  return LAYERS.map(layerExample).filter((example) => example.form === form).flatMap(({ raw }) => [
    ...shape.length > 1 ? [{ unflatten: shape }] : [],
    raw,
    { linear: COLUMNS, init: "xavier_normal" },
  ]);
}

/** All kinds in a list of layers, those within layers too. */
export function kindsIn(layers: readonly RawLayer[]): Set<string> {
  const found = new Set<string>();
  const visit = (layer: Layer) => {
    found.add(layer.kind);
    for (const value of Object.values(layer)) {
      if (Array.isArray(value)) value.forEach((inner) => typeof inner === "object" && visit(inner as Layer));
    }
  };
  layers.forEach((raw) => visit(toLayer(raw)));
  return found;
}

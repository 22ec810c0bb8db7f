/**
 * The kinds of layers, losses and optimizers with their settings, as the engine knows them. `vocabulary.json` is what
 * `nrw_vocabulary` prints (scripts/write_vocabulary.ts writes it), so that configs are checked without an engine.
 */
import type { FieldValue } from "../../spec/network.ts";
import vocabulary from "./vocabulary.json" with { type: "json" };

/**
 * What a field holds: `flag` true or false; `count` a whole number; `word` one of its words; `axes` a count, or one for
 * each axis; `size` a count, or a shape of up to 3 counts, channels first; `pair` two numbers; `counts` a list of up to 8
 * counts; `sizes` a list of up to 64 sizes; `path` the path of a file; `layers` a list of layers.
 */
export type FieldType =
  | "flag"
  | "count"
  | "number"
  | "word"
  | "axes"
  | "size"
  | "pair"
  | "counts"
  | "sizes"
  | "path"
  | "layers";

/** Bounds of a number, or of each of several. */
export interface Bounds {
  readonly minimum?: number;
  readonly maximum?: number;
  /** Whether the minimum itself is excluded; `below` likewise for the maximum. */
  readonly above?: boolean;
  readonly below?: boolean;
}

/** A setting of a kind. */
export interface Field extends Bounds {
  readonly name: string;
  readonly type: FieldType;
  readonly about: string;
  /** Whether it stands beside the kind, as 512 does in `{linear: 512}`; only the first field of a kind. */
  readonly value?: boolean;
  /** Without one the field is required. */
  readonly default?: FieldValue;
  /** Words that stand for a value. */
  readonly words?: readonly string[];
  /** A map with this single key is a value, too: `{normal: 0.02}`. */
  readonly tag?: Bounds & { readonly name: string; readonly about: string };
  /** What to do about a word that is refused. */
  readonly refusal?: string;
  readonly example?: FieldValue;
  /**
   * Where the field has an effect, in parts separated by `; `: a word of another field that must be set, `decoder`, or
   * `output layer`, which is the decoder's last.
   */
  readonly only?: string;
}

export interface Kind {
  readonly name: string;
  readonly about: string;
  readonly fields: readonly Field[];
}

export interface LayerKind extends Kind {
  /** Whether it changes rows in training only, by chance. */
  readonly noise?: true;
  /** Whether it sets most of a row's values to 0. */
  readonly few_values?: true;
  /** Whether it is a code with a KL divergence from a prior. */
  readonly divergence?: true;
  /** How other programs compute it, where an expression says that (core/export/layers/described.ts). */
  readonly torch?: string;
  readonly onnx?: string;
  /** Values that it approaches and never passes. */
  readonly bounds?: readonly number[];
}

export interface LossKind extends Kind {
  /** Whether it is a sum over the values of a row. */
  readonly separable: boolean;
  /** Whether it is a quadratic function of the outputs, which the factored solver needs. */
  readonly quadratic: boolean;
  /** Whether it is a negative log-likelihood, which deviances can be made of. */
  readonly likelihood: boolean;
  /** What makes the reconstruction of the outputs: a function, or {FIELD} for what that field says. */
  readonly link?: string;
}

export interface OptimizerKind extends Kind {
  /** Whether weight decay multiplies the weights, apart from the moments. */
  readonly decoupled?: true;
}

interface Vocabulary {
  readonly layers: readonly LayerKind[];
  readonly losses: readonly LossKind[];
  readonly optimizers: readonly OptimizerKind[];
}

export const { layers: LAYERS, losses: LOSSES, optimizers: OPTIMIZERS } = vocabulary as Vocabulary;

/** The kind of that name; every name in a checked config has one. */
export function kindNamed<K extends Kind>(kinds: readonly K[], name: string): K {
  const kind = kinds.find((each) => each.name === name);
  if (kind === undefined) throw new Error(`no kind ${name} in the vocabulary`);
  return kind;
}

/** The field that stands beside the kind, where there is one. */
export function valueField({ fields: [first] }: Kind): Field | undefined {
  return first?.value ? first : undefined;
}

export function hasField(kind: Kind, name: string): boolean {
  return kind.fields.some((field) => field.name === name);
}

export function sameValue(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

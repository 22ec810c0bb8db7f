/**
 * A network, its loss and its optimizer in words: what a config holds and what the engine takes. Which kinds there are and
 * which fields they have is in core/config/vocabulary.json, which the engine writes; here is only the form.
 */

/**
 * A setting: a flag, a number, a word or a path, several numbers or shapes, a list of layers, or a word with a number,
 * `{ normal: 0.02 }`.
 */
export type FieldValue =
  | boolean
  | number
  | string
  | readonly number[]
  | readonly (number | readonly number[])[]
  | readonly Layer[]
  | { readonly [word: string]: number };

/** A layer: its kind, and its settings by the names of their fields. */
export interface Layer {
  readonly kind: string;
  readonly [field: string]: FieldValue;
}

/** What is minimised: its kind, and the settings of that kind. */
export interface Loss {
  readonly kind: string;
  readonly [field: string]: FieldValue;
}

/** How weights are updated: PyTorch's settings of the rule, and `sparse`, which every rule has. */
export interface Optimizer {
  readonly name: string;
  readonly [field: string]: FieldValue;
}

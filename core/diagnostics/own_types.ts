/**
 * What a diagnostic of the user's own, a TypeScript file, is given and what it may answer. The file has a function as its default
 * export; these types can be imported into it, and nothing of them is there when it runs. All of them are plain values: the file
 * runs in a process of its own, and each question is answered by the one that trains.
 */
import type { Chosen, DataKind, LayerAbout, Part } from "./diagnostic.ts";

/** The function that the file exports. Null is no answer: nothing is written then. */
export type OwnDiagnostic = (context: OwnContext) => OwnAnswer | null | Promise<OwnAnswer | null>;

/** What is known without asking. */
export interface OwnFacts {
  readonly epoch: number;
  /** The part looked at: validation, or train where there are no validation rows. */
  readonly part: Part;
  /** The entry's settings, as the config has them. */
  // deno-lint-ignore no-explicit-any -- what they hold is up to the file
  readonly settings: Readonly<Record<string, any>>;
  readonly data: {
    readonly kind: DataKind;
    readonly columns: number;
    /** Of a row, channels first; null where it has none but its length. */
    readonly shape: readonly number[] | null;
    /** Of the samples of a signal, in Hz; null where it is not known. */
    readonly rate_hz: number | null;
  };
  readonly latentSize: number;
  /** The layers, encoder first. */
  readonly layers: readonly LayerAbout[];
  /** What is trained, in PyTorch's names and order. */
  readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** `diagnostics.max_rows` and `diagnostics.columns`. */
  readonly maxRows: number;
  readonly maxColumns: number;
}

/**
 * Numbers of rows count all rows of the data from 0, in the order of the files. Values of rows are row after row. What cannot be
 * answered is an exception that says why.
 */
export interface OwnContext extends OwnFacts {
  /** At most `most` (diagnostics.max_rows) rows of some parts (the part looked at), evenly spread. */
  choose(parts?: readonly Part[], most?: number): Promise<Chosen>;
  /** One of the chosen rows, by its place among them. */
  only(chosen: Chosen, at: number): Promise<Chosen>;
  /** One row by its number; null if there is no such row in a part. */
  rowNumbered(row: number): Promise<Chosen | null>;
  /** The part of each row. */
  partsOf(chosen: Chosen): Promise<Part[]>;
  /** The label of each row, "" where it has none; null where the data have no labels. */
  labels(chosen: Chosen): Promise<string[] | null>;
  /** Names of the columns, or of the chosen columns; null where they have none. */
  names(columns?: readonly number[]): Promise<string[] | null>;
  /** Values that the network is to reconstruct: rows x columns, or the chosen columns. */
  values(chosen: Chosen, columns?: readonly number[]): Promise<Float32Array<ArrayBuffer>>;
  /** Reconstructions: rows x columns, or the chosen columns. */
  reconstruct(chosen: Chosen, columns?: readonly number[]): Promise<Float32Array<ArrayBuffer>>;
  /** Latent vectors: rows x latentSize. */
  embed(chosen: Chosen): Promise<Float32Array<ArrayBuffer>>;
  /** Reconstructions of latent vectors (rows x latentSize). */
  decode(latent: Float32Array<ArrayBuffer>, columns?: readonly number[]): Promise<Float32Array<ArrayBuffer>>;
  /** Scores on principal components of the training rows, as many as latent units; null where they are not computed. */
  scores(chosen: Chosen): Promise<Float32Array<ArrayBuffer> | null>;
  /** What a layer gives, by its place among the layers: rows x outputs, channels first. */
  layerOutputs(chosen: Chosen, layer: number): Promise<Float32Array<ArrayBuffer>>;
  /** The values of a parameter, by its name. */
  parameter(name: string): Promise<Float32Array<ArrayBuffer>>;
  /** Of each column over all rows of the part: the mean and the variance of its values, and the mean squared error. */
  columns(): Promise<
    { readonly rows: number; readonly mean: number[]; readonly variance: number[]; readonly mse: number[] }
  >;
}

/** Names and texts of an answer are shown as text, whatever they hold. */
export interface OwnAnswer {
  /** The heading of the section; by default the entry's name. */
  readonly title?: string;
  /** What the report shows, from top to bottom. */
  readonly parts?: readonly OwnPart[];
  /** Anything that is JSON, for programs that read the file. */
  readonly data?: unknown;
}

export type OwnPart =
  | { readonly kind: "text"; readonly text: string }
  | {
    readonly kind: "table";
    readonly caption: string;
    readonly columns: readonly string[];
    readonly rows: readonly (readonly (string | number | null)[])[];
  }
  | {
    readonly kind: "picture";
    readonly caption: string;
    /** A PNG file. */
    readonly png: Uint8Array;
  }
  | {
    readonly kind: "picture";
    readonly caption: string;
    readonly width: number;
    readonly height: number;
    /** From 0 to 255, line after line: a grey for each pixel, or red, green and blue. */
    readonly pixels: ArrayLike<number>;
  }
  | {
    readonly kind: "lines" | "points";
    readonly caption: string;
    /** What the axes are. */
    readonly x: string;
    readonly y: string;
    /** Axes with a logarithmic scale; values of 0 and less are not drawn on them. */
    readonly log?: readonly ("x" | "y")[];
    readonly series: readonly OwnSeries[];
  }
  | {
    readonly kind: "bars";
    readonly caption: string;
    /** What the values are. */
    readonly x: string;
    readonly bars: readonly { readonly name: string; readonly value: number }[];
  };

export interface OwnSeries {
  readonly name: string;
  /** As many as in `y`. Of lines by rising x. */
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/** The one shape every diagnostic has: given a trained network and its data, plain data for one JSON file. */
import type { Model } from "../../ffi/model.ts";
import type { Config } from "../config/types.ts";
import type { Part, Source } from "../data/source.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";

export interface DiagnosticContext {
  readonly config: Config;
  readonly model: Model;
  readonly source: Source;
  readonly epoch: number;
  /** The part looked at: validation, or train where there is none. */
  readonly part: Part;
  /** Sums by column over that part. */
  readonly evaluation: Evaluation & { readonly columns: NonNullable<Evaluation["columns"]> };
  /** Column names and row labels of the whole data set, where the config names them. */
  readonly names: readonly string[] | null;
  readonly labels: readonly string[] | null;
}

export interface Diagnostic {
  readonly name: string;
  run(context: DiagnosticContext): Promise<unknown>;
}

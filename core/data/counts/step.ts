/**
 * A step of the pipeline of counts: a function from sparse rows to sparse rows, which may first have to know something of all rows,
 * such as a mean. What it concluded is kept, so that other files are prepared by the same numbers.
 */
import type { z } from "zod";
import { UserError } from "../../errors.ts";
import type { Block } from "../readers/reader.ts";

/** Sparse rows: the columns of each row rise, each at most once. */
export type Rows = Extract<Block, { indptr: Float64Array }>;

/** All rows that a step concludes something from, as the steps before it leave them. */
export interface Pass {
  readonly columns: number;
  /** Whether a step before this one changed the values, so that they are no counts any more. */
  readonly isChanged: boolean;
  /** From the beginning, in blocks. May be called several times. */
  blocks(): AsyncIterable<Rows>;
  note(text: string): void;
}

/** What a step does with a block of rows. */
export type Action =
  /** The numbers of the rows that stay. */
  | { readonly does: "choose rows"; rows(block: Rows): Uint32Array }
  /** The columns that stay, rising. */
  | { readonly does: "choose columns"; readonly columns: readonly number[] }
  /** Other values, in the order of `data`; zeros stay zeros. */
  | { readonly does: "change values"; values(block: Rows): Float32Array }
  /** All values, row by row, which are not zero even where nothing is stored. */
  | { readonly does: "make dense"; values(block: Rows): Float32Array };

/** @template S its settings @template F what it concluded from all rows, as JSON */
export interface CountStep<S = unknown, F = unknown> {
  /** Its name in `data.steps`. */
  readonly kind: string;
  /** What it does, in a sentence. */
  readonly about: string;
  readonly settings: z.ZodType<S>;
  /** The settings that a value beside the kind stands for: `highly_variable: 2000`. */
  readonly short?: (value: unknown) => unknown;
  readonly fitted: z.ZodType<F>;
  /** @throws {UserError} where the rows cannot be taken */
  fit(settings: S, pass: Pass): Promise<F>;
  /** @param columns that come in @throws {UserError} where what was concluded is of other columns */
  action(settings: S, fitted: F, columns: number): Action;
}

/** A step whose settings and conclusions are checked by its own schemas. */
export const defineCountStep = <S, F>(step: CountStep<S, F>): CountStep => step as CountStep;

/** The error of a step that cannot take the rows. */
export const refuseCounts = (kind: string, what: string, hint?: string): UserError =>
  new UserError(`data.steps: ${kind}`, what, hint);

/** The error where no row, or no column, is left. */
export const nothingLeft = (kind: string, what: "row" | "column", seen: string): UserError =>
  refuseCounts(kind, `leaves no ${what}: ${seen}`, "lower its bounds");

/** The sum of each row, in double precision. */
export function rowSums({ rows, indptr, data }: Rows): Float64Array {
  const sums = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    for (let at = indptr[row]!; at < indptr[row + 1]!; at++) sums[row]! += data[at]!;
  }
  return sums;
}

/** Questions about rows: what is reconstructed of them, and what each stage gives for one. */
import { type Chosen, NoAnswer } from "../../core/diagnostics/diagnostic.ts";
import type { Config } from "../../core/config/types.ts";
import { largestOf } from "../../core/diagnostics/numbers.ts";
import { firstFrom } from "../../core/data/sorted.ts";
import type { Part, Source } from "../../core/data/source.ts";
import { chooseNumbered } from "../../core/data/row_choice.ts";
import { UserError } from "../../core/errors.ts";
import type { Questions } from "../../core/train/questions.ts";
import type { Asks, Numbers, RowName } from "../protocol.ts";
import type { Subject } from "../session/subject.ts";
import { SHEET_COLUMNS, SHEET_ROWS_MAX, VALUES_MAX } from "./bounds.ts";
import { type Dropped, questionsOfDropped } from "./dropped.ts";

/** A row to be asked about, and the questions of the data that it is of. */
export interface NamedRow {
  readonly questions: Questions;
  readonly chosen: Chosen;
  readonly isDropped: boolean;
  readonly source: Source;
  readonly config: Pick<Config, "data">;
}

/** @throws {UserError} where there is no such row */
export function rowNamed(subject: Subject, of: RowName, dropped: Dropped | null): NamedRow {
  const isDropped = "dropped" in of, row = isDropped ? of.dropped : of.row;
  if (isDropped && dropped === null) {
    throw new UserError("of.dropped", "no file was dropped", "drop one into the page first");
  }
  const questions = isDropped ? questionsOfDropped(subject, dropped!) : subject.questions;
  const chosen = questions.rowNumbered(row), { source, config } = isDropped ? dropped! : subject;
  if (chosen) return { questions, chosen, isDropped, source, config };
  throw new UserError(isDropped ? "of.dropped" : "of.row", `there is no row ${row}: there are ${source.rows}, from 0`);
}

const numbers = (values: Float32Array): Numbers => Float32Array.from(values);

export async function row(
  subject: Subject,
  { of }: Asks["row"]["asks"],
  dropped: Dropped | null,
): Promise<Asks["row"]["answer"]> {
  const { questions, chosen, isDropped } = rowNamed(subject, of, dropped);
  const target = await questions.values(chosen), output = await questions.reconstruct(chosen);
  let sum = 0;
  for (let j = 0; j < target.length; j++) sum += (target[j]! - output[j]!) ** 2;
  const stored = questions.data.kind === "sparse" ? Uint32Array.from(placesOf(target)) : null;
  const some = (values: Float32Array) => stored ? Float32Array.from(stored, (j) => values[j]!) : numbers(values);
  return {
    part: isDropped ? null : questions.partsOf(chosen)[0]!,
    label: questions.data.labels?.[chosen.rows[0]!] ?? null,
    columns: stored,
    input: some(target),
    output: some(output),
    latent: numbers(await questions.embed(chosen)),
    mse: sum / target.length,
  };
}

function* placesOf(values: Float32Array): Generator<number> {
  for (let j = 0; j < values.length; j++) if (values[j] !== 0) yield j;
}

/** The first rows of a part from a number on, at most `most`. */
function rowsFrom({ files }: Source, part: Part, from: number, most: number): number[] {
  const rows: number[] = [];
  for (const { firstRow, info, parts } of files) {
    if (rows.length === most) break;
    if (firstRow + info.rows <= from) continue;
    const own = parts[part], begin = firstFrom(own, from - firstRow);
    for (const within of own.subarray(begin, begin + most - rows.length)) rows.push(firstRow + within);
  }
  return rows;
}

/** Rows of a part from a number on, as many as have room in an answer. */
export async function sheet(subject: Subject, asks: Asks["sheet"]["asks"]): Promise<Asks["sheet"]["answer"]> {
  const { questions, source, config } = subject, { columns, kind } = questions.data, isSparse = kind === "sparse";
  const room = isSparse ? SHEET_ROWS_MAX : Math.max(1, Math.floor(VALUES_MAX / columns));
  const rows = rowsFrom(source, asks.part, asks.from, Math.min(asks.count, SHEET_ROWS_MAX, room));
  if (rows.length === 0) {
    const nothing = new Float32Array(0);
    return { rows: new Uint32Array(0), columns: isSparse ? new Uint32Array(0) : null, input: nothing, output: nothing };
  }
  const chosen = chooseNumbered(source, config.data, rows);
  const some = isSparse ? await mostVarying(subject, rows) : undefined;
  return {
    rows: Uint32Array.from(rows),
    columns: some === undefined ? null : Uint32Array.from(some),
    input: numbers(await questions.values(chosen, some)),
    output: numbers(await questions.reconstruct(chosen, some)),
  };
}

/** The columns whose values vary most among some rows, the most first; rows are read in blocks. */
async function mostVarying({ questions, source, config }: Subject, rows: readonly number[]): Promise<number[]> {
  const { columns } = questions.data, block = Math.max(1, Math.floor(VALUES_MAX / columns));
  // About the first row's values, so that a column that is the same in all rows varies by exactly 0.
  let first: Float32Array | null = null;
  const sums = new Float64Array(columns), squares = new Float64Array(columns);
  for (let at = 0; at < rows.length; at += block) {
    const values = await questions.values(chooseNumbered(source, config.data, rows.slice(at, at + block)));
    first ??= values.slice(0, columns);
    for (let i = 0; i < values.length; i++) {
      const column = i % columns, value = values[i]! - first[column]!;
      sums[column]! += value;
      squares[column]! += value ** 2;
    }
  }
  const variance = Float32Array.from(squares, (square, column) => square - sums[column]! ** 2 / rows.length);
  return largestOf(variance, Math.min(SHEET_COLUMNS, columns));
}

/** What the network cannot answer, as an error in words. */
export async function inWords<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof NoAnswer ? new UserError(what, error.message, undefined, 1) : error;
  }
}

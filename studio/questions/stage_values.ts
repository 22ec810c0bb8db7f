/**
 * What each stage gives for one row, asked again and again while the network is trained. The row's file stays open, its input is
 * read once, and one pass of the engine gives what all layers give, with those within them and with neurons, so that training stands
 * still for as short a time as it can.
 */
import type { BatchQueue } from "../../ffi/batches.ts";
import { EngineError } from "../../ffi/error.ts";
import type { DataConfig } from "../../core/config/types.ts";
import { isKept, type Lease, lease } from "../../core/data/chunk_cache.ts";
import { chosenOf, feedRows, type RowChoice } from "../../core/data/row_choice.ts";
import type { Source } from "../../core/data/source.ts";
import { sizeOf } from "../../core/shapes.ts";
import { UserError } from "../../core/errors.ts";
import { countText } from "../../core/figures.ts";
import type { Tells } from "../protocol.ts";
import type { Subject } from "../session/subject.ts";
import { VALUES_MAX } from "./bounds.ts";
import type { NamedRow } from "./rows.ts";

/** Batches of the row that a question needs: one for the layers, and one for the reconstruction. */
const BATCHES = 2;

/** The row as often as it is asked for: batches of one row. */
function repeated(
  source: Source,
  row: number,
  times: number,
  data: DataConfig,
): { choice: RowChoice; data: DataConfig } {
  const file = source.files.findLast(({ firstRow }) => firstRow <= row)!;
  const single = { ...data, batch_size: 1, preload_batches: times, workers: 1 };
  const rows = new Uint32Array(times).fill(row - file.firstRow);
  return { choice: chosenOf(source, new Map([[file.index, rows]]), single), data: single };
}

/** The source with the row's file held open, where nobody else holds it. */
async function pinned(source: Source, row: number): Promise<{ readonly source: Source; readonly held: Lease | null }> {
  const file = source.files.findLast(({ firstRow }) => firstRow <= row)!;
  if (file.memory || isKept(source.files)) return { source, held: null };
  const held = await lease(file, 0);
  return { source: { ...source, files: [{ ...file, memory: held.chunk }] }, held };
}

/** @throws {UserError} where the stages have more units than are sent */
export function checkUnits({ stages }: Pick<Subject, "stages">): void {
  const total = stages.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (total <= VALUES_MAX) return;
  const what = `the stages have ${countText(total)} units, and at most ${countText(VALUES_MAX)} are sent`;
  throw new UserError("watch", what);
}

/** Values that the engine has a name for, and the stages that show some of them. */
interface Asked {
  readonly name: string;
  readonly count: number;
  readonly places: readonly { readonly stage: number; readonly first: number }[];
}

function askedOf({ stages, questions }: Pick<Subject, "stages" | "questions">): Asked[] {
  const asked = new Map<string, Asked>();
  for (const [stage, { layers, neurons, shape }] of stages.entries()) {
    const layer = layers.at(-1);
    if (layer !== undefined) asked.set(layer, { name: layer, count: sizeOf(shape), places: [{ stage, first: 0 }] });
    else if (neurons !== null) {
      const name = `${neurons.layer}.neurons`, { first } = neurons;
      const bias = questions.parameters().find((parameter) => parameter.name === `${neurons.layer}.bias`)!;
      const places = [...asked.get(name)?.places ?? [], { stage, first }];
      asked.set(name, { name, count: bias.shape[0]!, places });
    }
  }
  return [...asked.values()];
}

export class StageValues implements Disposable {
  readonly #at: readonly number[];
  /** What a pass gives; and the stage that is the reconstruction. */
  #asked: readonly Asked[];
  #reconstruction: number | null = null;
  #input: Float32Array | null = null;

  private constructor(
    readonly subject: Subject,
    readonly row: NamedRow,
    readonly choice: RowChoice,
    readonly data: DataConfig,
    readonly held: Lease | null,
  ) {
    let total = 0;
    this.#at = [...subject.stages.map(({ shape }) => (total += sizeOf(shape)) - sizeOf(shape)), total];
    this.#asked = askedOf(subject);
  }

  /** @throws {UserError} as {@linkcode checkUnits} */
  static async of(subject: Subject, row: NamedRow): Promise<StageValues> {
    checkUnits(subject);
    const number = row.chosen.rows[0]!;
    const { source, held } = await pinned(row.source, number);
    const { choice, data } = repeated(source, number, BATCHES, row.config.data);
    return new StageValues(subject, row, choice, data, held);
  }

  /** Stages without values are NaN. */
  async ask(): Promise<Tells["values"]> {
    const { subject, row: { questions, chosen }, choice, data } = this, at = this.#at;
    const { model, step } = subject;
    const values = new Float32Array(at.at(-1)!).fill(NaN);
    values.set(this.#input ??= await questions.input(chosen), 0);
    for await (const { batches } of feedRows(choice, data)) {
      await this.#addLayers(batches, values);
      if (this.#reconstruction !== null) values.set(await model.reconstruct(batches, 1), at[this.#reconstruction]!);
    }
    return { step: step(), at: at.slice(0, -1), values };
  }

  /** Writes what the layers give. The last one's values may be made with the loss alone: then its stage is the reconstruction, or nothing. */
  async #addLayers(batches: BatchQueue, values: Float32Array): Promise<void> {
    const { subject: { model, stages }, row: { questions } } = this, last = this.#asked.at(-1);
    if (last === undefined) return;
    let given: Float32Array;
    try {
      given = await model.outputsOf(batches, 1, this.#asked.map(({ name }) => name));
    } catch (error) {
      if (!(error instanceof EngineError) || error.status !== "unsupported") throw error;
      const output = questions.layers.at(-1)!, [place] = last.places;
      if (last.name === output.name && output.outputs === model.columns) this.#reconstruction = place!.stage;
      this.#asked = this.#asked.slice(0, -1);
      return await this.#addLayers(batches, values);
    }
    let from = 0;
    for (const { count, places } of this.#asked) {
      for (const { stage, first } of places) {
        const begin = from + first, units = sizeOf(stages[stage]!.shape);
        values.set(given.subarray(begin, begin + units), this.#at[stage]!);
      }
      from += count;
    }
  }

  [Symbol.dispose](): void {
    this.held?.release();
  }
}

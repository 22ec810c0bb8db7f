/**
 * What each stage gives for one row, asked again and again while the network is trained. The row's file stays open, its input is
 * read once, and one creator of batches serves all stages, so that training stands still for as short a time as it can.
 */
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
import { addNeurons } from "./neurons.ts";
import type { NamedRow } from "./rows.ts";

/** How a stage is asked: a layer's values; the reconstruction, where the last layer's are made with the loss; or not at all. */
type Way = "layer" | "reconstruction" | "none";

/** The row as often as it is asked for: batches of one row, one for each stage. */
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

export class StageValues implements Disposable {
  readonly #at: readonly number[];
  readonly #ways: Way[];
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
    this.#ways = subject.stages.map(() => "layer");
  }

  /** @throws {UserError} as {@linkcode checkUnits} */
  static async of(subject: Subject, row: NamedRow): Promise<StageValues> {
    checkUnits(subject);
    const number = row.chosen.rows[0]!;
    const { source, held } = await pinned(row.source, number);
    const { choice, data } = repeated(source, number, subject.stages.length, row.config.data);
    return new StageValues(subject, row, choice, data, held);
  }

  /** Stages without values are NaN. */
  async ask(): Promise<Tells["values"]> {
    const { subject, row: { questions, chosen }, choice, data } = this, at = this.#at;
    const { stages, model, step } = subject;
    const values = new Float32Array(at.at(-1)!).fill(NaN);
    values.set(this.#input ??= await questions.input(chosen), 0);
    for await (const { batches } of feedRows(choice, data)) {
      for (let i = 1; i < stages.length; i++) {
        const layer = stages[i]!.layers.at(-1);
        if (layer === undefined) continue; // neurons within a layer
        try {
          if (this.#ways[i] === "layer") values.set(await model.layerOutputs(batches, 1, layer), at[i]!);
          else if (this.#ways[i] === "reconstruction") values.set(await model.reconstruct(batches, 1), at[i]!);
        } catch (error) {
          if (!(error instanceof EngineError) || error.status !== "unsupported") throw error;
          const isLast = layer === questions.layers.length - 1 && questions.layers[layer]!.outputs === model.columns;
          this.#ways[i] = this.#ways[i] === "layer" && isLast ? "reconstruction" : "none";
          i--;
        }
      }
    }
    await addNeurons(subject, values, at);
    return { step: step(), at: at.slice(0, -1), values };
  }

  [Symbol.dispose](): void {
    this.held?.release();
  }
}

/**
 * Steps for signals that have to know something of all records before they take the first one: the records are read once more for
 * each of them, through the steps before it. Like those for counts, they conclude from all records, whatever part they belong to,
 * and from those of the training part where the config lists files for each part.
 */
import { UserError } from "../errors.ts";
import { countText } from "../figures.ts";
import { STEP_KINDS } from "./counts/mod.ts";
import { type Fitted, newFitted } from "./fitted.ts";
import type { SourcePlace } from "./locate.ts";
import { openPlace } from "./open_place.ts";
import type { PreparingProgress } from "./prepare.ts";
import type { OpenSource, ReaderOptions } from "./readers/reader.ts";
import { formOf, stepped } from "./stepped.ts";
import { concludes, prepareSteps, readSteps } from "./steps/mod.ts";
import type { Form } from "./steps/step.ts";

/** Rows that are read at a time. */
const BLOCK_ROWS = 4096;

/** Whether one of `data.steps` is for signals and has to know something of all records. @throws {UserError} */
export function doConclude(steps: readonly unknown[]): boolean {
  return readSteps(steps, STEP_KINDS).some(concludes);
}

/** Steps as `data.steps` lists them. */
export const written = ({ steps }: Fitted): unknown[] => steps.map(({ kind, settings }) => ({ [kind]: settings }));

/** @throws {UserError} where a source cannot be read, or a step cannot take its records */
export async function conclude(
  steps: readonly unknown[],
  places: readonly SourcePlace[],
  options: ReaderOptions,
  { note, progress }: {
    readonly note?: (text: string) => void;
    readonly progress?: (progress: PreparingProgress) => void;
  },
): Promise<Fitted> {
  const chosen = readSteps(steps, STEP_KINDS);
  const { form, rows, columns } = await lookedAt(places, options, chosen.map(({ step }) => step.kind));
  const done: Fitted["steps"][number][] = [];
  const now = () => newFitted({ rows, columns, column_names: null, steps: done });
  for (const [at, each] of chosen.entries()) {
    const { step, settings } = each;
    let fitted: unknown = null;
    if (concludes(each)) {
      const before = prepareSteps(chosen.slice(0, at), form, done.map(({ fitted }) => fitted));
      const shown = now();
      const blocks = () => valuesOf(places, options, steps.slice(0, at), shown, progress);
      fitted = await step.conclusion!.fit(settings, { shape: before.form.shape, blocks });
      note?.(`${step.kind}: of ${countText(rows)} records: ${step.conclusion!.told(fitted)}`);
    }
    done.push({ kind: step.kind, settings, fitted });
  }
  return now();
}

/** What the records of all places are like. @throws {UserError} where there are none, or they differ */
async function lookedAt(
  places: readonly SourcePlace[],
  options: ReaderOptions,
  kinds: readonly string[],
): Promise<{ readonly form: Form; readonly rows: number; readonly columns: number }> {
  let found: { form: Form; columns: number; path: string } | null = null;
  let rows = 0;
  for (const place of places) {
    const { path } = place, open = await openPlace(place, options);
    open.close();
    const form = formOf(path, open, kinds);
    found ??= { form, columns: open.columns, path };
    if (form.shape.join() !== found.form.shape.join()) {
      const what = `has records of ${form.shape.join(" x ")} values, but ${found.path} has ${
        found.form.shape.join(" x ")
      }`;
      throw new UserError(path, what, "all sources of a data set must have records of one shape");
    }
    rows += open.rows;
  }
  if (found === null) throw new UserError("data.split.train", "lists no files", "list one");
  if (rows > 0) return { form: found.form, columns: found.columns, rows };
  const [step] = kinds;
  throw new UserError(`data.steps: ${step}`, `there are no records in ${found.path}`, "name a file with records");
}

/** The values of all records behind some steps. @throws {UserError} of one that is not finite */
async function* valuesOf(
  places: readonly SourcePlace[],
  options: ReaderOptions,
  steps: readonly unknown[],
  fitted: Fitted,
  progress?: (progress: PreparingProgress) => void,
): AsyncGenerator<Float32Array> {
  for (const place of places) {
    const { path, name } = place, read = await openPlace(place, options);
    try {
      const open = stepped(path, read, steps, fitted);
      let done = 0;
      for await (const block of open.read(BLOCK_ROWS)) {
        if (!("values" in block)) throw new Error("a source of dense rows gives sparse ones");
        requireFinite(path, open, block.values.subarray(0, block.rows * open.columns), done);
        yield block.values.subarray(0, block.rows * open.columns);
        done += block.rows;
        progress?.({ name, done, rows: open.rows });
      }
    } finally {
      read.close();
    }
  }
}

function requireFinite(path: string, { columns, rowNames }: OpenSource, values: Float32Array, before: number): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const row = before + Math.floor(at / columns);
  const named = rowNames?.[row] === undefined ? "" : ` (${rowNames[row]})`;
  throw new UserError(
    path,
    `row ${row}${named}, column ${at % columns}: the value is ${
      values[at]
    }, or too large for a single-precision number`,
    "remove the row, or give it a value",
  );
}

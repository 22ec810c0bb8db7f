/** A source whose records go through the steps of `data.steps` before they become rows. */
import { UserError } from "../errors.ts";
import { countText } from "../figures.ts";
import type { Fitted } from "./fitted.ts";
import type { OpenSource } from "./readers/reader.ts";
import { channels } from "./steps/channels.ts";
import { normalise } from "./steps/normalise.ts";
import type { Form } from "./steps/step.ts";
import { prepareSteps, readSteps } from "./steps/mod.ts";
import { STEP_KINDS } from "./counts/mod.ts";

const product = (shape: readonly number[]) => shape.reduce((all, size) => all * size, 1);

/** The step that takes pictures as well as signals. */
const OF_ANY_SHAPE = normalise.kind;

/**
 * What its records are like, a picture as a signal of its pixels.
 * @throws {UserError} where they are neither signals nor pictures that the steps take
 */
export function formOf(
  path: string,
  { sparse, columns, shape = [columns], rate }: OpenSource,
  kinds: readonly string[],
): Form {
  if (sparse) throw new UserError("data.steps", `are for signals, but ${path} has sparse rows`, "remove data.steps");
  const other = kinds.find((kind) => kind !== OF_ANY_SHAPE);
  if (shape.length === 3 && other === undefined) return { shape: [shape[0]!, shape[1]! * shape[2]!] };
  if (shape.length === 3) {
    throw new UserError(
      "data.steps",
      `${other} is for signals, but the records of ${path} are pictures of the shape [${shape.join(", ")}]`,
      `pictures take ${OF_ANY_SHAPE}; data.reader has size, fit and grey`,
    );
  }
  if (shape.length > 2) {
    const what = `are for signals, but the records of ${path} have the shape [${shape.join(", ")}]`;
    throw new UserError("data.steps", what, "remove data.steps, or name what each axis is: data.reader.axes");
  }
  const [channels, samples] = shape.length === 1 ? [1, shape[0]!] : shape as [number, number];
  return { shape: [channels, samples], ...rate === undefined ? {} : { rate } };
}

/**
 * @param steps as `data.steps` lists them
 * @param fitted the same steps with what they concluded, where one of them has to know something of all records
 * @throws {UserError} where a step is not known, or cannot take the records
 */
export function stepped(path: string, open: OpenSource, steps: readonly unknown[], fitted?: Fitted): OpenSource {
  if (steps.length === 0) return open;
  const chosen = readSteps(steps, STEP_KINDS);
  const before = formOf(path, open, chosen.map(({ step }) => step.kind));
  const prepared = prepareSteps(chosen, before, fitted?.steps.map(({ fitted }) => fitted));
  const { form, records } = prepared;
  const columns = product(form.shape);
  const repeated = (values: readonly string[]) => values.flatMap((value) => Array<string>(records).fill(value));
  const { rowNames, notes } = open;
  const names = records === 1 || rowNames === null
    ? rowNames
    : rowNames.flatMap((name) => Array.from({ length: records }, (_, record) => `${name}:${record}`));
  const kinds = chosen.map(({ step }) => step.kind).join(", ");
  /** Whether each value is made of the one that was in its place. */
  const keepsPlaces = records === 1 && String(form.shape) === String(before.shape) &&
    !chosen.some(({ step }) => step.kind === channels.kind);
  const cut = records === 1 ? "" : `; each of ${countText(open.rows)} records gives ${countText(records)} rows`;
  return {
    rows: open.rows * records,
    columns,
    sparse: false,
    shape: open.shape?.length === 3 ? open.shape : form.shape,
    ...form.rate === undefined ? {} : { rate: form.rate },
    rowNames: names,
    columnNames: keepsPlaces ? open.columnNames : null,
    rowTables: new Map([...open.rowTables].map(([name, values]) => [name, repeated(values)])),
    members: open.members,
    notes: [...notes, `steps: ${kinds}${cut}`],
    async *read(blockRows) {
      for await (const block of open.read(Math.max(1, Math.floor(blockRows / records)))) {
        if (!("values" in block)) throw new Error("a source of dense rows gives sparse ones");
        const size = block.values.length / Math.max(1, block.rows);
        const values = new Float32Array(block.rows * records * columns);
        for (let row = 0; row < block.rows; row++) {
          values.set(prepared.run(block.values.subarray(row * size, (row + 1) * size)), row * records * columns);
        }
        yield { rows: block.rows * records, values };
      }
    },
    close: () => open.close(),
  };
}

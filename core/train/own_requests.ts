/** What a user's own diagnostic asks of the network and the data: requests of another process, checked and answered. */
import type { Chosen, DiagnosticContext, Part } from "../diagnostics/diagnostic.ts";

export interface OwnRequest {
  readonly call: string;
  readonly args: readonly unknown[];
  readonly numbers: Float32Array<ArrayBuffer>;
}

/** Values of one answer at most: 134 MB. */
const VALUES_MAX = 1 << 25;
const PARTS: readonly unknown[] = ["train", "validation", "test"];

type Answer = Float32Array | unknown;
type Context = Omit<DiagnosticContext, "settings">;

/** @returns what answers a request; it throws where a request makes no sense, or its answer would be too large */
export function answersOf(context: Context): (request: OwnRequest) => Promise<Answer> {
  const { data, sums, layers, latentSize } = context;
  const chosen: Chosen[] = [];
  const remember = (rows: Chosen) => ({ id: chosen.push(rows) - 1, rows: rows.rows });
  const rowsOf = (id: unknown): Chosen => chosen[whole(id, 0, chosen.length - 1, "rows")]!;
  const columnsOf = (value: unknown): number[] | undefined => {
    if (value === null || value === undefined) return undefined;
    if (!Array.isArray(value) || value.length === 0) throw new RangeError("columns are a list of numbers from 0");
    return value.map((column) => whole(column, 0, data.columns - 1, "a column"));
  };
  const bounded = (rows: number, width: number) => {
    if (rows * width <= VALUES_MAX) return;
    throw new RangeError(
      `${rows} x ${width} values are asked for at once, and ${VALUES_MAX} are the most: ask for fewer`,
    );
  };
  const widthOf = (columns: number[] | undefined) => columns?.length ?? data.columns;
  const parameters = () => context.parameters();

  const calls: Readonly<Record<string, (args: readonly unknown[], numbers: Float32Array<ArrayBuffer>) => Answer>> = {
    choose: ([parts, most]) => {
      const wanted = parts ?? [context.part];
      if (!Array.isArray(wanted) || wanted.length === 0 || wanted.some((part) => !PARTS.includes(part))) {
        throw new RangeError(`parts are some of ${PARTS.join(", ")}, got ${JSON.stringify(parts)}`);
      }
      const limit = most === null || most === undefined
        ? context.maxRows
        : whole(most, 1, Infinity, "the number of rows");
      return remember(context.choose([...new Set(wanted)] as Part[], limit));
    },
    only: ([id, at]) => {
      const rows = rowsOf(id);
      return remember(context.only(rows, whole(at, 0, rows.rows.length - 1, "a place among the rows")));
    },
    rowNumbered: ([row]) => {
      const found = context.rowNumbered(whole(row, 0, Infinity, "a row"));
      return found && remember(found);
    },
    partsOf: ([id]) => context.partsOf(rowsOf(id)),
    labels: ([id]) => data.labels && rowsOf(id).rows.map((row) => data.labels![row] ?? ""),
    names: ([columns]) => data.names && (columnsOf(columns)?.map((column) => data.names![column]!) ?? data.names),
    values: ([id, columns]) => {
      const rows = rowsOf(id), some = columnsOf(columns);
      bounded(rows.rows.length, widthOf(some));
      return context.values(rows, some);
    },
    reconstruct: ([id, columns]) => {
      const rows = rowsOf(id), some = columnsOf(columns);
      bounded(rows.rows.length, widthOf(some));
      return context.reconstruct(rows, some);
    },
    embed: ([id]) => {
      const rows = rowsOf(id);
      bounded(rows.rows.length, latentSize);
      return context.embed(rows);
    },
    decode: ([columns], latent) => {
      const some = columnsOf(columns), rows = latent.length / latentSize;
      if (rows < 1 || !Number.isInteger(rows)) {
        throw new RangeError(`latent vectors are of ${latentSize} values each, got ${latent.length} values in all`);
      }
      bounded(rows, widthOf(some));
      return context.decode(latent, some);
    },
    scores: async ([id]) => {
      const rows = rowsOf(id);
      bounded(rows.rows.length, latentSize);
      return (await context.scores(rows))?.values ?? null;
    },
    layerOutputs: ([id, layer]) => {
      const rows = rowsOf(id), place = whole(layer, 0, layers.length - 1, "a layer");
      bounded(rows.rows.length, layers[place]!.outputs);
      return context.layerOutputs(rows, place);
    },
    parameter: ([name]) => {
      const found = parameters().find((parameter) => parameter.name === name);
      if (!found) {
        const names = parameters().map((parameter) => parameter.name).join(", ");
        throw new RangeError(`there is no parameter ${JSON.stringify(name)}; there are ${names}`);
      }
      const rows = found.shape[0] ?? 1;
      bounded(rows, found.shape.slice(1).reduce((product, size) => product * size, 1));
      return found.read(0, rows);
    },
    columns: () => {
      const mean = (values: Float64Array) => Array.from(values, (sum) => sum / sums.rows);
      return { rows: sums.rows, mean: mean(sums.sum), variance: mean(sums.variation), mse: mean(sums.sse) };
    },
  };
  return async ({ call, args, numbers }) => {
    if (!Object.hasOwn(calls, call)) throw new RangeError(`there is no question ${JSON.stringify(call)}`);
    return await calls[call]!(args, numbers);
  };
}

function whole(value: unknown, least: number, most: number, what: string): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  const bounds = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new RangeError(`${what} is a whole number ${bounds}, got ${JSON.stringify(value)}`);
}

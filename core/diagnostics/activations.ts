/** What the units of each layer give over some rows: those that always give the same, zeros, and saturation. */
import { list, nullable, number, object, text } from "../runs/decode.ts";
import { type Diagnostic, type DiagnosticContext, type LayerAbout, NoAnswer, short } from "./diagnostic.ts";
import { binned, type Bins } from "./numbers.ts";

export interface LayerActivations {
  readonly name: string;
  readonly kind: string;
  /** Units: of a layer with a shape its channels, each over all places. */
  readonly units: number;
  /** Units that give the same value for every row. */
  readonly dead: number;
  /** Of all values: the share of zeros, and of those within 1 % of a bound of the function; null for a layer without bounds. */
  readonly zeros: number;
  readonly saturated: number | null;
  readonly mean: number;
  readonly deviation: number;
  /** Distribution of the units' shares of values that are not 0. */
  readonly active: Bins;
  /** Distribution of the values. */
  readonly values: Bins;
}

export interface ActivationsDiagnostic {
  readonly epoch: number;
  readonly split: string;
  readonly rows: number;
  readonly layers: readonly LayerActivations[];
}

const ROWS_MAX = 256, VALUES_MAX = 1 << 23;
/** The share of its range within which a value counts as at a bound. */
const NEAR = 0.01;

/** @param values rows x outputs, channels first */
export function activationsOf(
  values: Float32Array,
  rows: number,
  { name, kind, shape, outputs, bounds }: LayerAbout,
): LayerActivations {
  const units = shape.length > 1 ? shape[0]! : outputs, places = outputs / units;
  const margin = bounds ? NEAR * (bounds[1]! - bounds[0]!) : 0;
  const low = new Float64Array(units).fill(Infinity), high = new Float64Array(units).fill(-Infinity);
  const active = new Float64Array(units);
  let zeros = 0, near = 0, sum = 0, squares = 0;
  for (let i = 0; i < rows; i++) {
    for (let u = 0; u < units; u++) {
      for (let p = 0; p < places; p++) {
        const value = values[i * outputs + u * places + p]!;
        if (value < low[u]!) low[u] = value;
        if (value > high[u]!) high[u] = value;
        if (value === 0) zeros++;
        else active[u]!++;
        if (bounds && (value < bounds[0]! + margin || value > bounds[1]! - margin)) near++;
        sum += value;
        squares += value * value;
      }
    }
  }
  const count = rows * outputs, mean = sum / count;
  return {
    ...{ name, kind, units, dead: low.reduce((dead, value, u) => dead + (value === high[u] ? 1 : 0), 0) },
    zeros: short(zeros / count),
    saturated: bounds ? short(near / count) : null,
    mean: short(mean),
    deviation: short(Math.sqrt(Math.max(0, squares / count - mean * mean))),
    active: { ...binned([0, 1], 20), counts: shares(active.map((n) => n / (rows * places))) },
    values: binned(values.subarray(0, count)),
  };
}

/** Shares from 0 to 1 in twenty bins. */
function shares(values: Float64Array): number[] {
  const counts = new Array<number>(20).fill(0);
  for (const value of values) counts[Math.min(19, Math.floor(value * 20))]!++;
  return counts;
}

async function run(context: DiagnosticContext): Promise<ActivationsDiagnostic> {
  const { part, epoch, layers } = context;
  const widest = Math.max(...layers.slice(0, -1).map(({ outputs }) => outputs), 1);
  const chosen = context.choose(
    [part],
    Math.max(2, Math.min(ROWS_MAX, context.maxRows, Math.floor(VALUES_MAX / widest))),
  );
  const found: LayerActivations[] = [];
  for (const [index, layer] of layers.slice(0, -1).entries()) {
    try {
      found.push(activationsOf(await context.layerOutputs(chosen, index), chosen.rows.length, layer));
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
    }
  }
  return { epoch, split: part, rows: chosen.rows.length, layers: found };
}

const bins = object<Bins>({ min: number, max: number, counts: list(number) });

export const activations: Diagnostic<ActivationsDiagnostic> = {
  name: "activations",
  about: "dead units, zeros and saturation in each layer but the last",
  cost: `one pass of the network a layer, over at most ${ROWS_MAX} rows and ${VALUES_MAX} values of a layer`,
  automatic: () => true,
  run,
  decode: object<ActivationsDiagnostic>({
    epoch: number,
    split: text,
    rows: number,
    layers: list(object<LayerActivations>({
      name: text,
      kind: text,
      units: number,
      dead: number,
      zeros: number,
      saturated: nullable(number),
      mean: number,
      deviation: number,
      active: bins,
      values: bins,
    })),
  }),
};

/** Signals side by side as a picture, a record a column: truth and reconstruction (a B-scan, as of ultrasound or radar). */
import { list, number, object } from "../runs/decode.ts";
import { type Diagnostic, type DiagnosticContext, short } from "./diagnostic.ts";
import { type Picture, pictureRows } from "./drawing.ts";

export interface BScanDiagnostic {
  readonly epoch: number;
  /** The records, in file order. */
  readonly rows: readonly number[];
  /** Records of all parts together, of which these are evenly spread ones. */
  readonly total: number;
  readonly channels: number;
  readonly samples: number;
  /** Neighbouring samples of which the one furthest from the mean of the record is kept. */
  readonly every: number;
  /** Values that 0 and 255 stand for below. */
  readonly range: readonly number[];
  /** Of the first channel, record by record, as whole numbers from 0 to 255. */
  readonly truth: readonly number[];
  readonly reconstruction: readonly number[];
}

const RECORDS_MAX = 128, SAMPLES_MAX = 256, VALUES_MAX = 1 << 24;
const PARTS = ["train", "validation", "test"] as const;

/** The sample of each block that is furthest from the mean, so that no echo disappears. */
export function reduced(record: Float32Array, every: number): Float32Array {
  if (every === 1) return record;
  const mean = record.reduce((sum, value) => sum + value, 0) / record.length;
  return Float32Array.from({ length: Math.ceil(record.length / every) }, (_, block) => {
    let found = record[block * every]!;
    for (const value of record.subarray(block * every, (block + 1) * every)) {
      if (Math.abs(value - mean) > Math.abs(found - mean)) found = value;
    }
    return found;
  });
}

async function run(context: DiagnosticContext): Promise<BScanDiagnostic | null> {
  const { data: { kind, shape, columns }, epoch, maxRows } = context;
  if (kind !== "signals") return null;
  const samples = shape?.at(-1) ?? columns, channels = columns / samples;
  const most = Math.min(RECORDS_MAX, maxRows, Math.max(1, Math.floor(VALUES_MAX / columns)));
  const chosen = context.choose(PARTS, most);
  if (chosen.rows.length < 2 || samples < 2) return null;
  const every = Math.ceil(samples / SAMPLES_MAX);
  const [truth, rebuilt] = [await context.values(chosen), await context.reconstruct(chosen)].map((values) => {
    const all: number[] = [];
    for (let i = 0; i < chosen.rows.length; i++) {
      all.push(...reduced(values.subarray(i * columns, i * columns + samples), every));
    }
    return all;
  });
  // One scale for both, in which truth is whole; what the reconstruction has beyond it is cut.
  let [low, high] = [Infinity, -Infinity];
  for (const value of truth!) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(high > low)) return null;
  const whole = (value: number) => Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low))));
  return {
    ...{ epoch, rows: chosen.rows, total: context.choose(PARTS, Infinity).rows.length, channels, samples, every },
    range: [short(low), short(high)],
    truth: truth!.map(whole),
    reconstruction: rebuilt!.map(whole),
  };
}

/** Records as columns of a picture: depth x records. */
export function standing(values: readonly number[], records: number): number[] {
  const depth = values.length / records;
  return Array.from({ length: values.length }, (_, i) => values[(i % records) * depth + Math.floor(i / records)]!);
}

function picture({ rows, truth, reconstruction }: BScanDiagnostic): Picture | null {
  const shape = [1, truth.length / rows.length, rows.length];
  return pictureRows(shape, [[standing(truth, rows.length), standing(reconstruction, rows.length)]]);
}

export const bScan: Diagnostic<BScanDiagnostic> = {
  name: "b_scan",
  about: "signals side by side as a picture, a record a column, beside their reconstructions",
  cost: `one pass of the network over at most ${RECORDS_MAX} rows`,
  automatic: ({ kind }) => kind === "signals",
  run,
  picture,
  decode: object<BScanDiagnostic>({
    epoch: number,
    rows: list(number),
    total: number,
    channels: number,
    samples: number,
    every: number,
    range: list(number),
    truth: list(number),
    reconstruction: list(number),
  }),
};

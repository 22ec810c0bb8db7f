/** Normalisation, of each record by itself or of all records by the same numbers. */
import { z } from "zod";
import { defineStep, type Form, type Pass, refuseStep } from "./step.ts";

type By = "deviation" | "peak" | "range";

/** A value v becomes (v - offset) / scale, in the units that the records have before the step. */
interface Scaling {
  readonly offset: number;
  readonly scale: number;
}

/** Channels of which a note tells. */
const TOLD = 4;

const number = z.number().refine(Number.isFinite);

export const normalise = defineStep({
  kind: "normalise",
  about: "Scales each record by itself, or all records by the same numbers. What is the same everywhere becomes 0.",
  settings: z.strictObject({
    by: z.enum(["deviation", "peak", "range"]).default("deviation").describe(
      "deviation: mean 0 and standard deviation 1; peak: largest magnitude 1; range: smallest value 0, largest 1",
    ),
    per: z.enum(["record", "data_set", "channel"]).default("record").describe(
      "record: each record by itself; data_set: all values of all records together; " +
        "channel: the same of each channel by itself",
    ),
  }),
  short: (value) => ({ by: value }),
  conclusion: {
    isNeeded: ({ per }) => per !== "record",
    schema: z.array(z.strictObject({ offset: number, scale: number.gt(0) })).min(1),
    fit: async ({ by, per }, pass) => (await spreads(pass, per === "channel")).map((spread) => scalingOf(spread, by)),
    told(scalings) {
      const texts = scalings.slice(0, TOLD).map(({ offset, scale }) =>
        `(value - ${offset.toPrecision(4)}) / ${scale.toPrecision(4)}`
      );
      return [...texts, ...scalings.length > TOLD ? ["..."] : []].join(", ");
    },
  },
  prepare(form, { by, per }, fitted) {
    if (per === "record") return byRecord(form, by);
    if (fitted === null) throw new Error("nothing was concluded for normalise");
    const [channels, samples] = form.shape;
    if (per === "channel" && fitted.length !== channels) {
      throw refuseStep(
        "normalise",
        `has the scales of ${fitted.length} channels for records of ${channels}`,
        "give records of as many channels",
      );
    }
    return {
      form,
      records: 1,
      run: (values) =>
        values.map((value, at) => {
          const { offset, scale } = fitted[per === "channel" ? Math.floor(at / samples) : 0]!;
          return (value - offset) / scale;
        }),
    };
  },
});

const byRecord = (form: Form, by: By) => ({
  form,
  records: 1,
  run(values: Float32Array) {
    const spread = new Spread();
    spread.add(values);
    const { offset, scale } = scalingOf(spread, by);
    return values.map((value) => (value - offset) / scale);
  },
});

/** The standard deviation is that of all values, with divisor n, as numpy.std has it. */
function scalingOf({ count, least, most, mean, squares }: Spread, by: By): Scaling {
  if (least === most) return { offset: least, scale: 1 };
  if (by === "peak") return { offset: 0, scale: Math.max(Math.abs(least), Math.abs(most)) };
  if (by === "range") return { offset: least, scale: most - least };
  return { offset: mean, scale: Math.sqrt(squares / count) };
}

/** How values are spread, in double precision. */
class Spread {
  count = 0;
  least = Infinity;
  most = -Infinity;
  mean = 0;
  /** The sum of squared differences from the mean. */
  squares = 0;

  /** Adds values by their own mean, so that nothing cancels (Chan, Golub and LeVeque, 1979). */
  add(values: Float32Array): void {
    let sum = 0;
    for (const value of values) {
      if (value < this.least) this.least = value;
      if (value > this.most) this.most = value;
      sum += value;
    }
    const mean = sum / values.length, apart = mean - this.mean, count = this.count + values.length;
    let squares = 0;
    for (const value of values) squares += (value - mean) ** 2;
    this.squares += squares + apart * apart * this.count * (values.length / count);
    this.mean += apart * (values.length / count);
    this.count = count;
  }
}

/** Of each channel, or one of all. */
async function spreads({ shape: [channels, samples], blocks }: Pass, isByChannel: boolean): Promise<Spread[]> {
  const all = Array.from({ length: isByChannel ? channels : 1 }, () => new Spread());
  for await (const values of blocks()) {
    for (let at = 0; at < values.length; at += samples) {
      all[isByChannel ? (at / samples) % channels : 0]!.add(values.subarray(at, at + samples));
    }
  }
  return all;
}

/** Transforms: their YAML form and the way to and from the typed form. */
import { z } from "zod";
import { namesSchema } from "./fields.ts";
import type { Transform } from "./types.ts";

/** Of a shift. */
const places = () => z.int().min(0).max(65536);

/** One transform as YAML has it. */
export const transformSchema = z.union([
  namesSchema({
    log1p: "log(1 + x)",
    binarize: "1 where x is above 0, else 0",
    polarity: "while training, changes the sign of half of the rows, drawn anew in each epoch",
  }),
  z.strictObject({ library_size: z.number().gt(0).describe("the sum to which each row is scaled") })
    .meta({ examples: [{ library_size: 10000 }] }),
  z.strictObject({ scale: z.number().describe("factor by which values are multiplied") }).meta({
    examples: [{ scale: 0.1 }],
  }),
  z.strictObject({
    clip: z.tuple([z.number().max(0), z.number().min(0)]).describe("lowest and highest value; 0 must lie between them"),
  }).meta({ examples: [{ clip: [0, 10] }] }),
  z.strictObject({ binarize: z.number().min(0).describe("1 where x is above this, else 0") })
    .meta({ examples: [{ binarize: 0.5 }] }),
  z.strictObject({
    flip: z.enum(["horizontal", "vertical"]).describe(
      "while training, reverses half of the rows along their width or their height, drawn anew in each epoch",
    ),
  }).meta({ examples: [{ flip: "horizontal" }] }),
  z.strictObject({
    shift: z.union([places(), z.tuple([places(), places()])]).describe(
      "while training, moves each row by up to so many places, drawn anew in each epoch; one number, or one for height and one for width; " +
        "what lies beyond an edge has the value at the edge",
    ),
  }).meta({ examples: [{ shift: 2 }] }),
  z.strictObject({
    gain: z.tuple([z.number(), z.number()]).describe(
      "while training, multiplies each row by a number between these, drawn anew in each epoch",
    ),
  }).meta({ examples: [{ gain: [0.8, 1.25] }] }),
  z.strictObject({
    noise: z.number().min(0).describe(
      "while training, adds normal noise with this standard deviation, drawn anew in each epoch",
    ),
  }).meta({ examples: [{ noise: 0.05 }] }),
]).meta({ title: "transform", id: "transform" });

export type RawTransform = z.output<typeof transformSchema>;

export function toTransform(raw: RawTransform): Transform {
  if (raw === "log1p") return { kind: "log1p" };
  if (raw === "binarize") return { kind: "binarize", threshold: 0 };
  if (raw === "polarity") return { kind: "polarity" };
  if ("flip" in raw) return { kind: "flip", axis: raw.flip };
  if ("shift" in raw) {
    const [height, width] = typeof raw.shift === "number" ? [raw.shift, raw.shift] : raw.shift;
    return { kind: "shift", height, width };
  }
  if ("gain" in raw) return { kind: "gain", low: raw.gain[0], high: raw.gain[1] };
  if ("noise" in raw) return { kind: "noise", deviation: raw.noise };
  if ("library_size" in raw) return { kind: "library_size", target: raw.library_size };
  if ("scale" in raw) return { kind: "scale", factor: raw.scale };
  if ("clip" in raw) return { kind: "clip", min: raw.clip[0], max: raw.clip[1] };
  return { kind: "binarize", threshold: raw.binarize };
}

/** Whether a transform changes rows at random, which is done while training only. */
export const isRandom = ({ kind }: Transform): boolean => ["flip", "shift", "gain", "noise", "polarity"].includes(kind);

export function fromTransform(transform: Transform): z.input<typeof transformSchema> {
  switch (transform.kind) {
    case "library_size":
      return { library_size: transform.target };
    case "log1p":
      return "log1p";
    case "scale":
      return { scale: transform.factor };
    case "clip":
      return { clip: [transform.min, transform.max] };
    case "binarize":
      return { binarize: transform.threshold };
    case "flip":
      return { flip: transform.axis };
    case "shift":
      return { shift: [transform.height, transform.width] };
    case "gain":
      return { gain: [transform.low, transform.high] };
    case "noise":
      return { noise: transform.deviation };
    case "polarity":
      return "polarity";
  }
}

/** Transforms: their YAML form and the way to and from the typed form. */
import { z } from "zod";
import { namesSchema } from "./fields.ts";
import type { Transform } from "./types.ts";

/** One transform as YAML has it. */
export const transformSchema = z.union([
  namesSchema({ log1p: "log(1 + x)", binarize: "1 where x is above 0, else 0" }),
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
]).meta({ title: "transform", id: "transform" });

export type RawTransform = z.output<typeof transformSchema>;

export function toTransform(raw: RawTransform): Transform {
  if (raw === "log1p") return { kind: "log1p" };
  if (raw === "binarize") return { kind: "binarize", threshold: 0 };
  if ("library_size" in raw) return { kind: "library_size", target: raw.library_size };
  if ("scale" in raw) return { kind: "scale", factor: raw.scale };
  if ("clip" in raw) return { kind: "clip", min: raw.clip[0], max: raw.clip[1] };
  return { kind: "binarize", threshold: raw.binarize };
}

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
  }
}

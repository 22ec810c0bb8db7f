/** Layers that change rows in training only, by chance, and how much of it the config says. */
import { EngineError } from "../../ffi/error.ts";
import type { Model } from "../../ffi/model.ts";
import { everyLayer } from "../../ffi/model_types.ts";
import { kindNamed, LAYERS, valueField } from "../config/vocabulary.ts";
import { UserError } from "../errors.ts";
import { type NoiseKey, noiseOf } from "./command.ts";

export interface NoiseLayer {
  /** As its tensors would be named: `encoder.1`, and within a layer `encoder.1.layers.0`. */
  readonly layer: string;
  readonly kind: string;
  /** Of the config. */
  readonly amount: number;
  /** What it stays below; null where there is no bound. */
  readonly maximum: number | null;
}

/** Those of the encoder's and decoder's lists, and those within their layers. */
export function noiseLayers(model: Pick<Model, "layers">): NoiseLayer[] {
  return everyLayer(model.layers()).flatMap(({ name, kind, settings }) => {
    const about = kindNamed(LAYERS, kind), field = valueField(about);
    const amount = field && (settings as Readonly<Record<string, unknown>>)[field.name];
    if (about.noise !== true || typeof amount !== "number") return [];
    return [{ layer: name, kind, amount, maximum: field!.maximum ?? null }];
  });
}

export const noiseKey = ({ layer, kind }: Pick<NoiseLayer, "layer" | "kind">): NoiseKey =>
  `model.${layer}.${kind}` as NoiseKey;

/** How much noise each of them makes. @param set by layer, in the place of the config's values */
export const noiseAmounts = (all: readonly NoiseLayer[], set: Readonly<Record<string, number>> = {}): number[] =>
  all.map(({ layer, amount }) => set[layer] ?? amount);

/**
 * Gives a layer another amount from the next step on.
 * @param set by layer, what commands have set so far
 * @returns the same with the new value, and what there was before
 * @throws {UserError} where the network has no such layer, or the value is out of its bounds
 */
export function setNoise(
  model: Pick<Model, "layers" | "setNoise">,
  set: Readonly<Record<string, number>> = {},
  key: string,
  value: number,
): { readonly noise: Record<string, number>; readonly before: number } {
  const all = noiseLayers(model), found = all.find((each) => noiseKey(each) === key);
  if (found === undefined) {
    const { layer, kind } = noiseOf(key)!;
    const hint = all.length > 0 ? `it can be ${all.map(noiseKey).join(", ")}` : undefined;
    throw new UserError(key, `there is no layer ${layer} of the kind ${kind} that makes noise`, hint);
  }
  try {
    model.setNoise(found.layer, value);
  } catch (error) {
    if (!(error instanceof EngineError) || error.status !== "invalid_argument") throw error;
    throw new UserError(key, error.message.replace(/^amount: /, ""));
  }
  return { noise: { ...set, [found.layer]: value }, before: set[found.layer] ?? found.amount };
}

/** Errors of a network that the engine refuses, by the key of the config that is wrong. */
import { EngineError } from "../../ffi/error.ts";
import type { Layer, ModelConfig } from "../config/types.ts";
import { isLayers } from "../config/properties.ts";
import { kindNamed, LAYERS, valueField } from "../config/vocabulary.ts";
import { UserError } from "../errors.ts";

/** A network that cannot be made. `where` is a key of the config; `locate` of a loaded config knows where that stands. */
export class NetworkError extends UserError {}

/** The config's keys, by the first word of the engine's paths. */
const KEYS: Readonly<Record<string, string>> = {
  encoder: "model.encoder",
  decoder: "model.decoder",
  loss: "loss",
  optimizer: "optimizer",
  shape: "data.shape",
  gradient_clip: "training.gradient_clip",
  precision: "training.precision",
  threads: "runtime.threads",
};

/** `2.size` as the config has it, `2.linear`: the value of a layer stands beside its kind. */
function layerKeys(layers: readonly Layer[], [index, field, ...rest]: readonly string[]): string[] {
  if (index === undefined) return [];
  const layer = layers[Number(index)];
  if (layer === undefined || field === undefined) return [index, ...field === undefined ? [] : [field, ...rest]];
  const key = valueField(kindNamed(LAYERS, layer.kind))?.name === field ? layer.kind : field;
  const value = layer[field];
  return [index, key, ...isLayers(value) ? layerKeys(value, rest) : rest];
}

/**
 * An error of `Model.create` whose message begins with the path of a setting (`encoder.2.size: `, `loss.delta: `), as one
 * that names the config's key; any other error as it is.
 */
export function networkError(error: unknown, model: ModelConfig): unknown {
  if (!(error instanceof EngineError) || !["invalid_argument", "unsupported"].includes(error.status)) return error;
  const [, path, what] = /^([a-z_]+(?:\.\w+)*): (.+)$/s.exec(error.message) ?? [];
  if (path === undefined) return error;
  const [part = "", ...keys] = path.split(".");
  const section = KEYS[part];
  if (section === undefined) return error;
  const below = part === "encoder" || part === "decoder" ? layerKeys(model[part], keys) : keys;
  return new NetworkError([section, ...below].join("."), what!);
}

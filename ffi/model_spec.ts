/** A {@link ModelSpec} as the JSON text that the engine takes. */
import type { ModelSpec } from "./model_types.ts";
import { EngineError } from "./error.ts";
import { seedOf } from "./numbers.ts";

/** Refuses numbers that JSON does not have, by the path at which they are. @throws {EngineError} */
function requireFinite(value: unknown, path: string): void {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new EngineError("invalid_argument", `${path}: must be a finite number, got ${value}`);
  }
  if (typeof value !== "object" || value === null) return;
  for (const [key, below] of Object.entries(value)) requireFinite(below, path === "" ? key : `${path}.${key}`);
}

/** @throws {EngineError} `invalid_argument` on a seed that is no u64, or a number that is not finite */
export function specText(spec: ModelSpec): string {
  const json = {
    columns: spec.columns,
    shape: spec.shape,
    data: spec.dense ? "dense" : "sparse",
    seed: String(seedOf(spec.seed)),
    threads: spec.threads,
    encoder: spec.encoder,
    decoder: spec.decoder,
    loss: spec.loss,
    optimizer: spec.optimizer,
    gradient_clip: spec.gradientClip ?? 0,
    precision: spec.precision ?? "f32",
    training_rows: spec.trainingRows ?? 0,
    steps_per_epoch: spec.stepsPerEpoch ?? 0,
    categories: spec.categories ?? 0,
    hidden_only: spec.hiddenOnly ?? false,
    accelerators: spec.accelerators ?? true,
  };
  requireFinite(json, "");
  return JSON.stringify(json);
}

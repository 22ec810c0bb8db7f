/** The steps by name, and a list of them as one. */
import { nearest } from "../../config/nearest.ts";
import { UserError } from "../../errors.ts";
import { bandPass } from "./band_pass.ts";
import { blank } from "./blank.ts";
import { envelope } from "./envelope.ts";
import { logCompress } from "./log_compress.ts";
import { normalise } from "./normalise.ts";
import { removeDc } from "./remove_dc.ts";
import { decimate, resample } from "./resample.ts";
import type { Form, Prepared, Step } from "./step.ts";
import { timeGain } from "./time_gain.ts";
import { window } from "./window.ts";

export const STEPS: readonly Step[] = [
  removeDc,
  blank,
  bandPass,
  timeGain,
  envelope,
  logCompress,
  decimate,
  resample,
  normalise,
  window,
];

/** A step with its settings. */
export interface Chosen {
  readonly step: Step;
  readonly settings: unknown;
}

/**
 * A step as it is written in `data.steps`: a bare name, or a map whose first key is its kind, with a value or a map of settings
 * beside it.
 * @param where the key of the config, for messages
 * @throws {UserError}
 */
export function readStep(written: unknown, where: string): Chosen {
  const isMap = typeof written === "object" && written !== null && !Array.isArray(written);
  const [kind, value] = isMap ? Object.entries(written)[0] ?? [] : [written];
  const step = STEPS.find((each) => each.kind === kind);
  if (step === undefined) {
    const meant = typeof kind === "string" ? nearest(kind, STEPS.map((each) => each.kind)) : undefined;
    const hint = meant ? `did you mean ${meant}?` : `the steps are ${STEPS.map((each) => each.kind).join(", ")}`;
    throw new UserError(where, `${JSON.stringify(kind) ?? kind} is not a step`, hint);
  }
  if (isMap && Object.keys(written).length > 1) {
    throw new UserError(where, `${kind} has other keys beside it`, `write {${kind}: {...}} with its settings inside`);
  }
  const isSettings = value === undefined || value === null || (typeof value === "object" && !Array.isArray(value));
  if (!isSettings && step.short === undefined) {
    throw new UserError(where, `${kind} takes settings by name, got ${JSON.stringify(value)}`);
  }
  const parsed = step.settings.safeParse(isSettings ? value ?? {} : step.short!(value));
  if (parsed.success) return { step, settings: parsed.data };
  const [issue] = parsed.error.issues;
  throw new UserError([where, kind, ...issue!.path].join("."), issue!.message, `see docs/signals.md for ${kind}`);
}

/** Several steps, one behind the other. */
export function prepareSteps(steps: readonly Chosen[], form: Form): Prepared {
  const prepared: Prepared[] = [];
  for (const { step, settings } of steps) prepared.push(step.prepare(prepared.at(-1)?.form ?? form, settings));
  return {
    form: prepared.at(-1)?.form ?? form,
    records: prepared.reduce((product, { records }) => product * records, 1),
    run(values) {
      return prepared.reduce((records, step, i) => {
        const [channels, samples] = prepared[i - 1]?.form.shape ?? form.shape;
        const size = channels * samples;
        const parts = Array.from(
          { length: records.length / size },
          (_, k) => step.run(records.subarray(k * size, (k + 1) * size)),
        );
        if (parts.length === 1) return parts[0]!;
        const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
        parts.forEach((part, k) => all.set(part, k * part.length));
        return all;
      }, values);
    },
  };
}

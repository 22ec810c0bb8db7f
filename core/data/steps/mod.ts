/** The steps by name, and a list of them as one. */
import { bandPass } from "./band_pass.ts";
import { blank } from "./blank.ts";
import { channels } from "./channels.ts";
import { demodulate } from "./demodulate.ts";
import { envelope } from "./envelope.ts";
import { logCompress } from "./log_compress.ts";
import { normalise } from "./normalise.ts";
import { removeDc } from "./remove_dc.ts";
import { decimate, resample } from "./resample.ts";
import type { Form, Prepared, Step } from "./step.ts";
import { timeGain } from "./time_gain.ts";
import { tokens } from "./tokens.ts";
import { window } from "./window.ts";
import { type Chosen, readStep } from "./written.ts";

export const STEPS: readonly Step[] = [
  channels,
  removeDc,
  blank,
  bandPass,
  timeGain,
  envelope,
  demodulate,
  logCompress,
  decimate,
  resample,
  normalise,
  window,
  tokens,
];

/**
 * @param steps as `data.steps` lists them
 * @param kinds the names of all steps, for messages
 * @throws {UserError} where one is not known or has other settings
 */
export const readSteps = (
  steps: readonly unknown[],
  kinds: readonly string[] = STEPS.map(({ kind }) => kind),
): Chosen<Step>[] =>
  steps.map((step, at) => readStep(step, `data.steps.${at}`, STEPS, { kinds, page: "docs/signals.md" }));

/** Whether a step has to know something of all records before it can take the first one. */
export const concludes = ({ step, settings }: Chosen<Step>): boolean => step.conclusion?.isNeeded(settings) ?? false;

/** Several steps, one behind the other. @param fitted what each of them concluded */
export function prepareSteps(steps: readonly Chosen<Step>[], form: Form, fitted: readonly unknown[] = []): Prepared {
  const prepared: Prepared[] = [];
  for (const [at, { step, settings }] of steps.entries()) {
    prepared.push(step.prepare(prepared.at(-1)?.form ?? form, settings, fitted[at] ?? null));
  }
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

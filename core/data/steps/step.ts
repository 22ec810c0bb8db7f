/**
 * A step of the pipeline of signals: a pure function from a record to records. It is computed in double precision and gives
 * float32. Settings are in samples, seconds and Hz; what needs the rate is refused where none is known.
 */
import type { z } from "zod";
import { UserError } from "../../errors.ts";

/** What every record is like before or after a step. */
export interface Form {
  /** [channels, samples] */
  readonly shape: readonly [number, number];
  /** Samples a second of each channel, in Hz. */
  readonly rate?: number;
}

/** A step that is ready for records of one form. */
export interface Prepared {
  /** Of each record that it gives. */
  readonly form: Form;
  /** Records that it gives for each that it takes. */
  readonly records: number;
  /**
   * @param values of one record, of shape [channels, samples], which are left as they are
   * @returns the values of the records, one after another
   */
  run(values: Float32Array): Float32Array;
}

/** All records that a step concludes something from, as the steps before it leave them. */
export interface Pass {
  /** Of each record: [channels, samples]. */
  readonly shape: Form["shape"];
  /** Records, one after another, of finite values. From the beginning; may be called several times. */
  blocks(): AsyncIterable<Float32Array>;
}

/** What a step has to know of all records before it can take the first one. @template F as JSON */
export interface Conclusion<S = unknown, F = unknown> {
  /** Whether these settings ask for it. */
  isNeeded(settings: S): boolean;
  readonly schema: z.ZodType<F>;
  fit(settings: S, pass: Pass): Promise<F>;
  /** In words, for a note. */
  told(fitted: F): string;
}

/** @template S its settings @template F what it concluded from all records */
export interface Step<S = unknown, F = unknown> {
  /** Its name in `data.steps`. */
  readonly kind: string;
  /** What it does, in a sentence. */
  readonly about: string;
  readonly settings: z.ZodType<S>;
  /** The settings that a value beside the kind stands for, where it may be written so: `band_pass: [1.0e6, 8.0e6]`. */
  readonly short?: (value: unknown) => unknown;
  readonly conclusion?: Conclusion<S, F>;
  /**
   * @param fitted what was concluded; null where nothing is
   * @throws {UserError} where records of this form cannot be taken
   */
  prepare(form: Form, settings: S, fitted: F | null): Prepared;
}

/** A step whose settings are checked by its own schema. */
export const defineStep = <S, F = null>(step: Step<S, F>): Step => step as Step;

/** The error of a step that cannot take records of a form. */
export function refuseStep(kind: string, what: string, hint?: string): UserError {
  return new UserError(`data.steps: ${kind}`, what, hint);
}

/** The rate of records. @throws {UserError} where it is not known */
export function rateOf(kind: string, { rate }: Form): number {
  if (rate !== undefined) return rate;
  throw refuseStep(
    kind,
    "needs the rate of the signals, which the files do not say",
    "set data.reader.rate to their rate in Hz",
  );
}

/** A step that changes one channel after another and keeps its length. */
export function byChannel(form: Form, change: (channel: Float64Array) => ArrayLike<number>): Prepared {
  const [channels, samples] = form.shape;
  return {
    form,
    records: 1,
    run(values) {
      const out = new Float32Array(values.length);
      for (let channel = 0; channel < channels; channel++) {
        const from = channel * samples;
        out.set(change(Float64Array.from(values.subarray(from, from + samples))), from);
      }
      return out;
    },
  };
}

/** A length of time as a number of samples: as it is in samples, or from microseconds. */
export function samplesOf(kind: string, form: Form, samples: number | undefined, microseconds: number | undefined) {
  if ((samples === undefined) === (microseconds === undefined)) {
    throw refuseStep(kind, "takes a length in samples or in microseconds, one of the two");
  }
  return samples ?? Math.round(microseconds! * 1e-6 * rateOf(kind, form));
}

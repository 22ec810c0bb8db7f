import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { Fourier } from "../../../../core/data/steps/fourier.ts";
import { prepareSteps, readSteps, STEPS } from "../../../../core/data/steps/mod.ts";
import type { Form } from "../../../../core/data/steps/step.ts";
import { UserError } from "../../../../core/errors.ts";

interface Golden {
  readonly rate: number;
  readonly signal: readonly number[];
  readonly cases: readonly { readonly step: unknown; readonly values: readonly number[] }[];
}
const GOLDEN: Golden = JSON.parse(
  Deno.readTextFileSync(fromFileUrl(new URL("../../../golden/steps.json", import.meta.url))),
);
const SIGNAL = Float32Array.from(GOLDEN.signal);
const FORM: Form = { shape: [2, SIGNAL.length / 2], rate: GOLDEN.rate };
const prepare = (step: unknown, form: Form = FORM) => prepareSteps(readSteps([step]), form);
const run = (
  step: unknown,
  values: readonly number[],
  form: Form,
) => [...prepare(step, form).run(Float32Array.from(values))];
const refusal = (step: unknown, form: Form = FORM) => {
  const error = assertThrows(() => prepare(step, form), UserError);
  return error.message + (error.hint ? ` (${error.hint})` : "");
};

Deno.test("every step gives what SciPy gives", () => {
  const tried = new Set<string>();
  for (const { step, values } of GOLDEN.cases) {
    const before = SIGNAL.slice();
    const prepared = prepare(step);
    const out = prepared.run(SIGNAL);
    assertEquals(SIGNAL, before, "the record is left as it was");
    assertEquals([out.length, prepared.form.shape[0] * prepared.form.shape[1]], [values.length, values.length]);
    // Rounded to float32 at the end: of the largest value.
    const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    values.forEach((value, i) => assertAlmostEquals(out[i]!, value, 2e-7 * most, `${JSON.stringify(step)} at ${i}`));
    tried.add(typeof step === "string" ? step : Object.keys(step as object)[0]!);
  }
  // Windows need no SciPy.
  assertEquals([...tried, "window"].sort(), STEPS.map(({ kind }) => kind).sort());
});

Deno.test("transforms of any length are sums of rotations", () => {
  for (const length of [1, 2, 3, 4, 7, 8, 12, 97, 128]) {
    const values = Float64Array.from({ length: 2 * length }, (_, i) => Math.sin(i * i + 1));
    const fourier = new Fourier(length);
    const out = fourier.forward(values);
    for (let k = 0; k < length; k++) {
      let [re, im] = [0, 0];
      for (let n = 0; n < length; n++) {
        const angle = -2 * Math.PI * k * n / length;
        re += values[2 * n]! * Math.cos(angle) - values[2 * n + 1]! * Math.sin(angle);
        im += values[2 * n]! * Math.sin(angle) + values[2 * n + 1]! * Math.cos(angle);
      }
      assertAlmostEquals(out[2 * k]!, re, 1e-11 * length);
      assertAlmostEquals(out[2 * k + 1]!, im, 1e-11 * length);
    }
    fourier.inverse(out).forEach((value, i) => assertAlmostEquals(value, values[i]!, 1e-12 * length));
  }
});

Deno.test("the envelope of an even length counts half the rate once", () => {
  for (const samples of [6, 8]) {
    const values = Array.from({ length: samples }, (_, i) => i % 2 === 0 ? 1 : -1);
    for (const value of run("envelope", values, { shape: [1, samples] })) assertAlmostEquals(value, 1, 1e-6);
  }
});

Deno.test("windows are records of their own, channel by channel", () => {
  const form: Form = { shape: [2, 7], rate: 1e6 };
  const values = [0, 1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 16];
  assertEquals(run({ window: { length: 3, hop: 2 } }, values, form), [
    ...[0, 1, 2, 10, 11, 12],
    ...[2, 3, 4, 12, 13, 14],
    ...[4, 5, 6, 14, 15, 16],
  ]);
  assertEquals(run({ window: 3 }, values, form), [0, 1, 2, 10, 11, 12, 3, 4, 5, 13, 14, 15]);
  assertEquals(run({ window: { length: 5, last: "overlap" } }, values, form).slice(10), [
    2,
    3,
    4,
    5,
    6,
    12,
    13,
    14,
    15,
    16,
  ]);
  assertEquals(prepare({ window: { length_us: 2, hop_us: 1 } }, form).records, 6);
  assert(refusal({ window: 8 }, form).startsWith("data.steps: window: 8 samples are more than the 7 of a record"));
});

Deno.test("records that are constant or silent become 0, not a number", () => {
  const form: Form = { shape: [1, 4] };
  for (const by of ["deviation", "peak", "range"]) {
    assertEquals(run({ normalise: by }, [5, 5, 5, 5], form), [0, 0, 0, 0]);
  }
  assertEquals(run("log_compress", [0, 0, 0, 0], form), [0, 0, 0, 0]);
  assertEquals(run({ log_compress: { range: 40, reference: 10 } }, [100, 10, 0.05, 0], form), [1, 1, 0, 0]);
});

Deno.test("several steps are one, whatever the number of records", () => {
  const steps = ["remove_dc", { window: { length: 4, hop: 2 } }, { normalise: "peak" }, { decimate: 2 }];
  const chosen = readSteps(steps);
  const prepared = prepareSteps(chosen, { shape: [1, 8], rate: 100 });
  assertEquals([prepared.form, prepared.records], [{ shape: [1, 2], rate: 50 }, 3]);
  const values = Float32Array.from([1, 2, 3, 4, -1, -2, -3, -4]);
  const windows = prepare(steps[1], { shape: [1, 8] }).run(values);
  const expected = [0, 1, 2].flatMap((i) => {
    const peak = prepare(steps[2], { shape: [1, 4] }).run(windows.subarray(4 * i, 4 * i + 4));
    return [...prepare(steps[3], { shape: [1, 4] }).run(peak)];
  });
  assertEquals([...prepared.run(values)], expected);
  assertEquals([...prepareSteps([], { shape: [1, 8] }).run(values)], [...values]);
});

Deno.test("what a step cannot do is refused with what to set", () => {
  assert(refusal({ channels: [0, 2] }).includes("there is no channel 2 (the records have 2 channels, numbers 0 to 1)"));
  assert(refusal({ channels: [1, 1] }).includes("names a channel twice"));
  assert(refusal({ demodulate: 1e7 }).includes("must be below half the rate, 10000000 Hz"));
  assert(refusal({ demodulate: 5e6 }, { shape: [1, 100] }).includes("needs the rate"));
  assert(refusal({ band_pass: { high: 1e6, filter: "gaussian" } }).includes("needs a lower and an upper end"));
  assert(
    refusal({ band_pass: [1e6, 8e6] }, { shape: [1, 100] }).endsWith("(set data.reader.rate to their rate in Hz)"),
  );
  assert(refusal({ band_pass: [1e6, 10e6] }).includes("its upper end, 10000000 Hz, must be below half the rate"));
  assert(refusal({ band_pass: [5e6, 4e6] }).includes("its lower end, 5000000 Hz, must be below 4000000 Hz"));
  assert(refusal("band_pass").includes("has neither a lower nor an upper end"));
  assert(
    refusal({ band_pass: [1e6, 2e6] }, { shape: [1, 20], rate: 2e7 }).includes("records of 20 samples are too short"),
  );
  assert(refusal({ band_pass: { low: 1e6, filter: "fir", taps: 10 } }).includes("its 10 taps must be odd"));
  assert(refusal({ blank: 211 }).includes("211 samples are all of the 211 of a record"));
  assert(refusal({ resample: 7.123456e6 }).includes("have no ratio of whole numbers"));
  assertEquals(refusal("envelop"), 'data.steps.0: "envelop" is not a step (did you mean envelope?)');
  assert(refusal({ envelope: 3 }).startsWith("data.steps.0: envelope takes settings by name, got 3"));
  assert(refusal({ decimate: 1.5 }).startsWith("data.steps.0.decimate.factor: "));
  assert(refusal({ decimate: { factor: 2 }, more: 1 }).includes("decimate has other keys beside it"));
  assert(refusal({ normalise: "peek" }).startsWith("data.steps.0.normalise.by: "));
});

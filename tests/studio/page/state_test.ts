/** What the page keeps: its address, its curve of losses, numbers as they are written. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { addressText, DEFAULTS, parseAddress } from "../../../studio/page/address.ts";
import { Curve } from "../../../studio/page/curve.ts";
import { exactText, logTicks, secondsText, shortText, ticks } from "../../../studio/page/numbers.ts";

Deno.test("address: what is shown comes back from it, and the beginning needs none", () => {
  assertEquals(addressText(DEFAULTS), "");
  assertEquals(parseAddress(""), DEFAULTS);
  const shown = {
    ...{ row: 12, tab: "map", strongest: 0, axis: "seconds" as const, log: false, picture: true, parts: true },
    items: ["encoder.0:5", "encoder.0.weight@3.7"],
  };
  assertEquals(parseAddress(addressText(shown)), shown);
});

Deno.test("address: what cannot be shown is as at the beginning", () => {
  for (const hash of ["#row=-1", "#row=1.5", "#row=x", "#strongest=1e9", "#axis=years", "#tab=<b>", "#%%%"]) {
    assertEquals(parseAddress(hash), DEFAULTS, hash);
  }
  const many = Array.from({ length: 500 }, (_, i) => `item=encoder.0:${i}`).join("&");
  assertEquals(parseAddress(`#${many}`).items.length, 40);
});

Deno.test("curve: points stay bounded, and their means are those of all steps", () => {
  const curve = new Curve(64), losses = Array.from({ length: 5000 }, (_, i) => 1 / (1 + i));
  for (const [i, loss] of losses.entries()) curve.addSteps(i + 1, loss, i, 1);
  assert(curve.steps.length <= 64 && curve.steps.length > 16);
  const sum = curve.steps.reduce((total, { loss, count }) => total + loss * count, 0);
  assertAlmostEquals(sum, losses.reduce((total, loss) => total + loss, 0), 1e-9);
  assertEquals(curve.steps.reduce((total, { count }) => total + count, 0), 5000);
  assertEquals(curve.steps.at(-1)!.step, 5000);
});

Deno.test("curve: what is told twice counts once; an epoch that is told again takes the place of the first", () => {
  const curve = new Curve(64);
  curve.addSteps(10, 1, 1, 10);
  curve.addSteps(10, 1, 1, 10);
  assertEquals(curve.steps.length, 1);
  const epoch = { epoch: 1, step: 10, seconds: 1, train: 1, validation: null };
  curve.addEpoch(epoch);
  curve.addEpoch({ ...epoch, validation: 2 });
  assertEquals(curve.epochs.map(({ validation }) => validation), [2]);
});

Deno.test("numbers: the text of a 32-bit number gives its bits again, and is short where that is enough", () => {
  assertEquals(exactText(Math.fround(0.1)), "0.1");
  assertEquals(exactText(-2), "-2");
  let seed = 1;
  for (let i = 0; i < 5000; i++) {
    seed = Math.imul(seed, 1664525) + 1013904223;
    const value = new Float32Array(Int32Array.of(seed).buffer)[0]!;
    if (Number.isFinite(value)) assertEquals(Math.fround(Number(exactText(value))), value);
  }
});

Deno.test("numbers: ticks lie within their axis; durations have a unit that suits them", () => {
  assertEquals(ticks(0, 100, 4), [0, 50, 100]);
  assertEquals(logTicks(0.001, 10), [0.001, 0.01, 0.1, 1, 10]);
  for (const value of logTicks(0.021, 0.0231)) assert(value >= 0.021 && value <= 0.0231);
  assertEquals(logTicks(0.021, 0.0231).length > 1, true);
  assertEquals([0, 5e-5, 0.0213, 3, 600].map(secondsText), ["< 1 µs", "50.0 µs", "21.3 ms", "3.00 s", "10 min"]);
  assertEquals([shortText(-0.5), shortText(1234567), shortText(NaN)], ["−0.5", "1.23e+6", "not known"]);
});

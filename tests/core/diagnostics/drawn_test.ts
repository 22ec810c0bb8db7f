import { assertEquals } from "@std/assert";
import { reduced, standing } from "../../../core/diagnostics/b_scan.ts";
import { strongestOf } from "../../../core/diagnostics/stages.ts";

Deno.test("network: the strongest weights are those of the largest absolute value", () => {
  const values = Float32Array.from({ length: 5000 }, (_, i) => ((i * 7919) % 5000 - 2500) / 100);
  const wanted = [...values.keys()].sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!) || a - b).slice(0, 40);
  assertEquals(strongestOf(values, 40), wanted);
  assertEquals(strongestOf(values, 0), []);
  assertEquals(strongestOf(new Float32Array(9), 4), [], "a weight of 0 connects nothing");
});

Deno.test("b_scan: records stand as columns, and of long ones the samples furthest from the mean are kept", () => {
  assertEquals(standing([1, 2, 3, 4, 5, 6], 2), [1, 4, 2, 5, 3, 6]);
  assertEquals([...reduced(Float32Array.of(0, 1, 0, 0, -5, 0, 4), 3)], [1, -5, 4]);
  assertEquals([...reduced(Float32Array.of(3, 2), 1)], [3, 2]);
});

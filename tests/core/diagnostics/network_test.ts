import { assertEquals } from "@std/assert";
import { strongestOf } from "../../../core/diagnostics/network.ts";

Deno.test("network: the strongest weights are those of the largest absolute value", () => {
  const values = Float32Array.from({ length: 5000 }, (_, i) => ((i * 7919) % 5000 - 2500) / 100);
  const wanted = [...values.keys()].sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!) || a - b).slice(0, 40);
  assertEquals(strongestOf(values, 40), wanted);
  assertEquals(strongestOf(values, 0), []);
  assertEquals(strongestOf(new Float32Array(9), 4), [], "a weight of 0 connects nothing");
});

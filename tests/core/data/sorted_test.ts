/** Searches in rising numbers. */
import { assertEquals } from "@std/assert";
import { firstFrom, holds } from "../../../core/data/sorted.ts";

Deno.test("sorted: the first number from a value on is found as by looking at each", () => {
  for (let count = 0; count < 20; count++) {
    const sorted = Uint32Array.from({ length: count }, (_, i) => 3 * i + i % 2);
    for (let value = -2; value < 3 * count + 3; value++) {
      const first = sorted.findIndex((number) => number >= value);
      assertEquals(firstFrom(sorted, value), first < 0 ? count : first);
      assertEquals(holds(sorted, value), sorted.includes(value));
    }
  }
});

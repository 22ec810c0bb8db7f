import { assertEquals, assertThrows } from "@std/assert";
import { parse, stringify } from "@std/yaml";

Deno.test("YAML to data and back", () => {
  assertEquals(parse("a: 1\nb: [x, 1e-3, null, true, '1', .inf]\n"), {
    a: 1,
    b: ["x", 0.001, null, true, "1", Infinity],
  });
  assertEquals(parse(""), null);
  const data = { a: [1, { b: "yes", c: "3" }], d: null, e: "x: y", f: "line\nline\n" };
  assertEquals(parse(stringify(data)), data);
  assertEquals(stringify({ a: 1, b: [2] }), "a: 1\nb:\n  - 2\n");
});

Deno.test("text that is not YAML is a SyntaxError, data that YAML lacks a TypeError", () => {
  for (const text of ["a: [1", "a: 1\na: 2", "a: 'x", "\ta: 1", "a: 1\n---\nb: 2"]) {
    assertThrows(() => parse(text), SyntaxError);
  }
  assertThrows(() => stringify(undefined), TypeError);
});

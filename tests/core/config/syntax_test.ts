/** Slips of syntax: each is told at the place where it was made, with what to write. */
import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError, loadConfig } from "../../../core/config/mod.ts";

/** [text, place, what, hint] */
const CASES: readonly (readonly [string, string, string, string?])[] = [
  ["a: [1, 2\nb: 3", "1:4", "a list opened with [ is not closed with ]"],
  ["a: 1\nb: {c: [1, 2]\nd: 3", "2:4", "a map opened with { is not closed with }"],
  ["a: 'x\nb: 1\n", "1:4", "a quoted text is not closed"],
  ['a: "x\nb: 1\n', "1:4", "a quoted text is not closed"],
  ["a:\n\tb: 1", "2:1", "a tab is used for indentation", "indent with spaces"],
  ["a: b: c", "1:4", "a second key in one line", "check the indentation, or quote a text with a colon"],
  ["a:\n  - 1\n - 2", "3:1", "keys or items of one level must start in the same column"],
  ["a:\n  b: 1\n c: 2", "3:1", "keys or items of one level must start in the same column"],
  [
    "seed:3\nname: x",
    "1:1",
    "this must be a key followed by a colon and a value",
    "put a space after the colon: seed: 3",
  ],
  ["a: 1\nfoo\nb: 2", "2:1", "this must be a key followed by a colon and a value", "check colons and indentation"],
  ["a: 1\n---\nb: 1", "2:1", "a config is one YAML document, got a second one", "remove the line ---"],
  ["a: @x", "1:4", "a text without quotes cannot start with @", "put it in quotes"],
  ["a: %x", "1:4", "a text without quotes cannot start with %", "put it in quotes"],
  [
    'a: "C:\\data"',
    "1:7",
    "\\d means nothing within double quotes",
    "write \\\\ for a backslash, or use single quotes",
  ],
  ["a: {b: 1 c: 2}", "1:8", "a comma is missing within { }", "write {a: 1, b: 2}"],
  ["a: [1,,2]", "1:7", "got , where none can stand", "check indentation, brackets, quotes and commas"],
  ['{"a": 1\n "b": 2}', "1:8", "a comma is missing at the end of this line"],
  ['{"a": {"b": 1}\n "c": 2}', "2:2", "a comma is missing before this, or a colon after it"],
  ["a: ]", "1:4", "got ] where none can stand", "check indentation, brackets, quotes and commas"],
  ["a: [\n1\n]", "2:1", "the lines of a list or map in brackets must be indented further than its key"],
];

Deno.test("slips of syntax are told where they were made, with what to write", () => {
  for (const [text, place, what, hint] of CASES) {
    const { problems } = assertThrows(() => loadConfig({ text, file: "a.yaml" }), ConfigError);
    const expected = { where: `a.yaml:${place}`, what: `not valid YAML: ${what}`, ...(hint ? { hint } : {}) };
    assertEquals(problems[0], expected, text);
  }
});

Deno.test("a key that was misspelt is not told as missing as well", () => {
  const lines = (text: string) =>
    assertThrows(() => loadConfig({ text, file: "a.yaml" }), ConfigError).problems.map(({ what }) => what);
  const model = "model: {encoder: [{linear: 2}], decoder: [{linear: output}]}\n";
  assertEquals(lines(`data: {pth: x}\n${model}`), ["unknown key data.pth; did you mean data.path?"]);
  assertEquals(lines(`data: {path: x}\n${model.replace("model", "modle")}`), [
    "unknown key modle; did you mean model?",
  ]);
});

Deno.test("what YAML takes for something else is told with what was meant", () => {
  const first = (text: string) => assertThrows(() => loadConfig({ text, file: "a.yaml" }), ConfigError).problems[0]!;
  assertEquals(first("seed:3").hint, "put a space after the colon: seed: 3");
  const model = "model: {encoder: [{linear: 2}], decoder: [{linear: output}]}\n";
  assertEquals(first(`data:\n  path:chunks\n${model}`), {
    where: "a.yaml:2:3",
    what: 'data must be a map of keys, got "path:chunks"',
    hint: "put a space after the colon: path: chunks",
  });
  assertEquals(first("seed: 1\nseed: 2").hint, "line 1 sets it too: keep one of them");
});

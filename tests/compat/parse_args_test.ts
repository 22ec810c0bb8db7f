import { assertEquals } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";

const OPTIONS = {
  boolean: ["json", "quiet"],
  string: ["config", "override"],
  collect: ["override"],
  alias: { quiet: "q" },
} as const;

/** Parsed with OPTIONS, without what is at its default. */
function parse(...args: string[]): Record<string, unknown> {
  const entries = Object.entries(parseArgs(args, OPTIONS));
  return Object.fromEntries(
    entries.filter(([, value]) => value !== false && !(Array.isArray(value) && value.length === 0)),
  );
}

Deno.test("options that are not given: false, undefined, an empty list", () => {
  assertEquals(parseArgs([], OPTIONS), { _: [], json: false, quiet: false, q: false, override: [] });
});

Deno.test("values after a space or =, repeated, and what is left", () => {
  assertEquals(parse("--config", "a.yaml", "b"), { _: ["b"], config: "a.yaml" });
  assertEquals(parse("--config=a=b"), { config: "a=b" });
  assertEquals(parse("--config=a", "--config=b"), { config: "b" });
  assertEquals(parse("--override", "a=1", "--override=b=2"), { override: ["a=1", "b=2"] });
  assertEquals(parse("--config", "3", "4", "0x10", "1e3", "a1"), { config: "3", _: [4, 16, 1000, "a1"] });
  assertEquals(parse("a", "--", "--json", "5"), { _: ["a", "--json", "5"] });
});

Deno.test("a value after a space does not start with a dash", () => {
  assertEquals(parse("--config", "--json"), { config: "", json: true });
  assertEquals(parse("--config", "-1"), { config: "", _: [-1] });
  assertEquals(parse("--config=-1"), { config: "-1" });
});

Deno.test("flags", () => {
  assertEquals(parse("--json", "a"), { json: true, _: ["a"] });
  assertEquals(parse("--json=false"), {});
  assertEquals(parse("--json", "false", "a"), { _: ["a"] });
  assertEquals(parse("-q"), { quiet: true, q: true });
  assertEquals(parse("--no-json").json, undefined);
  assertEquals(
    parseArgs(["--no-json"], { boolean: ["json"], negatable: ["json"], default: { json: true } }).json,
    false,
  );
  assertEquals(parseArgs([], { boolean: ["json"], negatable: ["json"], default: { json: true } }).json, true);
});

Deno.test("what is not declared is typed by its looks and given to unknown", () => {
  assertEquals(parseArgs(["--a", "1", "--b=x", "-c", "-de", "--f", "-5"]), {
    _: [-5],
    a: 1,
    b: "x",
    c: true,
    d: true,
    e: true,
    f: true,
  });
  const seen: unknown[] = [];
  const result = parseArgs(["x", "--json", "--frob", "3", "--grob=y"], {
    ...OPTIONS,
    unknown: (...call) => {
      seen.push(call);
      return false;
    },
  });
  assertEquals(seen, [["x"], ["--frob", "frob", "3"], ["--grob=y", "grob", "y"]]);
  assertEquals(result, { _: [], json: true, quiet: false, q: false, override: [] });
});

Deno.test("declared names have types", () => {
  const { json, config, override, _: rest } = parseArgs(["a", "--override=b"], OPTIONS);
  const typed: [boolean, string | undefined, string[], (string | number)[]] = [json, config, override, rest];
  assertEquals(typed, [false, undefined, ["b"], ["a"]]);
  assertEquals(parseArgs(["07"], { string: ["_"] })._, ["07"]);
});

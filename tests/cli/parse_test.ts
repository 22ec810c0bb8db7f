/** Command lines against definitions: what is read, what is refused and with which words. */
import { assertEquals, assertThrows } from "@std/assert";
import { type Command, defineCommand } from "../../cli/command.ts";
import { helpOf } from "../../cli/help_text.ts";
import { meant, parseCommand } from "../../cli/parse.ts";
import { fromUser } from "../../core/paths.ts";
import { UserError } from "../../core/errors.ts";

const sample = defineCommand({
  name: "sample",
  does: "a command of this test",
  positional: ["config", "run"],
  options: {
    config: { type: "path", value: "F", help: "the config" },
    run: { type: "path", value: "D", many: true, help: "runs" },
    override: { type: "text", value: "A.B=V", many: true, help: "keys" },
    resume: { type: "path", value: "WHAT", values: ["auto"], bare: true, help: "go on" },
    split: { type: "choice", value: "S", values: ["train", "validation", "test", "all"], help: "which rows" },
    rows: { type: "whole", value: "N", least: 1, help: "how many" },
    quiet: { type: "flag", short: "q", help: "no words" },
  },
  run: () => 0,
});

/** What differs from an empty line. */
function read(...args: string[]): Record<string, unknown> {
  const values = parseCommand(sample, args)!;
  const empty = (value: unknown) =>
    value === undefined || value === false || Array.isArray(value) && value.length === 0;
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !empty(value)));
}

function refused(command: Command, args: readonly string[], message: string, hint?: string): void {
  const error = assertThrows(() => parseCommand(command, args), UserError);
  assertEquals([error.message, error.hint, error.exitCode], [message, hint ?? error.hint, 2]);
}

Deno.test("options are read by their types, and may be given without a name where the definition says so", () => {
  assertEquals(read(), {});
  assertEquals(parseCommand(sample, [])!.override, []);
  assertEquals(read("--config", "a.yaml", "--rows=3", "-q"), { config: fromUser("a.yaml"), rows: 3, quiet: true });
  assertEquals(read("a.yaml", "1", "2", "--split", "all"), {
    config: fromUser("a.yaml"),
    run: [fromUser("1"), fromUser("2")],
    split: "all",
  });
  assertEquals(read("--override", "a=1", "--override=b=-2"), { override: ["a=1", "b=-2"] });
  assertEquals([read("--resume"), read("--resume", "auto"), read("--resume=x")], [
    { resume: "" },
    { resume: "auto" },
    { resume: fromUser("x") },
  ]);
  assertEquals(parseCommand(sample, ["--frob", "--help"].slice(1)), null);
  assertEquals(parseCommand(sample, ["-h"]), null);
});

Deno.test("what a command does not take is refused with what was meant", () => {
  refused(sample, ["--confg", "a"], "--confg: sample has no such option", "did you mean --config?");
  refused(sample, ["--res"], "--res: sample has no such option", "did you mean --resume?");
  refused(sample, ["-x"], "-x: sample has no such option", "see: deno task sample --help");
  refused(
    sample,
    ["--split", "valid"],
    "--split: must be train, validation, test or all, got valid",
    "did you mean --split validation?",
  );
  refused(
    sample,
    ["--split=tset"],
    "--split: must be train, validation, test or all, got tset",
    "did you mean --split test?",
  );
  for (const text of ["0", "1.5", "many", "1e99"]) {
    refused(sample, [`--rows=${text}`], `--rows: must be a whole number of at least 1, got ${text}`);
  }
  for (const args of [["--config"], ["--config", "--quiet"], ["--config="], ["--override"]]) {
    refused(sample, args, `${args[0]!.replace("=", "")}: needs a value`);
  }
});

Deno.test("an option that can be given once is refused when it is given twice, by name or by place", () => {
  const twice = "--config: is given 2 times (a, b), but sample takes one";
  refused(sample, ["--config", "a", "--config", "b"], twice);
  refused(sample, ["b", "--config=a"], twice);
  refused(sample, ["--rows", "1", "--rows", "1"], "--rows: is given 2 times (1, 1), but sample takes one");
  refused(sample, ["--split", "all", "--split", "test"], "--split: is given 2 times (all, test), but sample takes one");
});

Deno.test("a stray argument is refused with the command's form, or with the option it was meant for", () => {
  const plain = defineCommand({ name: "plain", options: { override: sample.options.override! }, run: () => 0 });
  refused(plain, ["x"], "x: plain does not take this argument", "usage: deno task plain [options]");
  refused(plain, ["a.b=1"], "a.b=1: plain does not take this argument", "did you mean --override a.b=1?");
  const needy = defineCommand({
    name: "needy",
    positional: ["data"],
    options: { data: { type: "path", value: "DATA", required: true, help: "the data" } },
    run: () => 0,
  });
  refused(needy, [], "needy: DATA is missing: the data", "deno task needy DATA");
});

Deno.test("what was meant: the one name that begins so, else the nearest", () => {
  const names = ["train", "validation", "test", "all"];
  assertEquals([meant("valid", names), meant("VAL", names), meant("tets", names), meant("frob", names)], [
    "validation",
    "validation",
    "test",
    undefined,
  ]);
});

Deno.test("help is made from the definition", () => {
  assertEquals(helpOf(sample).split("\n"), [
    "sample: a command of this test",
    "",
    "usage: deno task sample [F] [D...] [options]",
    "",
    "  F, --config F     the config",
    "  D, --run D        runs",
    "  --override A.B=V  keys",
    "  --resume [WHAT]   go on",
    "  --split S         which rows: train, validation, test, all",
    "  --rows N          how many",
    "  -q, --quiet       no words",
    "  -h, --help        print this text",
  ]);
});

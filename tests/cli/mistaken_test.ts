/** A path of another kind than the option takes, and options that are keys of the config: the right form is said. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { defineCommand, SHARED } from "../../cli/command.ts";
import { parseCommand } from "../../cli/parse.ts";
import { UserError } from "../../core/errors.ts";
import { run, temporary } from "../helpers/cli.ts";

const trains = defineCommand({
  name: "sample",
  positional: ["config"],
  options: { config: SHARED.config, override: SHARED.override },
  run: () => 0,
});
const reads = defineCommand({
  name: "sample",
  positional: ["run"],
  options: { run: SHARED.run, checkpoint: SHARED.checkpoint },
  run: () => 0,
});
const compares = defineCommand({
  name: "sample",
  positional: ["run"],
  options: { run: { ...SHARED.run, many: true } },
  run: () => 0,
});

function place(): { path: string; at: (name: string) => string } & Disposable {
  const folder = temporary();
  const at = (name: string) => join(folder.path, name);
  Deno.mkdirSync(at("runs/a/checkpoints/step-000000005"), { recursive: true });
  Deno.mkdirSync(at("data"));
  for (
    const file of [
      "runs/a/config.yaml",
      "runs/a/environment.json",
      "runs/a/report.html",
      "runs/a/checkpoints/step-000000005/manifest.json",
      "runs/a/checkpoints/step-000000005/model.safetensors",
      "data/x.npz",
      "config.yaml",
      "mine.yaml",
      "notes.txt",
    ]
  ) Deno.writeTextFileSync(at(file), "");
  return { path: folder.path, at, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

function said(command: typeof trains, ...args: string[]): string {
  try {
    return JSON.stringify(parseCommand(command, args));
  } catch (error) {
    assert(error instanceof UserError);
    return `${error.message}; ${error.hint}`;
  }
}

Deno.test("where a config is wanted, a run, a checkpoint, data or a setting is named as what it is", () => {
  using folder = place();
  const { at } = folder;
  const cases: readonly [string, string, string][] = [
    ["runs/a", "is a run folder, not a config", `deno task train --resume ${at("runs/a")}`],
    ["runs/a", "is a run folder, not a config", `deno task train ${at("runs/a/config.yaml")}`],
    ["runs/a/checkpoints/step-000000005", "is a checkpoint, not a config", "deno task train --resume "],
    ["runs", "is a folder of runs, not a config", `deno task runs ${at("runs")}`],
    ["data", "is data, not a config", `deno task init ${at("data")}`],
    ["data/x.npz", "is data, not a config", `deno task init ${at("data/x.npz")}`],
  ];
  for (const [name, what, hint] of cases) {
    const text = said(trains, at(name));
    assertStringIncludes(text, `${at(name)}: ${what}`);
    assertStringIncludes(text, hint);
    assertEquals(said(trains, "--config", at(name)), text);
  }
  assertEquals(said(trains, "a.b=1"), "a.b=1: is not a config; did you mean --override a.b=1?");
  for (const name of ["mine.yaml", "config.yaml", "runs/a/config.yaml", "nowhere.yaml", "notes.txt"]) {
    assertStringIncludes(said(trains, at(name)), at(name) + '"');
  }
});

Deno.test("where a run is wanted, a checkpoint of it will do; a config, data and other files are named as what they are", () => {
  using folder = place();
  const { at } = folder;
  const checkpoint = at("runs/a/checkpoints/step-000000005");
  assertEquals(parseCommand(reads, [checkpoint]), { run: at("runs/a"), checkpoint });
  assertEquals(parseCommand(reads, [at("runs/a")]), { run: at("runs/a"), checkpoint: undefined });
  assertStringIncludes(said(reads, checkpoint, "--checkpoint", "best"), "is a checkpoint, too");
  assertStringIncludes(said(compares, at("runs/a"), checkpoint), `is a checkpoint; did you mean ${at("runs/a")}?`);
  const cases: readonly [string, string, string][] = [
    ["runs", "is a folder of runs, not a run folder", `deno task runs ${at("runs")} lists them`],
    ["runs/a/report.html", "is a file of a run, not a run folder", `did you mean ${at("runs/a")}?`],
    ["config.yaml", "is a config, not a run folder", "deno task runs lists"],
    ["data/x.npz", "is data, not a run folder", "deno task runs lists"],
  ];
  for (const [name, what, hint] of cases) {
    const text = said(reads, at(name));
    assertStringIncludes(text, what);
    assertStringIncludes(text, hint);
  }
});

Deno.test("an option that is a key of the config, a short letter, another tool's command, help as a word", async () => {
  const hints: readonly [string, string[], string][] = [
    ["train", ["--epochs", "3"], "did you mean --override training.epochs=VALUE?"],
    ["train", ["--lr=3"], "did you mean --override optimizer.learning_rate=VALUE?"],
    ["train", ["--batch-size", "3"], "did you mean --override data.batch_size=VALUE?"],
    ["train", ["-c", "a"], "did you mean --config?"],
    ["train", ["--frobnicate"], "cli/train.ts --help"],
    ["main", ["ls"], "cli/main.ts runs?"],
    ["main", ["resume"], "cli/main.ts train --resume?"],
    ["config", ["mine.yaml"], "did you mean deno run -A cli/config.ts check mine.yaml?"],
  ];
  for (const [script, args, hint] of hints) {
    const { code, stdout, stderr } = await run(script, args);
    assertEquals([code, stdout], [2, ""]);
    assertEquals(stderr.trimEnd().split("\n").length, 2);
    assertStringIncludes(stderr.split("\n")[1]!, hint);
  }
  const help = await run("embed", ["help"]);
  assertEquals([help.code, help.stderr], [0, ""]);
  assertStringIncludes(help.stdout, "usage: ");
});

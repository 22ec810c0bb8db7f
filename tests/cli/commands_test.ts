/** The table of commands against what follows from it, and against the definitions. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { COMMANDS, definitionOf, present } from "../../cli/commands.ts";
import type { Command } from "../../cli/command.ts";
import { helpOf } from "../../cli/help_text.ts";
import { withoutLinks, withTable, withTasks } from "../../scripts/write_commands.ts";
import { ROOT, run } from "../helpers/cli.ts";

const read = (name: string) => Deno.readTextFileSync(ROOT + name);

Deno.test("tasks and README's table are those of the table of commands", () => {
  const advice = "run: deno run -A scripts/write_commands.ts";
  const json = JSON.parse(read("deno.json"));
  assertEquals(JSON.stringify(json.tasks), JSON.stringify(withTasks(json).tasks), advice);
  assertEquals(JSON.parse(read("deno.jsr.json")), withoutLinks(json), advice);
  assertEquals(read("README.md"), withTable(read("README.md")), advice);
});

async function everyCommand(): Promise<Command[]> {
  const found = await Promise.all(Object.keys(COMMANDS).map((name) => definitionOf(name)));
  assertEquals(found.map(({ name }) => name), Object.keys(COMMANDS));
  return found.flatMap((each) => "commands" in each ? [...each.commands] : [each]);
}

Deno.test("every command is defined under its name, and its options are whole", async () => {
  const commands = await everyCommand();
  assert(commands.length >= 11);
  for (const command of commands) {
    for (const [name, option] of Object.entries(command.options)) {
      const where = `${command.name} --${name}`;
      assert(/^[a-z][a-z-]*$/.test(name) && name !== "help", where);
      assert(!/[.\n]$/.test(option.help) && option.help.length > 0, `${where}: ${option.help}`);
      assertEquals(option.value === undefined, option.type === "flag", where);
      if (option.type === "choice") assert((option.values ?? []).length > 1, where);
    }
    for (const name of command.positional) assert(command.options[name], `${command.name} ${name}`);
    assert(helpOf(command).split("\n").every((line) => line.length <= 100), command.name);
  }
});

Deno.test("every command explains itself in the form in which it was started", async (t) => {
  for (const name of Object.keys(COMMANDS)) {
    await t.step(name, async () => {
      const { code, stdout, stderr } = await run(name, ["--help"]);
      assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(stdout, `cli/${name}.ts`);
      assertStringIncludes(stdout, COMMANDS[name]!.does);
    });
  }
});

Deno.test("help lists every command with its options; near names of commands are told", async () => {
  const help = await run("main", []);
  assertEquals([help.code, help.stderr], [0, ""]);
  for (const name of Object.keys(COMMANDS)) assert(new RegExp(`^  ${name} `, "m").test(help.stdout), name);
  for (const option of ["--override", "--split", "--dry-run", "explain F [KEY]"]) {
    assertStringIncludes(help.stdout, option);
  }
  const one = await run("help", ["config", "explain"]);
  assertStringIncludes(one.stdout, "config.ts explain F [KEY]");
  assertEquals(
    (await run("main", ["train", "--help"])).stdout.split("\n")[2],
    "usage: deno run -A cli/main.ts train [F] [options]",
  );
  const wrong = await run("main", ["evalaute"]);
  assertEquals([wrong.code, wrong.stderr], [
    2,
    "narrows: evalaute: there is no such command\n  hint: did you mean deno run -A cli/main.ts evaluate?\n",
  ]);
  for (const args of [["help", "frob"], ["frob"]]) {
    const none = await run("main", args);
    assertEquals([none.code, none.stderr], [
      2,
      "narrows: frob: there is no such command\n  hint: see: deno run -A cli/main.ts help\n",
    ]);
  }
});

Deno.test("one binary has no command that needs the sources", () => {
  const names = present(true).map(([name]) => name);
  assert(names.includes("train") && !names.includes("build"));
  assert(present(false).some(([name]) => name === "build"));
});

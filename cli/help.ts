/** `help`: the commands, or the options of one. */
import { UserError } from "../core/errors.ts";
import { commandText } from "../core/runs/command.ts";
import { type Command, type CommandGroup, defineCommand } from "./command.ts";
import { definitionOf, present } from "./commands.ts";
import { helpOf, helpOfAll, helpOfGroup } from "./help_text.ts";
import { meant } from "./parse.ts";
import { runCommand } from "./run_command.ts";
import { print } from "../core/output.ts";

/** @throws {UserError} if there is no such command. */
export function commandNamed(name: string): Promise<Command | CommandGroup> {
  const names = present().map(([known]) => known);
  if (names.includes(name)) return definitionOf(name);
  const close = meant(name, names);
  throw new UserError(name, "no such command", close ? `did you mean ${close}?` : `see: ${commandText("help")}`);
}

const help = defineCommand({
  name: "help",
  positional: ["command"],
  options: {
    command: {
      type: "text",
      value: "COMMAND",
      values: present().map(([name]) => name),
      many: true,
      help: "the options of this command",
    },
  },
  async run({ command: [name, action] }) {
    if (name === undefined) return print(await helpOfAll()), 0;
    const found = await commandNamed(name);
    const inner = "commands" in found ? found.commands.find((each) => each.name === `${name} ${action}`) : undefined;
    print(inner ? helpOf(inner) : "commands" in found ? helpOfGroup(found) : helpOf(found));
    return 0;
  },
});

export default help;

if (import.meta.main) Deno.exit(await runCommand(help, Deno.args));

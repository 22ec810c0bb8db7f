/** `help`: lists the commands, or the options of one command. */
import { UserError } from "../core/errors.ts";
import { commandText } from "../core/runs/command.ts";
import { type Command, type CommandGroup, defineCommand } from "./command.ts";
import { definitionOf, present } from "./commands.ts";
import { helpOf, helpOfAll, helpOfGroup } from "./help_text.ts";
import { meant } from "./parse.ts";
import { runCommand } from "./run_command.ts";
import { print } from "../core/output.ts";

/** Names that other programs have for these commands. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  fit: ["train"],
  resume: ["train", "--resume"],
  continue: ["train", "--resume"],
  eval: ["evaluate"],
  test: ["evaluate"],
  score: ["evaluate"],
  encode: ["embed"],
  latent: ["embed"],
  predict: ["reconstruct"],
  decode: ["reconstruct"],
  compare: ["report"],
  plot: ["report"],
  ls: ["runs"],
  list: ["runs"],
  new: ["init"],
  create: ["init"],
  check: ["config check"],
  validate: ["config check"],
  explain: ["config explain"],
  schema: ["config schema"],
  version: ["doctor"],
};

/** @throws {UserError} if there is no such command. */
export function commandNamed(name: string): Promise<Command | CommandGroup> {
  const names = present().map(([known]) => known);
  if (names.includes(name)) return definitionOf(name);
  const close = meant(name, names);
  const [first, ...rest] = Object.hasOwn(ALIASES, name) ? ALIASES[name]! : close ? [close] : [];
  const hint = first === undefined ? `see: ${commandText("help")}` : `did you mean ${commandText(first, ...rest)}?`;
  throw new UserError(name, "there is no such command", hint);
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
      help: "the command whose options are listed",
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

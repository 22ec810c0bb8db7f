/** Runs a command: parses its arguments, prints help or errors, and returns the exit status. */
import { dataError } from "../core/data/source.ts";
import { UserError } from "../core/errors.ts";
import { commandText } from "../core/runs/command.ts";
import type { Command, CommandGroup } from "./command.ts";
import { helpOf, helpOfGroup } from "./help_text.ts";
import { either, helpHint, meant, parseCommand, UnknownOption } from "./parse.ts";
import { printError } from "./print.ts";
import { print, printedStatus } from "../core/output.ts";

/** The command of a group that the arguments name, and the other arguments; null if they ask for help. */
function chosen(group: CommandGroup, [word, ...rest]: readonly string[]): [Command, readonly string[]] | null {
  if (word === "--help" || word === "-h") return null;
  const words = group.commands.map(({ name }) => name.split(" ").at(-1)!);
  const found = word === undefined ? -1 : words.indexOf(word);
  if (found >= 0) return [group.commands[found]!, rest];
  if (word === undefined || word.startsWith("-")) {
    throw new UserError(group.name, `must be followed by ${either(words)}`, helpHint(group.name));
  }
  const close = meant(word, words);
  const isConfig = /\.(ya?ml|json)$/.test(word);
  const form = isConfig ? commandText(`${group.name} ${words[0]}`, word) : commandText(`${group.name} ${close}`);
  throw new UserError(
    group.name,
    `must be followed by ${either(words)}, got ${word}`,
    isConfig || close ? `did you mean ${form}?` : helpHint(group.name),
  );
}

/** The error of an unknown option, with a hint if a key of the config was probably meant. */
async function withKey(error: UserError, option: string): Promise<UserError> {
  const [{ nearestKey }, { knownPaths }] = await Promise.all([
    import("../core/config/nearest.ts"),
    import("../core/config/json_schema.ts"),
  ]);
  const name = option.replaceAll("-", "_");
  const key = nearestKey(name, knownPaths());
  return key === undefined ? error : new UserError(error.where, error.what, `did you mean --override ${key}=VALUE?`);
}

/** @returns the exit status. */
export async function runCommand(command: Command | CommandGroup, args: readonly string[]): Promise<number> {
  try {
    let one: Command, rest = args;
    if ("commands" in command) {
      const choice = chosen(command, args);
      if (!choice) return print(helpOfGroup(command)), 0;
      [one, rest] = choice;
    } else one = command;
    const isHelp = rest.length === 1 && rest[0] === "help" && one.name !== "help";
    const values = isHelp ? null : parseCommand(one, rest);
    if (values === null) return print(helpOf(one)), 0;
    const status = await one.run(values, rest);
    return one.leavesFiles ? status : printedStatus(status);
  } catch (error) {
    const told = dataError(error);
    return printError(told instanceof UnknownOption && told.key ? await withKey(told, told.key) : told);
  }
}

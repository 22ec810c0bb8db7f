/** What the shells' completion is made from: every command with its options, read from their definitions. */
import { type Command, HELP, type Option, type Options } from "../command.ts";
import { definitionOf, present } from "../commands.ts";
import { doesOf } from "../help_text.ts";

export interface CompletedCommand {
  /** One word, or two for a command within another. */
  readonly words: readonly string[];
  readonly does: string;
  readonly options: Options;
  /** The options that may be given without their name. */
  readonly places: readonly Option[];
}

export interface Completed {
  /** Every command's name and what it does. */
  readonly names: readonly (readonly [string, string])[];
  readonly commands: readonly CompletedCommand[];
}

const completed = (command: Command): CompletedCommand => ({
  words: command.name.split(" "),
  does: doesOf(command),
  options: { ...command.options, help: HELP },
  places: command.positional.map((name) => command.options[name]!),
});

export async function completionSpec(): Promise<Completed> {
  const entries = present();
  const found = await Promise.all(entries.map(([name]) => definitionOf(name)));
  return {
    names: entries.map(([name, { does }]) => [name, does]),
    commands: found.flatMap((each) => "commands" in each ? each.commands : [each]).map(completed),
  };
}

/** The words after `name` within a command of several, e.g. check, explain and schema; [] for one command. */
export function actionsOf(name: string, { commands }: Completed): CompletedCommand[] {
  return commands.filter(({ words }) => words[0] === name && words.length > 1);
}

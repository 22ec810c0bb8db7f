/** What the shells' completion is made from: every command with its options, read from their definitions. */
import { knownPaths } from "../../core/config/json_schema.ts";
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

/** Keys of the config as `--override` takes them: `training.epochs=`. */
function settings(): string[] {
  const paths = knownPaths();
  return paths.filter((path) => !paths.some((other) => other.startsWith(`${path}.`))).map((path) => `${path}=`);
}

/** Whether nothing follows a completed value at once but more of it. */
export const isOpen = ({ values = [] }: Option): boolean =>
  values.length > 0 && values.every((each) => each.endsWith("="));

function completed(command: Command): CompletedCommand {
  const { override } = command.options;
  const withKeys: Options = override ? { override: { ...override, values: settings() } } : {};
  return {
    words: command.name.split(" "),
    does: doesOf(command),
    options: { ...command.options, ...withKeys, help: HELP },
    places: command.positional.map((name) => command.options[name]!),
  };
}

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

/** The help texts, made from the commands' definitions. */
import { commandText } from "../core/runs/command.ts";
import { VERSION } from "../core/version.ts";
import { type Command, type CommandGroup, HELP, type Option } from "./command.ts";
import { COMMANDS, definitionOf, present } from "./commands.ts";

const WIDTH = 100;
/** Width of the options' names; after a longer name the text begins on the next line. */
const LEFT = 24;

export const doesOf = (command: Command): string => command.does ?? COMMANDS[command.name]?.does ?? "";

/** Breaks at spaces, so that no line is longer than `width`. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Pairs of texts in two columns, the second of which is wrapped. */
export function columns(rows: readonly (readonly [string, string])[]): string[] {
  const left = Math.min(LEFT, Math.max(...rows.map(([name]) => name.length)));
  return rows.flatMap(([name, text]) => {
    const [first = "", ...more] = wrap(text, WIDTH - left - 4);
    const indent = " ".repeat(left + 4);
    const head = name.length <= left ? [`  ${name.padEnd(left)}  ${first}`] : [`  ${name}`, indent + first];
    return [...head, ...more.map((line) => indent + line)].map((line) => line.trimEnd());
  });
}

const placeOf = ({ value = "", required, many }: Option) => {
  const shown = many ? `${value}...` : value;
  return required ? shown : `[${shown}]`;
};

/** `deno task train [F] [options]`, without the program's words: `train [F] [options]`. */
function usageWords(command: Command): string[] {
  const places = command.positional.map((name) => placeOf(command.options[name]!));
  return [command.name, ...places, ...Object.keys(command.options).length > places.length ? ["[options]"] : []];
}

/** The command's form, as the reader can type it. */
export function usageOf(command: Command): string {
  const [name, ...rest] = usageWords(command);
  return [commandText(name!), ...rest].join(" ");
}

function leftOf(name: string, option: Option, command: Command): string {
  const value = option.type === "flag" ? "" : option.bare ? ` [${option.value}]` : ` ${option.value}`;
  const short = option.short ? `-${option.short}, ` : "";
  const place = command.positional.includes(name) ? `${option.value}, ` : "";
  return `${place}${short}--${name}${value}`;
}

/** The help of an option, followed by its choices unless the help names them. */
function rightOf({ type, values = [], help }: Option): string {
  return type === "choice" && !values.every((value) => help.includes(value)) ? `${help}: ${values.join(", ")}` : help;
}

export function helpOf(command: Command): string {
  const rows = Object.entries({ ...command.options, help: HELP }).map(([name, option]) =>
    [leftOf(name, option, command), rightOf(option)] as const
  );
  const notes = (command.notes ?? []).flatMap((note) => ["", ...note.split("\n").flatMap((line) => wrap(line, WIDTH))]);
  return [`${command.name}: ${doesOf(command)}`, "", `usage: ${usageOf(command)}`, "", ...columns(rows), ...notes]
    .join("\n");
}

export function helpOfGroup(group: CommandGroup): string {
  const does = COMMANDS[group.name]?.does ?? "";
  return [`${group.name}: ${does}`, ...group.commands.map((command) => `\n${helpOf(command)}`)].join("\n");
}

/** A command in the list of all: what it does, and the names of its options. */
function listed(name: string, does: string, found: Command | CommandGroup): [string, string][] {
  if ("commands" in found) {
    return [[name, does], ...found.commands.map((command): [string, string] => ["", wordsOf(command)])];
  }
  return [[name, does], ["", wordsOf(found)]];
}

/** `[F] --override --json`; for a command within a group its second word comes first. */
function wordsOf(command: Command): string {
  const [, ...action] = command.name.split(" ");
  const places = command.positional.map((name) => placeOf(command.options[name]!));
  const options = Object.keys(command.options).filter((name) => !command.positional.includes(name));
  return [...action, ...places, ...options.map((name) => `--${name}`)].join(" ");
}

/** All commands with their options, as the reader can type them. */
export async function helpOfAll(): Promise<string> {
  const rows = await Promise.all(
    present().map(async ([name, { does }]) => listed(name, does, await definitionOf(name))),
  );
  return [
    `narrows ${VERSION}: train, inspect and report on autoencoders`,
    "",
    `usage: ${commandText("COMMAND")} [options]`,
    "",
    ...columns(rows.flat()),
    "",
    `For the meaning of the options: ${commandText("help")} COMMAND, or --help after a command.`,
  ].join("\n");
}

/** Reads the command line of every command according to its definition. */
import { parseArgs } from "@std/cli";
import { nearest } from "../core/config/nearest.ts";
import { UserError } from "../core/errors.ts";
import { commandText } from "../core/runs/command.ts";
import { type Command, HELP, type Option, type Options } from "./command.ts";
import { givenPath } from "./given_path.ts";
import { usageOf } from "./help_text.ts";
import { checkKind, requireFolderOf, runOfCheckpoint } from "./mistaken.ts";

type Value = boolean | string | number | undefined | readonly (string | number)[];

/** The name that was probably meant: the only one that begins with the word, or else the nearest one. */
export function meant(word: string, names: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const begun = names.filter((name) => lower.length >= 2 && name.toLowerCase().startsWith(lower));
  return begun.length === 1 ? begun[0] : nearest(word, names);
}

/** "train, validation or test" */
export function either(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

export const helpHint = (command: string): string => `see: ${commandText(command, "--help")}`;

/** An option that the command does not have. Perhaps a key of the config was meant. */
export class UnknownOption extends UserError {
  constructor(where: string, command: Command, hint: string | undefined) {
    super(where, `${command.name} has no such option`, hint ?? helpHint(command.name));
    this.key = hint === undefined && command.options.override && where.startsWith("--") ? where.slice(2) : null;
  }
  /** The option's name if a key of the config may have been meant. */
  readonly key: string | null;
}

function unknownOption(argument: string, key: string, command: Command, options: Options): never {
  const names = Object.keys(options);
  if (argument.startsWith("--")) {
    const close = meant(key, names);
    throw new UnknownOption(`--${key}`, command, close && `did you mean --${close}?`);
  }
  const close = names.find((name) => name.startsWith(key));
  throw new UnknownOption(`-${key}`, command, close && `did you mean --${close}?`);
}

function readOne(name: string, text: string, option: Option): string | number {
  switch (option.type) {
    case "whole": {
      const number = text.trim() === "" ? NaN : Number(text);
      const least = option.least ?? 0;
      if (Number.isSafeInteger(number) && number >= least) return number;
      throw new UserError(
        `--${name}`,
        `must be a whole number of at least ${least}, got ${text}`,
        `--${name} ${least}`,
      );
    }
    case "choice": {
      const values = option.values ?? [];
      if (values.includes(text)) return text;
      const close = meant(text, values);
      throw new UserError(
        `--${name}`,
        `must be ${either(values)}, got ${text}`,
        close ? `did you mean --${name} ${close}?` : undefined,
      );
    }
    case "path": {
      if (option.values?.includes(text)) return text;
      const path = givenPath(text);
      if (option.kind === "output") requireFolderOf(path, name);
      else if (option.kind) checkKind(path, option.kind);
      return path;
    }
    default:
      return text;
  }
}

/** Checks and reads what was typed for one option. */
function readOption(name: string, texts: readonly string[], option: Option, command: Command): Value {
  if (texts.includes("") && !option.bare) {
    throw new UserError(
      `--${name}`,
      "needs a value",
      `--${name} ${option.value}; a value that begins with - is written --${name}=-...`,
    );
  }
  if (texts.length > 1 && !option.many) {
    throw new UserError(
      `--${name}`,
      `is given ${texts.length} times (${texts.join(", ")}), but ${command.name} takes one`,
      `leave out all but one`,
    );
  }
  if (option.required && texts.length === 0) {
    throw new UserError(command.name, `${option.value} is missing: ${option.help}`, usageOf(command));
  }
  const values = texts.map((text) => option.bare && text === "" ? "" : readOne(name, text, option));
  return option.many ? values : values[0];
}

/** Whether an argument looks like `training.epochs=3` and the command has `--override`. */
function isSetting(argument: string, command: Command): boolean {
  return command.options.override !== undefined && /^\w+(\.\w+)*=/.test(argument);
}

/** Assigns arguments without an option's name to the options that take them. */
function placeArguments(command: Command, rest: readonly string[], given: Record<string, string[]>): void {
  let place = 0;
  for (const argument of rest) {
    const name = command.positional[place];
    if (name === undefined) {
      throw new UserError(
        argument,
        `${command.name} does not take this argument`,
        isSetting(argument, command) ? `did you mean --override ${argument}?` : `usage: ${usageOf(command)}`,
      );
    }
    if (command.options[name]!.kind === "config" && isSetting(argument, command)) {
      throw new UserError(argument, "is not a config", `did you mean --override ${argument}?`);
    }
    given[name] = [...given[name] ?? [], argument];
    if (!command.options[name]!.many) place++;
  }
}

/** If a checkpoint folder is given as the run, sets both the run and the checkpoint, for a command that takes both. */
function withCheckpoint(values: Record<string, Value>, command: Command): Record<string, Value> {
  for (const path of [values.run].flat()) {
    const both = command.options.run?.kind === "run" && typeof path === "string" ? runOfCheckpoint(path) : null;
    if (!both) continue;
    if (!command.options.checkpoint) throw new UserError(`${path}`, "is a checkpoint", `did you mean ${both.run}?`);
    if (values.checkpoint !== undefined) {
      throw new UserError("--checkpoint", `is given, but ${path} is a checkpoint, too`, "leave out one of them");
    }
    return { ...values, ...both };
  }
  return values;
}

/**
 * @returns the values of the command's options by name, or null if help was asked for
 * @throws {UserError} on an unknown option, a missing or wrong value, one given too often, or a stray argument
 */
export function parseCommand(command: Command, args: readonly string[]): Readonly<Record<string, Value>> | null {
  const options: Options = { ...command.options, help: HELP };
  const names = Object.keys(options);
  const flags = names.filter((name) => options[name]!.type === "flag");
  const others = names.filter((name) => !flags.includes(name));
  for (const argument of args.slice(0, args.includes("--") ? args.indexOf("--") : undefined)) {
    const [, flag, text] = /^--([^=]+)=(.*)$/s.exec(argument) ?? [];
    if (flag !== undefined && flags.includes(flag)) {
      throw new UserError(`--${flag}`, `takes no value, got ${text}`, `give --${flag}, or leave it out`);
    }
  }
  const parsed = parseArgs([...args], {
    string: [...others, "_"],
    boolean: flags,
    collect: others,
    alias: Object.fromEntries(names.flatMap((name) => options[name]!.short ? [[name, options[name]!.short]] : [])),
    unknown: (argument: string, key?: string) =>
      key === undefined ? true : unknownOption(argument, key, command, options),
  });
  if (parsed.help === true) return null;
  const given = Object.fromEntries(others.map((name) => [name, parsed[name] as string[]]));
  placeArguments(command, parsed._.map(String), given);
  const values = Object.fromEntries([
    ...others.map((name): [string, Value] => [name, readOption(name, given[name]!, options[name]!, command)]),
    ...flags.filter((name) => name !== "help").map((name): [string, Value] => [name, parsed[name] === true]),
  ]);
  return withCheckpoint(values, command);
}

/**
 * What a command is. It is defined once; its help, its parser and the shells' completion are made from the definition.
 */
import type { PathKind } from "./mistaken.ts";

/** One option. Its name is its key among the options of the command. */
export interface Option {
  /**
   * `flag`: given or not. `text`: any text. `path`: a file or folder, relative to the folder in which the user is. `whole`: a whole number.
   * `choice`: one of `values`.
   */
  readonly type: "flag" | "text" | "path" | "whole" | "choice";
  /** A phrase that says what the option does, with its default if it has one. */
  readonly help: string;
  /** What help calls the value, e.g. F; every type but `flag` has one. */
  readonly value?: string;
  /**
   * For a `choice`, the allowed values; for a `path`, words that are not paths; for a `text`, what completion offers.
   */
  readonly values?: readonly string[];
  /** Of a `path` what has to be there, where something of another kind would be a slip; of an `output` its folder. */
  readonly kind?: PathKind | "output";
  /** For a `whole`, the smallest allowed number; 0 by default. */
  readonly least?: number;
  /** The option may be given more than once, and its values are a list. */
  readonly many?: true;
  /** The value may be left out; then it is "". */
  readonly bare?: true;
  /** The option must be given. */
  readonly required?: true;
  /** A letter that can be typed instead of the name, e.g. -q. */
  readonly short?: string;
}

export type Options = Readonly<Record<string, Option>>;

type One<O extends Option> = O["type"] extends "flag" ? boolean
  : O["type"] extends "whole" ? number
  : O["type"] extends "choice" ? O["values"] extends readonly string[] ? O["values"][number] : string
  : string;

type ValueOf<O extends Option> = O extends { readonly many: true } ? readonly One<O>[]
  : O extends { readonly required: true } ? One<O>
  : O["type"] extends "flag" ? boolean
  : One<O> | undefined;

/** The values of a command's options. */
export type Values<O extends Options> = { readonly [Name in keyof O]: ValueOf<O[Name]> };

export interface Definition<O extends Options> {
  /** The name as it is typed: `train`, `config check`. */
  readonly name: string;
  /** What a command within a group does; for other commands the table of commands says it. */
  readonly does?: string;
  /**
   * Options that may be given without their name, in this order. If the last one is repeatable, it takes all further
   * values.
   */
  readonly positional?: readonly (keyof O & string)[];
  readonly options: O;
  /** The results are files, so the command does not fail if what it prints is lost. */
  readonly leavesFiles?: true;
  /** Paragraphs that follow the options in the help. */
  readonly notes?: readonly string[];
  /**
   * @param args the command line after the command's name, as it was typed
   * @returns the exit status. Errors are thrown.
   */
  run(values: Values<O>, args: readonly string[]): number | Promise<number>;
}

/** A command, without the types of its options. */
export interface Command extends Omit<Definition<Options>, "run" | "positional"> {
  readonly positional: readonly string[];
  // deno-lint-ignore no-explicit-any -- the values are those that its own options describe
  run(values: any, args: readonly string[]): number | Promise<number>;
}

/** Several commands under one name, such as `config check` and `config explain`. */
export interface CommandGroup {
  readonly name: string;
  readonly commands: readonly Command[];
}

/** The definitions loaded so far, by name. */
export const DEFINED = new Map<string, Command | CommandGroup>();

export function defineCommand<const O extends Options>(definition: Definition<O>): Command {
  const command = { ...definition, positional: definition.positional ?? [] };
  DEFINED.set(command.name, command);
  return command;
}

export function defineGroup(name: string, commands: readonly Command[]): CommandGroup {
  const group = { name, commands };
  DEFINED.set(name, group);
  return group;
}

/** Options that several commands share. */
export const SHARED = {
  config: { type: "path", kind: "config", value: "F", help: "the config" },
  override: {
    type: "text",
    value: "A.B=V",
    many: true,
    help: "set a key of the config to a YAML value, e.g. training.epochs=3; repeatable",
  },
  run: { type: "path", kind: "run", value: "D", help: "the run folder (default: the newest in runs/)" },
  checkpoint: {
    type: "path",
    value: "C",
    values: ["best", "latest"],
    help: "best (the default if the run keeps it), latest, or a checkpoint folder",
  },
  json: { type: "flag", help: "print one JSON object" },
  quiet: { type: "flag", short: "q", help: "print only errors" },
} as const satisfies Options;

/** An option of every command. */
export const HELP: Option = { type: "flag", short: "h", help: "print this text" };

/** What a command is: defined once, and its help, its parser and the shells' completion follow from the definition. */
import type { PathKind } from "./mistaken.ts";

/** One option. Its name is its key among the options of the command. */
export interface Option {
  /**
   * `flag`: given or not. `text`: any text. `path`: a file or folder, from where the user stands. `whole`: a whole number.
   * `choice`: one of `values`.
   */
  readonly type: "flag" | "text" | "path" | "whole" | "choice";
  /** One sentence or a part of one, with the default where there is one. */
  readonly help: string;
  /** What help calls the value, e.g. F; every type but `flag` has one. */
  readonly value?: string;
  /** Of a `choice` all that is allowed; of a `path` words that are no paths; of a `text` what completion offers. */
  readonly values?: readonly string[];
  /** Of a `path` what has to be there, where something of another kind would be a slip; of an `output` its folder. */
  readonly kind?: PathKind | "output";
  /** Of a `whole` the least number that is allowed; 0 by default. */
  readonly least?: number;
  /** May be given more than once: the values are a list. */
  readonly many?: true;
  /** The value may be left out, and is "" then. */
  readonly bare?: true;
  /** Has to be given. */
  readonly required?: true;
  /** A letter that stands for it. */
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
  /** As it is typed: `train`, `config check`. */
  readonly name: string;
  /** What it does, for a command within another; that of a command by itself stands in the table of commands. */
  readonly does?: string;
  /** Options that may be given without their name, in this order; a last one that may be repeated takes all the rest. */
  readonly positional?: readonly (keyof O & string)[];
  readonly options: O;
  /** What it makes lies in files: losing what it prints does not make it fail. */
  readonly leavesFiles?: true;
  /** Paragraphs of the help after the options. */
  readonly notes?: readonly string[];
  /**
   * @param args the command line after the command's name, as it was typed
   * @returns the exit status. Errors are thrown.
   */
  run(values: Values<O>, args: readonly string[]): number | Promise<number>;
}

/** A command whose options' types are known to itself only. */
export interface Command extends Omit<Definition<Options>, "run" | "positional"> {
  readonly positional: readonly string[];
  // deno-lint-ignore no-explicit-any -- the values are those that its own options describe
  run(values: any, args: readonly string[]): number | Promise<number>;
}

/** Several commands under one name, as `config check` and `config explain`. */
export interface CommandGroup {
  readonly name: string;
  readonly commands: readonly Command[];
}

/** The definitions that have been loaded, by name. */
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

/** Options that most commands share. */
export const SHARED = {
  config: { type: "path", kind: "config", value: "F", help: "the config" },
  override: {
    type: "text",
    value: "A.B=V",
    many: true,
    help: "set a key of the config, typed as YAML, e.g. training.epochs=3; repeatable",
  },
  run: { type: "path", kind: "run", value: "D", help: "the run folder (default: the newest in runs/)" },
  checkpoint: {
    type: "path",
    value: "C",
    values: ["best", "latest"],
    help: "best (the default where it is kept), latest or a checkpoint folder",
  },
  json: { type: "flag", help: "print one JSON object" },
  quiet: { type: "flag", short: "q", help: "print only errors" },
} as const satisfies Options;

/** Every command has it. */
export const HELP: Option = { type: "flag", short: "h", help: "print this text" };

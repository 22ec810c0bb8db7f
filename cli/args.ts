/** The command line of every command: known options only, with the nearest name for a wrong one. */
import { parseArgs } from "@std/cli";
import { nearest } from "../core/config/nearest.ts";
import { UserError } from "../core/errors.ts";

export interface CommandLine {
  /** Options given once, as text; "" for one without a value. */
  readonly text: Readonly<Record<string, string | undefined>>;
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly flags: Readonly<Record<string, boolean>>;
  readonly rest: readonly string[];
}

export interface CommandOptions {
  readonly text?: readonly string[];
  /** Options whose value may be left out. */
  readonly optional?: readonly string[];
  readonly lists?: readonly string[];
  readonly flags?: readonly string[];
  /** What the command takes besides options, e.g. ["F"]; none by default. */
  readonly rest?: number;
}

/** @throws {UserError} on an unknown option, a missing value or a stray argument. */
export function commandLine(command: string, args: readonly string[], options: CommandOptions): CommandLine {
  const text = options.text ?? [];
  const optional = options.optional ?? [];
  const lists = options.lists ?? [];
  const flags = [...options.flags ?? [], "help"];
  const known = [...text, ...optional, ...lists, ...flags];
  const parsed = parseArgs(args as string[], {
    string: [...text, ...optional, ...lists],
    boolean: flags,
    collect: lists,
    alias: { help: "h" },
    unknown: (argument: string, key?: string) => {
      if (key === undefined) return true;
      const close = nearest(key, known);
      throw new UserError(
        argument,
        `${command} has no such option`,
        close ? `did you mean --${close}?` : `see: narrows help`,
      );
    },
  });
  for (const name of [...text, ...lists]) {
    const values = lists.includes(name) ? parsed[name] as string[] : [parsed[name] as string | undefined];
    if (values.includes("")) throw new UserError(`--${name}`, "needs a value", `--${name} VALUE`);
  }
  const rest = parsed._.map(String);
  if (rest.length > (options.rest ?? 0)) {
    throw new UserError(rest[options.rest ?? 0]!, `${command} does not take this argument`, "see: narrows help");
  }
  return {
    text: Object.fromEntries([...text, ...optional].map((name) => [name, parsed[name] as string | undefined])),
    lists: Object.fromEntries(lists.map((name) => [name, parsed[name] as string[]])),
    flags: Object.fromEntries(flags.map((name) => [name, parsed[name] === true])),
    rest,
  };
}

/** A whole number from an option. */
export function wholeNumber(name: string, value: string | undefined, least: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isInteger(number) && number >= least) return number;
  throw new UserError(`--${name}`, `must be a whole number of at least ${least}, got ${value}`, `--${name} ${least}`);
}

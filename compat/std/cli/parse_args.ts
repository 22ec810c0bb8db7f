/** The part of @std/cli's parseArgs this project uses: boolean, string, collect, alias, default, unknown, `--`. */
export interface ParseOptions {
  boolean?: readonly string[];
  string?: readonly string[];
  collect?: readonly string[];
  alias?: Readonly<Record<string, string>>;
  default?: Readonly<Record<string, unknown>>;
  /** Called for what is not declared; false leaves it out. */
  unknown?: (argument: string, key?: string, value?: unknown) => unknown;
}

export type Args = Record<string, unknown> & { _: string[] };

/** `--key value`, `--key=value`, `--flag`, `--no-flag`, `-k value`; the rest, and all after `--`, goes to `_`. */
export function parseArgs(args: readonly string[], options: ParseOptions = {}): Args {
  const booleans = new Set(options.boolean);
  const strings = new Set(options.string);
  const collected = new Set(options.collect);
  const aliases = new Map<string, string>();
  for (const [name, alias] of Object.entries(options.alias ?? {})) aliases.set(alias, name);
  const result: Args = { _: [] };
  for (const name of booleans) result[name] = false;
  for (const name of collected) result[name] = [];
  Object.assign(result, structuredClone(options.default ?? {}));
  const put = (name: string, value: unknown) => {
    if (collected.has(name)) (result[name] as unknown[]).push(value);
    else result[name] = value;
  };
  for (let i = 0; i < args.length; i++) {
    const argument = args[i]!;
    if (argument === "--") {
      result._.push(...args.slice(i + 1));
      break;
    }
    const match = /^--?([^=-][^=]*)(?:=([\s\S]*))?$/.exec(argument);
    if (!match || /^-\d/.test(argument)) {
      if (options.unknown?.(argument) !== false) result._.push(argument);
      continue;
    }
    const raw = match[1]!;
    const name = aliases.get(raw) ?? raw;
    const inline = match[2];
    if (booleans.has(name)) put(name, inline === undefined ? true : inline !== "false");
    else if (name.startsWith("no-") && booleans.has(name.slice(3))) put(name.slice(3), false);
    else if (strings.has(name)) {
      if (inline !== undefined) put(name, inline);
      else if (i + 1 < args.length && !/^--?[a-zA-Z]/.test(args[i + 1]!)) put(name, args[++i]);
      else put(name, "");
    } else if (options.unknown?.(argument, name, inline ?? true) !== false) put(name, inline ?? true);
  }
  return result;
}

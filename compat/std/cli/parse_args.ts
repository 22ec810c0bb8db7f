/** The part of @std/cli's parseArgs this project uses. Left out: dotted keys, stopEarly, `--` as a result of its own. */

type Names<T extends string> = T | readonly T[];

export interface ParseOptions<
  Booleans extends string = string,
  Strings extends string = string,
  Collected extends string = string,
> {
  boolean?: Names<Booleans>;
  /** Never turned into a number; "_" for the arguments that are no options. */
  string?: Names<Strings>;
  /** Options that may be repeated: always an array. */
  collect?: Names<Collected>;
  /** Options that `--no-NAME` makes false. */
  negatable?: string | readonly string[];
  /** Other names; the result has them all. */
  alias?: Readonly<Record<string, string | readonly string[]>>;
  default?: Readonly<Record<string, unknown>>;
  /** Called for what is not declared, with key and value if it is an option; false leaves it out. */
  unknown?: (argument: string, key?: string, value?: unknown) => unknown;
}

/** Names known to the compiler have their type, all others are unknown. */
type Known<Booleans extends string, Strings extends string, Collected extends string> = string extends
  Booleans | Strings | Collected ? unknown
  :
    & { [Name in Exclude<Booleans, Collected>]: boolean }
    & { [Name in Exclude<Strings, Collected | "_">]?: string }
    & { [Name in Collected & Booleans]: boolean[] }
    & { [Name in Collected & Strings]: string[] };

export type Args<Booleans extends string = string, Strings extends string = string, Collected extends string = string> =
  & Record<string, unknown>
  & Known<Booleans, Strings, Collected>
  & { _: Array<string | number> };

function setOf(names: Names<string> | undefined): Set<string> {
  return new Set(typeof names === "string" ? [names] : names);
}

function numberOr(text: string): string | number {
  const isNumber = /^0x[0-9a-f]+$/i.test(text) || /^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/.test(text);
  return isNumber ? Number(text) : text;
}

/**
 * `--key value`, `--key=value`, `--flag`, `--flag=false`, `-k value`, `-abc` (three flags). The rest, and all after `--`,
 * goes to `_`, numbers as numbers. A value after a space does not start with "-": write `--key=-1`.
 */
export function parseArgs<
  const Booleans extends string = never,
  const Strings extends string = never,
  const Collected extends string = never,
>(
  args: readonly string[],
  options: ParseOptions<Booleans, Strings, Collected> = {},
): Args<Booleans, Strings, Collected> {
  const groups = new Map<string, string[]>();
  for (const [name, others] of Object.entries(options.alias ?? {})) {
    const group = [name, ...setOf(others)];
    for (const each of group) groups.set(each, group);
  }
  const namesOf = (name: string) => groups.get(name) ?? [name];
  const withAliases = (names: Names<string> | undefined) => new Set([...setOf(names)].flatMap(namesOf));
  const booleans = withAliases(options.boolean);
  const strings = withAliases(options.string);
  const collected = withAliases(options.collect);
  const negatable = withAliases(options.negatable);
  const result: Record<string, unknown> & { _: Array<string | number> } = { _: [] };
  const isDeclared = (name: string) => [booleans, strings, collected, groups].some((names) => names.has(name));

  const put = (name: string, value: unknown, argument: string) => {
    if (!isDeclared(name) && !negatable.has(name) && options.unknown?.(argument, name, value) === false) return;
    const typed = typeof value === "string" && !strings.has(name) ? numberOr(value) : value;
    for (const each of namesOf(name)) {
      if (collected.has(each)) result[each] = [...(result[each] as unknown[] | undefined) ?? [], typed];
      else result[each] = typed;
    }
  };
  const rest = (argument: string) => {
    if (options.unknown?.(argument) !== false) result._.push(strings.has("_") ? argument : numberOr(argument));
  };

  for (let i = 0; i < args.length; i++) {
    const argument = args[i]!;
    if (argument === "--") {
      result._.push(...args.slice(i + 1));
      break;
    }
    const match = /^(--?)([^=]+)(?:=([^]*))?$/.exec(argument);
    if (!match || /^-\d/.test(argument) || argument.startsWith("---")) {
      rest(argument);
      continue;
    }
    const [, dashes, text = "", inline] = match;
    const letters = dashes === "-" ? [...text] : [text];
    for (const name of letters.slice(0, -1)) put(name, strings.has(name) ? "" : true, argument);
    const name = letters.at(-1)!;
    const next = args[i + 1];
    if (inline !== undefined) put(name, booleans.has(name) ? inline !== "false" : inline, argument);
    else if (name.startsWith("no-") && negatable.has(name.slice(3))) put(name.slice(3), false, argument);
    else if (booleans.has(name)) {
      const isSpelt = next === "true" || next === "false";
      if (isSpelt) i++;
      put(name, isSpelt ? next === "true" : true, argument);
    } else if (next !== undefined && !next.startsWith("-")) {
      i++;
      put(name, next, argument);
    } else put(name, strings.has(name) ? "" : true, argument);
  }
  for (const [name, value] of Object.entries(options.default ?? {})) {
    for (const each of namesOf(name)) result[each] ??= value;
  }
  for (const name of collected) result[name] ??= [];
  for (const name of booleans) result[name] ??= false;
  return result as Args<Booleans, Strings, Collected>;
}

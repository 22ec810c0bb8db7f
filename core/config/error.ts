/** What is wrong with a config, as lines a user can act on. */
import { UserError } from "../errors.ts";
import { oneLine } from "./show.ts";

/** One wrong thing: where (file:line:column, or an override), what (key, expectation, value) and what to do. */
export interface Problem {
  readonly where: string;
  readonly what: string;
  readonly hint?: string;
}

/** Most problems that one {@link ConfigError} lists. */
export const MAX_PROBLEMS = 10;

/** A config that cannot be used. The message is the first problem; exit status 2. */
export class ConfigError extends UserError {
  override readonly name = "ConfigError";
  /** The first {@link MAX_PROBLEMS} problems, in the order of the files' lines. */
  readonly problems: readonly Problem[];
  /** Problems that were found but are not listed. */
  readonly unlisted: number;

  /** @param problems at least one */
  constructor(problems: readonly Problem[]) {
    const listed = problems.slice(0, MAX_PROBLEMS).map(tidy);
    const first = listed[0] ?? { where: "", what: "the config is wrong" };
    super(first.where, first.what, first.hint);
    this.problems = listed;
    this.unlisted = problems.length - listed.length;
  }
}

/** Keys and values may hold anything: one line each, of bounded length. */
function tidy({ where, what, hint }: Problem): Problem {
  const cut = (text: string) => {
    const line = oneLine(text);
    return line.length > 400 ? `${line.slice(0, 397)}...` : line;
  };
  return { where: cut(where), what: cut(what), ...(hint === undefined ? {} : { hint: cut(hint) }) };
}

/** Does something with each item, all of them also where some are wrong. @throws {ConfigError} with all problems */
export function forEach<T>(items: Iterable<T>, body: (item: T) => void): void {
  const problems: Problem[] = [];
  for (const item of items) {
    try {
      body(item);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

/** A {@link ConfigError} of one problem. */
export function problem(where: string, what: string, hint?: string): ConfigError {
  return new ConfigError([hint === undefined ? { where, what } : { where, what, hint }]);
}

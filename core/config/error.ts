/** What is wrong with a config, as lines a user can act on. */
import { UserError } from "../errors.ts";

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
    const first = problems[0] ?? { where: "", what: "the config is wrong" };
    super(first.where, first.what, first.hint);
    this.problems = problems.slice(0, MAX_PROBLEMS);
    this.unlisted = problems.length - this.problems.length;
  }
}

/** A {@link ConfigError} of one problem. */
export function problem(where: string, what: string, hint?: string): ConfigError {
  return new ConfigError([hint === undefined ? { where, what } : { where, what, hint }]);
}

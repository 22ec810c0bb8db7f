/** How every command ends: an error is printed as one line on stderr, with its exit status. */
import "./early.ts";
import { ConfigError } from "../core/config/error.ts";
import { oneLine } from "../core/config/show.ts";
import { systemError } from "../core/formats/io_error.ts";
import { UserError } from "../core/errors.ts";
import { tell } from "../core/output.ts";

/**
 * 0: done; 1: failed; 2: command line, config or data are wrong; 129, 130, 138, 140, 143: stopped by a signal after a
 * save.
 */
export type ExitStatus = 0 | 1 | 2 | 129 | 130 | 138 | 140 | 143;

function printLine(where: string, what: string, hint?: string): void {
  tell(`narrows: ${where ? `${oneLine(where)}: ` : ""}${oneLine(what)}`);
  if (hint) tell(`  hint: ${oneLine(hint)}`);
}

/**
 * Prints an error as `narrows: WHERE: WHAT`, with a second line if there is a hint. For a config it prints all problems. It
 * prints the stack only if NARROWS_DEBUG is set.
 * @returns the exit status: a {@link UserError}'s own, 1 for anything else
 */
export function printError(thrown: unknown): ExitStatus {
  const error = systemError(thrown) ?? thrown;
  const status = error instanceof UserError ? error.exitCode : 1;
  if (error instanceof ConfigError) {
    for (const { where, what, hint } of error.problems) printLine(where, what, hint);
    if (error.unlisted > 0) printLine("", `and ${error.unlisted} more`);
  } else if (error instanceof UserError) {
    printLine(error.where, error.what, error.hint);
  } else if (error instanceof Error) {
    const known = error.name === "EngineError" || Object.values(Deno.errors).some((kind) => error instanceof kind);
    const unexpected = `unexpected ${error.name}: ${error.message}`;
    if (known) printLine(error.name === "EngineError" ? "engine" : "", error.message);
    else printLine("", unexpected, "this is a defect of narrows; NARROWS_DEBUG=1 prints where it happened");
  } else {
    printLine("", `unexpected: ${String(error)}`);
  }
  if (Deno.env.get("NARROWS_DEBUG") && thrown instanceof Error) tell(thrown.stack ?? "");
  return status;
}

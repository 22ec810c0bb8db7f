/** How every command ends: its status, or one line on stderr and the status that the error stands for. */
import { UserError } from "../core/errors.ts";
import { EngineError } from "../ffi/error.ts";

/** Prints `narrows: WHERE: WHAT` and a hint line; a stack trace only with NARROWS_DEBUG. @returns the exit status. */
export function reportError(error: unknown): number {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`narrows: ${message}`);
  if (error instanceof UserError && error.hint) console.error(`  ${error.hint}`);
  if (Deno.env.get("NARROWS_DEBUG") && error instanceof Error) console.error(error.stack);
  else if (!(error instanceof UserError || error instanceof EngineError)) {
    console.error("  set NARROWS_DEBUG=1 to see where this comes from");
  }
  return error instanceof UserError ? error.exitCode : 1;
}

/** Runs a command on this process's arguments and ends the process. */
export async function runAndExit(command: (args: readonly string[]) => Promise<number>): Promise<never> {
  let status: number;
  try {
    status = await command(Deno.args);
  } catch (error) {
    status = reportError(error);
  }
  Deno.exit(status);
}

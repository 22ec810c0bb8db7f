/** Failed calls of the system as errors that name the path, what failed and the system's reason. */
import { UserError } from "../errors.ts";

/** The system's words for an I/O error, without its number and path: "No space left on device". */
export function systemReason(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.replace(/ \(os error \d+\).*$/s, "");
}

const FULL = "free some space; what was saved before is intact";
/** Advice for some of the system's error numbers: EMFILE, EFBIG, ENOSPC, and EDQUOT of macOS and Linux. */
const HINTS: Readonly<Record<string, string>> = {
  24: "the number of open files is limited here (ulimit -n)",
  27: "the size of files is limited here (ulimit -f); what was saved before is intact",
  28: FULL,
  69: Deno.build.os === "darwin" ? FULL : "",
  122: FULL,
};

/** The system's number of an error; "" where it has none. */
function errorNumber(cause: unknown): string {
  return cause instanceof Error ? / \(os error (\d+)\)/.exec(cause.message)?.[1] ?? "" : "";
}

function hintOf(cause: unknown): string | undefined {
  return HINTS[errorNumber(cause)] || undefined;
}

/** Whether a call failed because of the machine (EIO, ENFILE, or one of {@link HINTS}), and not because of its path. */
export function isMachineFailure(cause: unknown): boolean {
  const number = errorNumber(cause);
  return number === "5" || number === "23" || Object.hasOwn(HINTS, number);
}

/**
 * What Deno says of a failed call: `Permission denied (os error 13): mkdir '/a/b'`, without the call for an open file.
 */
const SYSTEM_ERROR = /^([^\n]*?) \(os error \d+\)(?:: (\w+) '([^]*?)'(?: -> '[^]*')?)?$/;

/** What calls do, where their names are no words. */
const CALLS: Readonly<Record<string, string>> = {
  readfile: "read",
  writefile: "write",
  readdir: "list the folder",
  mkdir: "create the folder",
  stat: "look at it",
  lstat: "look at it",
};

/**
 * A failed call of the system that nothing has given a name to, as a UserError of exit status 1; null for other errors.
 */
export function systemError(error: unknown): UserError | null {
  const found = error instanceof Error ? SYSTEM_ERROR.exec(error.message) : null;
  if (!found) return null;
  const [, reason, call = "", path = ""] = found;
  return new UserError(path, `cannot ${CALLS[call] ?? (call || "use a file")} (${reason})`, hintOf(error), 1);
}

/** A UserError of exit status 1 for a failed I/O call. A UserError comes back as it is. */
export function ioError(path: string, action: string, cause: unknown): UserError {
  if (cause instanceof UserError) return cause;
  return new UserError(path, `cannot ${action} (${systemReason(cause)})`, hintOf(cause), 1);
}

/** Does what may fail; a failure names the path and the action. @throws {UserError} */
export async function attempt<T>(path: string, action: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    throw ioError(path, action, cause);
  }
}

/** Whether there is a regular file, or a link to one, at a path. @throws {UserError} where that cannot be told */
export function isRegular(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (cause) {
    throw ioError(path, "read it", cause);
  }
}

/** Whether an error says that nothing is at a path. A path through a file leads nowhere. */
export function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

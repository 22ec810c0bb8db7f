/** Programs of the user's that a config names: how they are started, what takes what they print, and how they have ended. */
import { fromFileUrl } from "@std/path";

/** The beginning of a shell's script: all that is printed goes into the log, which is the script's first argument. */
export const INTO_LOG = 'exec >> "$1" 2>&1\n';

/** The words that start a file of this program in a Deno of its own, without a project's settings. */
export function denoWords(main: URL, ...args: readonly string[]): string[] {
  const flags = ["--quiet", "--no-config", "--no-lock", "--node-modules-dir=none"];
  return [Deno.execPath(), "run", "-A", ...flags, fromFileUrl(main), ...args];
}

/** Ends a process that was started detached, and what it has started. */
export function endGroup(pid: number): void {
  try {
    Deno.kill(-pid, "SIGKILL");
  } catch { /* they have ended */ }
}

export const statusText = ({ code, signal }: Deno.CommandStatus) => signal === null ? `status ${code}` : signal;

/**
 * Reads which signals the process ignores, before anything else. The entry points import it first, because about half a second
 * after its start Deno replaces the inherited handlers of signals by its own.
 */

/** Whether /proc says that the process ignores SIGHUP; false if there is no /proc. */
function ignoresHangup(): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & 1n) === 1n;
  } catch {
    return false;
  }
}

/**
 * Whether there are other signs of nohup, for the case that SIGHUP is no longer ignored because a parent such as `deno task`
 * or a slow start has put Deno's handlers in place. A shell names the command that it started in the variable `_`, and GNU
 * nohup replaces a terminal as standard input by a /dev/null that can only be written.
 */
function hasTraceOfNohup(): boolean {
  try {
    if (/(^|\/)nohup$/.test(Deno.env.get("_") ?? "")) return true;
    const flags = /^flags:\s*([0-7]+)$/m.exec(Deno.readTextFileSync("/proc/self/fdinfo/0"))?.[1];
    const writeOnly = flags !== undefined && (parseInt(flags, 8) & 3) === 1;
    return writeOnly && Deno.readLinkSync("/proc/self/fd/0") === "/dev/null";
  } catch {
    return false;
  }
}

/** Whether the program was started with SIGHUP ignored, as nohup does; then it stays ignored. */
export const HANGUP_IGNORED = Deno.build.os !== "windows" && (ignoresHangup() || hasTraceOfNohup());

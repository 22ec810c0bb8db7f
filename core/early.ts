/**
 * What must be looked at before anything else in a process. The entry points import it first: about half a second after its
 * start Deno puts handlers of its own in place of what the process has inherited.
 */

/** Whether /proc tells that the process ignores SIGHUP; false where there is no /proc. */
function ignoresHangup(): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & 1n) === 1n;
  } catch {
    return false;
  }
}

/**
 * Whether what nohup leaves behind is there, for where SIGHUP is not ignored any more: a parent such as `deno task` has put
 * Deno's handlers in place, or this start was so slow that they came first. A shell names the command it started in `_`; and
 * where GNU nohup took standard input away from a terminal, there is a /dev/null that can be written only.
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

/** Whether the program was started with SIGHUP ignored, as nohup does: then it stays ignored. */
export const HANGUP_IGNORED = Deno.build.os !== "windows" && (ignoresHangup() || hasTraceOfNohup());

/** What a command does before anything else: imported first by the modules that start as programs. */
import { HANGUP_IGNORED } from "../core/early.ts";

if (Deno.build.os !== "windows") {
  const nothing = () => {};
  // A signal with a listener does not get the action that Deno's own handler has for it.
  if (HANGUP_IGNORED) Deno.addSignalListener("SIGHUP", nothing);
  // A write beyond the limit on the size of a file then fails, with the file's name, and does not end the process.
  Deno.addSignalListener("SIGXFSZ", nothing);
}

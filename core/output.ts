/**
 * Prints everything that the program prints, line by line. The program continues when its output cannot be written because
 * of a full disk, a closed pipe or a closed terminal.
 */
import { systemReason } from "./formats/io_error.ts";
import { shortened, visible } from "./visible.ts";

const encoder = new TextEncoder();

/** Why standard output cannot be written any more; null while it can. */
let lost: string | null = null;

/** @throws the system's error. A pipe that is full at the moment is tried again, in the order of the lines. */
function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = encoder.encode(text);
  for (let done = 0; done < bytes.length;) {
    try {
      done += stream.writeSync(bytes.subarray(done));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/**
 * Prints text and a line end on standard output. After a failure nothing more is written, so that no part is missing
 * in between.
 */
export function print(text: string): void {
  if (lost !== null) return;
  try {
    write(Deno.stdout, `${visible(text)}\n`);
  } catch (error) {
    // A reader that closes the pipe, such as `head`, needs no more output.
    lost = error instanceof Deno.errors.BrokenPipe ? "" : systemReason(error);
    if (lost) tell(`narrows: standard output: cannot write (${lost}); what is printed from here on is lost`);
  }
}

/** Prints text and a line end on standard error, if it can be written. */
export function tell(text: string): void {
  tellPart(`${visible(text).split("\n").map(shortened).join("\n")}\n`);
}

/** Prints text without a line end, for a line that is drawn repeatedly. */
export function tellPart(text: string): void {
  try {
    write(Deno.stderr, text);
  } catch { /* nobody is there to be told */ }
}

/** The exit status of a command whose result is what it prints: 1 if the output was lost. */
export function printedStatus(status: number): number {
  return status === 0 && lost ? 1 : status;
}

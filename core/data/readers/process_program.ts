/** The program of a process in which sources are read. */

/** The word behind which the compiled program is such a process. */
export const READER_WORD = "--reader-process";

/** What a compiled program is called with to become such a process; null where it is none of ours, or no compiled one. */
let compiled: readonly string[] | null = null;

/** Said by the compiled program, whose entry point knows {@link READER_WORD}. */
export function setCompiledReader(words: readonly string[]): void {
  compiled = words;
}

/** The words that start such a process; null where none may be started. */
export function readerProgram(): readonly string[] | null {
  const deno = Deno.execPath();
  if (Deno.permissions.querySync({ name: "run", command: deno }).state !== "granted") return null;
  if (Deno.build.standalone) return compiled;
  return [deno, "run", "-A", "--quiet", new URL("./process_main.ts", import.meta.url).href];
}

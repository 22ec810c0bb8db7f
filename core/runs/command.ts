/** The program's commands as a user types them. */

/** A word for a shell, quoted where it has to be. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A command of this program: as one binary it is called narrows, in its repository `deno task` runs it. */
export function commandText(...words: readonly string[]): string {
  return [Deno.build.standalone ? "narrows" : "deno task", ...words.map(shellWord)].join(" ");
}

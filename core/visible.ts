/** Makes text of any origin safe to print. */

/**
 * Replaces characters that control a terminal, change the direction of writing or are invisible, except line ends and tabs, by
 * `\u` and four hex digits. JSON keeps its meaning.
 */
export function visible(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex
    /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A text without line ends and tabs, such as names in a damaged file have. */
export const unbroken = (text: string): string => text.replace(/[\t\n\v\f\r\x85\u2028\u2029]+/g, " ");

const LONGEST = 2000;

/** Shortens a long line to its start, its end and its length. */
export function shortened(line: string): string {
  if (line.length <= LONGEST) return line;
  return `${line.slice(0, LONGEST / 2)} ... (${line.length} characters) ... ${line.slice(-LONGEST / 4)}`;
}

/** Text of any origin, made fit to be looked at. */

/**
 * Characters that drive a terminal, turn the direction of writing or are not to be seen, but for the line end and the tab, as
 * `\u` and four hex digits; so JSON stays the same JSON.
 */
export function visible(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex
    /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const LONGEST = 2000;

/** A line of any length with its start, its end and how much there is. */
export function shortened(line: string): string {
  if (line.length <= LONGEST) return line;
  return `${line.slice(0, LONGEST / 2)} ... (${line.length} characters) ... ${line.slice(-LONGEST / 4)}`;
}

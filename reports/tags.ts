/** The letters, colours and dashes that distinguish runs. */
import { count } from "./format.ts";
import { type Html, markup, raw } from "./html.ts";
import { SERIES_COLORS, seriesColor } from "./theme.ts";

const DASHES = [null, "6,3", "2,3"] as const;

/** A, B, ..., Z, AA, ... */
export function tagOf(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : tagOf(Math.floor(index / 26) - 1) + letter;
}

export function strokeOf(index: number): { stroke: string; dash: string | null } {
  return { stroke: seriesColor(index), dash: DASHES[Math.floor(index / SERIES_COLORS) % DASHES.length]! };
}

export function tagMark(index: number): Html {
  const { stroke, dash } = strokeOf(index);
  const line = `<svg class="key" viewBox="0 0 14 14" aria-hidden="true"><path d="M0,7h14" stroke="${stroke}" ` +
    `stroke-width="3"${dash ? ` stroke-dasharray="${dash}"` : ""}/></svg>`;
  return markup`<span class="tag">${raw(line)}<b>${tagOf(index)}</b></span>`;
}

/** More runs than this are not all named in a sentence. */
const NAMED = 10;

/** "run A", "runs A, B and C", "90 runs from A to CL". */
export function tagsText(indices: readonly number[]): string {
  const tags = indices.map(tagOf);
  if (tags.length > NAMED) return `${count(tags.length)} runs from ${tags[0]} to ${tags.at(-1)}`;
  if (tags.length === 1) return `run ${tags[0]}`;
  return `runs ${tags.slice(0, -1).join(", ")} and ${tags.at(-1)}`;
}

/** The columns that a user chooses by number, range or name. */
import { countText } from "../core/figures.ts";
import { nearest } from "../core/config/nearest.ts";
import { UserError } from "../core/errors.ts";

const FORM = "--columns 0-9,42,CD3D";

function position(text: string, columns: number): number {
  const number = Number(text);
  if (number < columns) return number;
  throw new UserError(
    "--columns",
    `there is no column ${text}: the data have ${countText(columns)} columns`,
    "the first column is 0",
  );
}

function named(text: string, names: readonly string[] | null): number {
  if (names === null) {
    throw new UserError(
      "--columns",
      `${text} is not a number or range, and the columns of this run have no names`,
      `${FORM}; data.column_names gives the names`,
    );
  }
  const at = names.indexOf(text);
  if (at < 0) {
    const [, first = "", last = ""] = /^(.+?)(?:-|:|\.\.\.?)(.+)$/.exec(text) ?? [];
    const ends = [first, last].map((end) => /^\d+$/.test(end) ? Number(end) : names.indexOf(end));
    if (ends.every((end) => end >= 0 && end < names.length)) {
      throw new UserError("--columns", `no column is named ${text}`, `a range is of numbers: ${ends.join("-")}`);
    }
    const lower = text.toLowerCase();
    const close = names.find((name) => name.toLowerCase() === lower) ?? nearest(text, names);
    throw new UserError(
      "--columns",
      `no column is named ${text}`,
      close === undefined ? FORM : `did you mean ${close}?`,
    );
  }
  const again = names.indexOf(text, at + 1);
  if (again < 0) return at;
  throw new UserError(
    "--columns",
    `columns ${at} and ${again} are both named ${text}`,
    "choose one of them by its number",
  );
}

/**
 * @param texts e.g. `0-9,42` and `CD3D`: numbers from 0, ranges with both ends, names
 * @returns their positions in the order given; null where nothing is chosen: all
 */
export function chosenColumns(
  texts: readonly string[],
  columns: number,
  names: readonly string[] | null,
): Uint32Array<ArrayBuffer> | null {
  if (texts.length === 0) return null;
  const chosen: number[] = [];
  for (const part of texts.flatMap((text) => names?.includes(text) ? [text] : text.split(","))) {
    const text = part.trim();
    const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
    if (text === "") throw new UserError("--columns", `a column is missing in ${texts.join(",")}`, FORM);
    if (first === undefined) {
      chosen.push(named(text, names));
      continue;
    }
    const [from, to] = [position(first, columns), position(last ?? first, columns)];
    if (to < from) throw new UserError("--columns", `the range ${text} runs backwards`, `${last}-${first}`);
    for (let column = from; column <= to; column++) chosen.push(column);
  }
  return Uint32Array.from(chosen);
}

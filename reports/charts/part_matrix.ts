import { count, plural } from "../format.ts";
import { escape } from "../html.ts";
import { color, TRAIN } from "../theme.ts";
import { short, svgRoot, textWidth } from "./plot.ts";

export interface PartMatrixOptions {
  readonly title: string;
  readonly description: string;
  /** What a number is of, one of them: "connection". */
  readonly unit: string;
}

/** Up to so many parts have their numbers and names. */
const NAMED_MAX = 10;
const WIDTH = 440, TOP = 26;
/** The least and the greatest opacity of a square, at which the number on it can be read. */
const FAINT = 0.04, DEEP = 0.6, DEEP_UNNAMED = 1;

/**
 * A square for each pair of parts, the deeper the more there is from the row's part to the column's. The depth rises with the
 * logarithm, since most is on the diagonal.
 * @param counts as many rows as columns
 */
export function partMatrix(counts: readonly (readonly number[])[], options: PartMatrixOptions): string {
  const parts = counts.length, isNamed = parts <= NAMED_MAX;
  const left = isNamed ? 22 + textWidth(count(parts)) : 26;
  const least = isNamed ? Math.max(...counts.flat().map((value) => textWidth(count(value)))) + 12 : 0;
  const side = Math.max(least, (WIDTH - left - 4) / parts);
  const height = isNamed ? Math.min(side, 64) : side;
  const most = Math.max(1, ...counts.flat());
  const drawn = counts.flatMap((row, i) =>
    row.map((value, j) => {
      const depth = Math.log1p(value) / Math.log1p(most);
      const opacity = FAINT + ((isNamed ? DEEP : DEEP_UNNAMED) - FAINT) * depth;
      const x = left + j * side, y = TOP + i * height;
      const says = `part ${i + 1} to part ${j + 1}: ${plural(value, options.unit)}`;
      const square =
        `<rect x="${short(x)}" y="${short(y)}" width="${short(side)}" height="${short(height)}" fill="${TRAIN}" ` +
        `fill-opacity="${opacity.toFixed(3)}"${isNamed ? ` stroke="${color("page")}" stroke-width="1.5"` : ""}>` +
        `<title>${escape(says)}</title></rect>`;
      if (!isNamed) return square;
      return `${square}<text x="${short(x + side / 2)}" y="${short(y + height / 2 + 4)}"${
        i === j ? ' font-weight="700"' : ""
      }>${count(value)}</text>`;
    })
  );
  const bottom = TOP + height * parts;
  const muted = `fill="${color("muted")}"`;
  const names = isNamed
    ? counts.flatMap((_, i) => [
      `<text x="${short(left - 8)}" y="${short(TOP + (i + 0.5) * height + 4)}" text-anchor="end" ${muted}>${
        i + 1
      }</text>`,
      `<text x="${short(left + (i + 0.5) * side)}" y="${short(bottom + 17)}" ${muted}>${i + 1}</text>`,
    ])
    : [];
  const frame = isNamed
    ? ""
    : `<rect x="${short(left)}" y="${TOP}" width="${short(side * parts)}" height="${
      short(height * parts)
    }" fill="none" ` +
      `stroke="${color("muted")}" stroke-width="0.75"/>`;
  const label = isNamed ? bottom + 38 : bottom + 20;
  return svgRoot(
    options.title,
    options.description,
    Math.ceil(left + side * parts + 4),
    Math.ceil(label + 8),
    `<text x="0" y="14" text-anchor="start">from part</text>${drawn.join("")}${frame}${names.join("")}` +
      `<text x="${short(left + side * parts / 2)}" y="${short(label)}">to part</text>`,
  );
}

import { short, svgRoot, textWidth } from "./plot.ts";
import { escape } from "../html.ts";
import { color, TRAIN } from "../theme.ts";

export interface HeatCell {
  readonly column: number;
  readonly row: number;
  /** The number that is written in the cell. */
  readonly text: string;
  /** 0 for the worst to 1 for the best, which is the depth of the colour. */
  readonly depth: number;
  readonly isBest: boolean;
}

export interface HeatMapOptions {
  readonly title: string;
  readonly description: string;
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  readonly columnLabel: string;
  readonly rowLabel: string;
}

const CELL_HEIGHT = 34, LEAST_WIDTH = 440, TOP = 22;
/** The least and the greatest opacity of a cell, at which the text on it can be read. */
const FAINT = 0.05, DEEP = 0.55;

/**
 * A table of cells whose colour is the deeper, the better they are. Cells without a value are left open. The best cell has a
 * frame.
 */
export function heatMap(cells: readonly HeatCell[], options: HeatMapOptions): string {
  const { columns, rows } = options;
  const left = 10 + Math.max(...rows.map((text) => textWidth(text)), 10);
  const wanted = Math.max(...[...columns, ...cells.map((cell) => cell.text)].map((text) => textWidth(text))) + 14;
  const cellWidth = Math.max(wanted, (LEAST_WIDTH - left - 4) / columns.length);
  const width = Math.ceil(left + cellWidth * columns.length + 4);
  const bottom = TOP + CELL_HEIGHT * rows.length;
  const x = (column: number) => short(left + column * cellWidth);
  const y = (row: number) => TOP + row * CELL_HEIGHT;
  const parts = [`<text x="0" y="12" text-anchor="start">${escape(options.rowLabel)}</text>`];
  for (const [i, text] of rows.entries()) {
    parts.push(
      `<text x="${short(left - 8)}" y="${y(i) + CELL_HEIGHT / 2 + 4}" text-anchor="end" fill="${color("muted")}">${
        escape(text)
      }</text>`,
    );
  }
  for (const [i, text] of columns.entries()) {
    parts.push(
      `<text x="${short(left + (i + 0.5) * cellWidth)}" y="${bottom + 17}" fill="${color("muted")}">${
        escape(text)
      }</text>`,
    );
  }
  parts.push(
    `<text x="${short(left + cellWidth * columns.length / 2)}" y="${bottom + 38}">${
      escape(options.columnLabel)
    }</text>`,
  );
  // The cell with the frame comes last, so that no other one covers the frame.
  for (const cell of cells.toSorted((a, b) => Number(a.isBest) - Number(b.isBest))) {
    const opacity = (FAINT + (DEEP - FAINT) * cell.depth).toFixed(3);
    const frame = cell.isBest
      ? ` stroke="currentColor" stroke-width="2"`
      : ` stroke="${color("page")}" stroke-width="1.5"`;
    parts.push(
      `<rect x="${x(cell.column)}" y="${y(cell.row)}" width="${
        short(cellWidth)
      }" height="${CELL_HEIGHT}" fill="${TRAIN}" ` +
        `fill-opacity="${opacity}"${frame}/>` +
        `<text x="${short(left + (cell.column + 0.5) * cellWidth)}" y="${y(cell.row) + CELL_HEIGHT / 2 + 4}"${
          cell.isBest ? ' font-weight="700"' : ""
        }>${escape(cell.text)}</text>`,
    );
  }
  return svgRoot(options.title, options.description, width, bottom + 46, parts.join(""));
}

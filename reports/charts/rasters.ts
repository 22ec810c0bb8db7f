import { diverging, grey, imageOf, type Raster } from "../../core/diagnostics/drawing.ts";
import { escape } from "../html.ts";
import { color } from "../theme.ts";
import { svgRoot, textWidth } from "./plot.ts";

export interface Tile {
  /** Channels first. */
  readonly values: readonly number[];
  readonly raster: Raster;
  /** Values that are drawn darkest and brightest, or, of differences, bluest and reddest. */
  readonly range: readonly [number, number];
  readonly differences?: boolean;
  /** What it shows, for screen readers. */
  readonly says: string;
}

export interface TileLine {
  readonly name: string;
  readonly note?: string;
  /** Null leaves a place free. */
  readonly tiles: readonly (Tile | null)[];
}

const GAP = 6, HEAD = 20;

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return btoa(text);
}

/**
 * Pictures in lines, each with its name before it, and headings above the columns. They are embedded as PNG, so the chart loads
 * nothing.
 * @param side the longer side of a picture in px
 */
export function tileLines(
  lines: readonly TileLine[],
  options: { title: string; description: string; heads: readonly string[]; side: number },
): string {
  const { heads, side } = options;
  const notes = lines.some(({ note }) => note !== undefined);
  const widest = Math.max(...lines.map(({ name, note }) => Math.max(textWidth(name), textWidth(note ?? ""))), 0);
  const left = widest > 0 ? Math.ceil(widest) + 12 : 1;
  const columns = Math.max(...lines.map(({ tiles }) => tiles.length));
  const first = lines[0]?.tiles.find((tile) => tile !== null)?.raster ?? { width: 1, height: 1 };
  const scale = side / Math.max(first.width, first.height);
  const [wide, high] = [Math.round(first.width * scale), Math.round(first.height * scale)];
  const top = heads.length > 0 ? HEAD : 0;
  const parts: string[] = heads.map((head, k) =>
    `<text x="${left + k * (wide + GAP) + wide / 2}" y="13" fill="${color("muted")}">${escape(head)}</text>`
  );
  for (const [i, { name, note, tiles }] of lines.entries()) {
    const y = top + i * (high + GAP);
    const middle = y + high / 2 + (notes ? -3 : 5);
    parts.push(`<text x="${left - 10}" y="${middle}" text-anchor="end">${escape(name)}</text>`);
    if (note !== undefined) {
      parts.push(
        `<text x="${left - 10}" y="${middle + 16}" text-anchor="end" fill="${color("muted")}">${escape(note)}</text>`,
      );
    }
    for (const [k, tile] of tiles.entries()) {
      if (tile === null) continue;
      const x = left + k * (wide + GAP);
      const png = imageOf(tile.values, tile.raster, tile.range, tile.differences ? diverging : grey).png();
      parts.push(
        `<image x="${x}" y="${y}" width="${wide}" height="${high}" preserveAspectRatio="none" ` +
          `style="image-rendering:pixelated" href="data:image/png;base64,${base64(png)}"><title>${
            escape(tile.says)
          }</title></image>` +
          `<rect x="${x}" y="${y}" width="${wide}" height="${high}" fill="none" stroke="${color("rule")}"/>`,
      );
    }
  }
  const width = left + columns * (wide + GAP), height = top + lines.length * (high + GAP);
  return svgRoot(options.title, options.description, width, height, parts.join(""));
}

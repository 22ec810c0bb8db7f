import { svgRoot } from "./plot.ts";
import { duration, percent } from "../format.ts";
import { escape } from "../html.ts";

export interface TimePart {
  readonly name: string;
  readonly seconds: number;
  readonly fill: string;
}

/** One bar for the whole time of the run, with a segment for each use. It has no text, so it can be stretched to any width. */
export function timeBar(parts: readonly TimePart[]): string {
  const [width, height] = [1000, 26];
  const total = parts.reduce((s, p) => s + p.seconds, 0);
  let x = 0;
  const segments = parts.filter((p) => p.seconds > 0).map((part) => {
    const w = (part.seconds / total) * width;
    const rect = `<rect x="${x.toFixed(2)}" y="0" width="${Math.max(0, w - 1.5).toFixed(2)}" height="${height}" ` +
      `fill="${part.fill}"><title>${escape(`${part.name}: ${duration(part.seconds)}`)}</title></rect>`;
    x += w;
    return rect;
  });
  const description = parts.map((p) => `${p.name} ${percent(p.seconds / total)}`).join(", ");
  return svgRoot("Where the time went", description, width, height, segments.join(""))
    .replace("<svg ", '<svg preserveAspectRatio="none" ');
}

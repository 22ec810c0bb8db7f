import { short, svgRoot } from "./plot.ts";
import { compact, count } from "../format.ts";
import { color, TRAIN, VALIDATION } from "../theme.ts";

const WIDTH = 400;
const HEIGHT = 190;

/**
 * The model's widths from input to output as heights on a log scale, which shows the shape of the network.
 * @param narrow the index of the latent width, which is marked
 */
export function hourglass(widths: readonly number[], narrow: number): string {
  const [top, middle, left, right] = [12, 82, 34, WIDTH - 34];
  const largest = Math.log(Math.max(...widths) + 1);
  const half = (width: number) => 6 + 62 * (Math.log(width + 1) / largest);
  const at = (i: number) => widths.length === 1 ? WIDTH / 2 : left + (i * (right - left)) / (widths.length - 1);
  const outline = [...widths.keys()].map((i) => `${short(at(i))},${short(middle - half(widths[i]!))}`);
  const mirror = [...widths.keys()].reverse().map((i) => `${short(at(i))},${short(middle + half(widths[i]!))}`);
  const parts = [
    `<polygon points="${[...outline, ...mirror].join(" ")}" fill="${TRAIN}" fill-opacity="0.14"/>`,
  ];
  for (const [i, width] of widths.entries()) {
    const [x, h] = [short(at(i)), half(width)];
    const stroke = i === narrow ? VALIDATION : TRAIN;
    parts.push(
      `<line x1="${x}" x2="${x}" y1="${short(middle - h)}" y2="${short(middle + h)}" stroke="${stroke}" ` +
        `stroke-width="5" stroke-linecap="round"/>`,
      `<text x="${x}" y="${middle + 68 + top + 8}" font-weight="${i === narrow ? 600 : 400}">` +
        `${widths.length > 9 ? compact(width) : count(width)}</text>`,
    );
  }
  const labels: [number, string][] = [[0, "input"], [narrow, "latent"], [widths.length - 1, "output"]];
  const seen = new Set<number>();
  for (const [i, label] of labels) {
    if (seen.has(i)) continue;
    seen.add(i);
    parts.push(`<text x="${short(at(i))}" y="${middle + 68 + top + 23}" fill="${color("muted")}">${label}</text>`);
  }
  return svgRoot(
    "Widths of the model",
    `Widths from input to output: ${widths.join(", ")}.`,
    WIDTH,
    HEIGHT,
    parts.join(""),
  );
}

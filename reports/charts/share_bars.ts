import { short, svgRoot, textWidth } from "./plot.ts";
import { percent } from "../format.ts";
import { escape } from "../html.ts";
import { color, TRAIN } from "../theme.ts";

export interface ShareBar {
  readonly name: string;
  /** From 0 to 1. */
  readonly share: number;
  /** Whether it is what the others leave, which is drawn in grey. */
  readonly isRest?: boolean;
}

const WIDTH = 440, LINE = 40, BAR = 12;

/** Horizontal bars of shares of a whole, with each name above its bar and the share behind it. */
export function shareBars(bars: readonly ShareBar[], title: string): string {
  const widest = Math.max(...bars.map((bar) => textWidth(percent(bar.share))));
  const room = WIDTH - widest - 12;
  const inner = bars.map((bar, i) => {
    const top = i * LINE;
    const width = Math.max(1, bar.share * room);
    return `<text x="0" y="${top + 14}" text-anchor="start">${escape(bar.name)}</text>` +
      `<rect x="0" y="${top + 20}" width="${short(room)}" height="${BAR}" fill="${color("grid")}"/>` +
      `<rect x="0" y="${top + 20}" width="${short(width)}" height="${BAR}" fill="${
        bar.isRest ? color("muted") : TRAIN
      }"/>` +
      `<text x="${WIDTH}" y="${top + 30}" text-anchor="end">${escape(percent(bar.share))}</text>`;
  });
  const description = bars.map((bar) => `${bar.name} ${percent(bar.share)}`).join(", ");
  return svgRoot(title, description, WIDTH, bars.length * LINE, inner.join(""));
}

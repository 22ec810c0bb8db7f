import { number } from "../format.ts";
import { escape } from "../html.ts";
import { color, TRAIN } from "../theme.ts";
import { short, svgRoot, textWidth } from "./plot.ts";

export interface ValueBar {
  readonly name: string;
  readonly value: number;
}

const WIDTH = 440, LINE = 22, BAR = 12, NAME = 24;

const shortened = (name: string) => name.length > NAME ? `${name.slice(0, NAME - 1)}…` : name;

/** Horizontal bars from zero, with each name before its bar and the value behind it. Of values below zero, to the left. */
export function valueBars(bars: readonly ValueBar[], title: string): string {
  const values = bars.map((bar) => Number.isFinite(bar.value) ? bar.value : 0);
  const low = Math.min(0, ...values), high = Math.max(0, ...values), span = high - low || 1;
  const left = Math.max(0, ...bars.map((bar) => textWidth(shortened(bar.name)))) + 10;
  const right = Math.max(0, ...bars.map((bar) => textWidth(number(bar.value, 3)))) + 8;
  const at = (value: number) => left + (value - low) / span * (WIDTH - left - right);
  const inner = bars.map((bar, i) => {
    const top = i * LINE, from = at(Math.min(0, values[i]!)), to = at(Math.max(0, values[i]!));
    return `<text x="${short(left - 10)}" y="${top + 15}" text-anchor="end">${escape(shortened(bar.name))}</text>` +
      `<rect x="${short(from)}" y="${top + 5}" width="${
        short(Math.max(1, to - from))
      }" height="${BAR}" fill="${TRAIN}"/>` +
      `<text x="${WIDTH}" y="${top + 15}" text-anchor="end">${escape(number(bar.value, 3))}</text>`;
  });
  const height = bars.length * LINE;
  const zero = `<path d="M${short(at(0))},0V${height}" stroke="${color("muted")}"/>`;
  const description = bars.map((bar) => `${bar.name} ${number(bar.value, 3)}`).join(", ");
  return svgRoot(title, description, WIDTH, height, inner.join("") + zero);
}

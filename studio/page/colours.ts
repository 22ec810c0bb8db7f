/** Colours of the page, read from its style sheet, so that canvases follow light and dark. */

export type Rgb = readonly [number, number, number];

export interface Colours {
  readonly page: string;
  readonly panel: string;
  readonly ink: string;
  readonly muted: string;
  readonly rule: string;
  readonly grid: string;
  readonly accent: string;
  readonly second: string;
  readonly series: readonly string[];
  /** Of values below 0, at 0 and above 0; told apart with every kind of colour blindness. Parts from 0 to 1. */
  readonly low: Rgb;
  readonly zero: Rgb;
  readonly high: Rgb;
  readonly dark: boolean;
}

/** Number of colours that tell groups apart. */
export const SERIES = 8;

/** Of `#rrggbb`, parts from 0 to 1. */
export const rgbOf = (text: string): Rgb => {
  const number = parseInt(text.slice(1), 16);
  return [(number >> 16 & 255) / 255, (number >> 8 & 255) / 255, (number & 255) / 255];
};

let current: Colours | null = null;
const listeners: (() => void)[] = [];
const scheme = matchMedia("(prefers-color-scheme: dark)");
scheme.addEventListener("change", () => {
  current = null;
  for (const listener of listeners) listener();
});

/** Calls where the colours change. */
export const onColours = (listener: () => void): void => void listeners.push(listener);

export function colours(): Colours {
  if (current !== null) return current;
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return current = {
    page: of("page"),
    panel: of("panel"),
    ink: of("ink"),
    muted: of("muted"),
    rule: of("rule"),
    grid: of("grid"),
    accent: of("c1"),
    second: of("c2"),
    series: Array.from({ length: SERIES }, (_, i) => of(`c${i + 1}`)),
    low: rgbOf(of("low")),
    zero: rgbOf(of("zero")),
    high: rgbOf(of("high")),
    dark: scheme.matches,
  };
}

/** Share of the way from the colour of 0 to that of an end; small values are made more visible. The shader does the same. */
export const CURVE = 0.7;

/** Writes the colour of `value`, of -scale to scale, into `pixels` at byte `at`. */
export function putDiverging(
  pixels: Uint8ClampedArray,
  at: number,
  value: number,
  scale: number,
  palette: Colours,
): void {
  const end = value < 0 ? palette.low : palette.high;
  const share = Number.isFinite(value) && scale > 0 ? Math.min(1, Math.abs(value) / scale) ** CURVE : 0;
  for (let k = 0; k < 3; k++) pixels[at + k] = 255 * (palette.zero[k]! + share * (end[k]! - palette.zero[k]!));
  pixels[at + 3] = 255;
}

export const cssOf = ([r, g, b]: Rgb): string =>
  `rgb(${Math.round(255 * r)} ${Math.round(255 * g)} ${Math.round(255 * b)})`;

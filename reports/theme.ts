/**
 * Colours of the page and its charts, as custom properties so that one SVG serves light and dark. The categorical ones
 * are the Okabe-Ito hues, darkened on white and lightened on black until each stands out at 3:1 or more.
 */

export interface Palette {
  readonly page: string;
  readonly ink: string;
  readonly muted: string;
  readonly rule: string;
  readonly grid: string;
  readonly panel: string;
  readonly good: string;
  readonly warn: string;
  readonly bad: string;
  /** Colours of categories, in the order in which they are given out. */
  readonly series: readonly string[];
  /** Low to high, for labels that are numbers. */
  readonly ramp: readonly string[];
}

export const LIGHT: Palette = {
  page: "#ffffff",
  ink: "#1b1f24",
  muted: "#5b6470",
  rule: "#d5d9de",
  grid: "#e8ebee",
  panel: "#f6f7f9",
  good: "#12744f",
  warn: "#8f5a00",
  bad: "#b3261e",
  series: ["#1a6fb5", "#cf5606", "#0b8a66", "#a8478a", "#947000", "#3594c9", "#7a4f2b", "#6b7280"],
  ramp: ["#440154", "#414487", "#2a788e", "#1f9a79", "#6a9f2c", "#a08d00"],
};

export const DARK: Palette = {
  page: "#15181c",
  ink: "#e4e7ea",
  muted: "#9ba4ae",
  rule: "#383f47",
  grid: "#282d34",
  panel: "#1d2126",
  good: "#5cc89a",
  warn: "#e5b04c",
  bad: "#ff8a80",
  series: ["#5aa9e6", "#f28a45", "#3fc197", "#df8fc6", "#e0c341", "#a2d5f2", "#c99a6b", "#9aa3ad"],
  ramp: ["#9a6cc2", "#7487d8", "#43a3c0", "#3fc79a", "#93db5a", "#fde725"],
};

function declarations(palette: Palette): string {
  const { series, ramp, ...named } = palette;
  const pairs = Object.entries(named).concat(
    series.map((c, i) => [`c${i + 1}`, c]),
    ramp.map((c, i) => [`r${i + 1}`, c]),
  );
  return pairs.map(([name, color]) => `--${name}:${color}`).join(";");
}

/** Dark only on a screen that asks for it: paper is white. */
export const THEME_CSS = `:root{color-scheme:light;${declarations(LIGHT)}}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;${declarations(DARK)}}}`;

/** A named colour for a chart, with the light one for an SVG that is taken out of the page. */
export function color(name: Exclude<keyof Palette, "series" | "ramp">): string {
  return `var(--${name},${LIGHT[name]})`;
}

/** The i-th category's colour; they repeat after eight. */
export function seriesColor(i: number): string {
  const k = i % LIGHT.series.length;
  return `var(--c${k + 1},${LIGHT.series[k]})`;
}

/** The i-th of RAMP_COLORS, low to high. */
export function rampColor(i: number): string {
  return `var(--r${i + 1},${LIGHT.ramp[i]})`;
}

export const RAMP_COLORS = LIGHT.ramp.length;
export const SERIES_COLORS = LIGHT.series.length;
export const TRAIN = seriesColor(0);
export const VALIDATION = seriesColor(1);

/**
 * Colours of the page and its charts, as custom properties so that one SVG serves light and dark. The categorical ones
 * were searched for: each stands out from the page at 3:1 or more, and every two of them are at least 19 CIELAB units
 * apart, also as seen with protanopia, deuteranopia and tritanopia.
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
  /** Colours of places with few, some and many points. */
  readonly density: readonly string[];
  /** Small to large, for numbers of rows and for values. */
  readonly scale: readonly string[];
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
  series: ["#0a69bc", "#c85200", "#0c9e81", "#7d0060", "#97905a", "#2b1bb0", "#5a3418", "#8094b6"],
  ramp: ["#440154", "#414487", "#2a788e", "#1f9a79", "#6a9f2c", "#a08d00"],
  density: ["#4c8fce", "#0a63b4", "#05305c"],
  scale: ["#8a939c", "#607f9d", "#386ca4", "#1c5896", "#0b4177", "#05284f"],
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
  series: ["#489ee5", "#ed7936", "#5be597", "#9468a5", "#ffc61a", "#e3d0ff", "#a1624d", "#9fb9ab"],
  ramp: ["#9a6cc2", "#7487d8", "#43a3c0", "#3fc79a", "#93db5a", "#fde725"],
  density: ["#3a7cb6", "#63b4f5", "#d8edff"],
  scale: ["#666d76", "#587a9a", "#4d8dc4", "#63b0f0", "#9fd0fb", "#e6f4ff"],
};

function declarations(palette: Palette): string {
  const { series, ramp, density, scale, ...named } = palette;
  const pairs = Object.entries(named).concat(
    series.map((c, i) => [`c${i + 1}`, c]),
    ramp.map((c, i) => [`r${i + 1}`, c]),
    density.map((c, i) => [`d${i + 1}`, c]),
    scale.map((c, i) => [`s${i + 1}`, c]),
  );
  return pairs.map(([name, color]) => `--${name}:${color}`).join(";");
}

/** Dark colours only on a screen in dark mode, since paper is white. */
export const THEME_CSS = `:root{color-scheme:light;${declarations(LIGHT)}}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;${declarations(DARK)}}}`;

/** A named colour for a chart, with the light one for an SVG that is taken out of the page. */
export function color(name: Exclude<keyof Palette, "series" | "ramp" | "density" | "scale">): string {
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

/** Colour of a place with few (0), some (1) or many (2) points. */
export function densityColor(i: 0 | 1 | 2): string {
  return `var(--d${i + 1},${LIGHT.density[i]})`;
}

/** The i-th of SCALE_COLORS, small to large. */
export function scaleColor(i: number): string {
  return `var(--s${i + 1},${LIGHT.scale[i]})`;
}

/** Pairs of a light colour and the dark one that replaces it. */
export function darkCounterparts(): ReadonlyMap<string, string> {
  const { series, ramp, density, scale, ...named } = LIGHT;
  const pairs = (Object.keys(named) as (keyof typeof named)[]).map((name) => [named[name], DARK[name]] as const);
  const listed = [[series, DARK.series], [ramp, DARK.ramp], [density, DARK.density], [scale, DARK.scale]] as const;
  return new Map([...pairs, ...listed.flatMap(([light, dark]) => light.map((c, i) => [c, dark[i]!] as const))]);
}

export const RAMP_COLORS = LIGHT.ramp.length;
export const SCALE_COLORS = LIGHT.scale.length;
export const SERIES_COLORS = LIGHT.series.length;
export const TRAIN = seriesColor(0);
export const VALIDATION = seriesColor(1);

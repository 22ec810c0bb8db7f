import * as Plot from "@observablehq/plot";
import { axis } from "./axis.ts";
import type { Shape } from "./marks.ts";
import { chart } from "./plot.ts";
import { color } from "../theme.ts";

export interface Profile {
  readonly name: string;
  readonly fill: string;
  readonly shape: Shape;
  /** One for each name. */
  readonly values: readonly number[];
}

export interface ProfileOptions {
  readonly title: string;
  readonly description: string;
  readonly xLabel: string;
  readonly width?: number;
}

const NAME = 24, BAR = 0.7, MARK = 3.6;
/** The height of a line in px: marks at the same value must not hide each other. */
const lineOf = (marks: number) => 14 + 3 * marks;

const shortened = (name: string) => name.length > NAME ? `${name.slice(0, NAME - 1)}…` : name;

/**
 * Values of some names, one name a line: a bar from zero to each first value, and a mark at that of each other, one below the other.
 */
export function profileDots(
  names: readonly string[],
  first: { readonly name: string; readonly values: readonly number[] },
  others: readonly Profile[],
  options: ProfileOptions,
): string {
  const all = [first.values, ...others.map(({ values }) => values)].flat().filter(Number.isFinite);
  const x = { ...axis([...all, 0], { ticks: 4, pad: 0.03 }), label: options.xLabel };
  const y = {
    type: "linear" as const,
    domain: [names.length - 0.4, -0.6] as const,
    ticks: names.map((_, i) => i),
    format: (i: number) => shortened(names[i] ?? ""),
    label: "",
  };
  const placed = (values: readonly number[]) =>
    values.flatMap((value, i) => Number.isFinite(value) ? [{ value, i, top: i - BAR / 2, bottom: i + BAR / 2 }] : []);
  const said = (name: string) => ({ value, i }: { value: number; i: number }) =>
    `${names[i]}, ${name}: ${x.format(value)}`;
  const truth = placed(first.values), line = lineOf(others.length);
  // The first and the last mark reach to the edges of the bar.
  const apart = Math.max(0, BAR - 2 * MARK / line);
  const below = (k: number) => others.length > 1 ? (k / (others.length - 1) - 0.5) * apart : 0;
  return chart({
    title: options.title,
    description: options.description,
    x,
    y,
    marks: [
      Plot.rect(truth, {
        ...{ x1: () => 0, x2: "value", y1: "top", y2: "bottom", fill: color("rule") },
        title: said(first.name),
      }),
      // The ends stand out where a bar is short, as those of zeros are.
      Plot.link(truth, {
        ...{ x1: "value", x2: "value", y1: "top", y2: "bottom", stroke: color("muted"), strokeWidth: 3 },
      }),
      ...others.map(({ name, fill, shape, values }, k) =>
        Plot.dot(placed(values).map((one) => ({ ...one, y: one.i + below(k) })), {
          ...{ x: "value", y: "y", r: MARK, symbol: shape, fill, stroke: color("page"), strokeWidth: 0.8 },
          title: said(name),
        })
      ),
    ],
    width: options.width,
    height: 60 + line * names.length,
  });
}

import * as Plot from "@observablehq/plot";
import { axis, prefersLog } from "./axis.ts";
import { chart } from "./plot.ts";
import { count } from "../format.ts";

export interface ErrorGroup {
  readonly name: string;
  readonly fill: string;
  readonly errors: readonly number[];
}

const BINS = 36;

/** How many rows have which error, as bars of the groups on top of each other. Rows without an error cannot be drawn on a log scale. */
export function errorHistogram(groups: readonly ErrorGroup[], unit: string): string {
  const all = groups.flatMap((group) => group.errors).filter(Number.isFinite);
  const log = prefersLog(all);
  const x = { ...axis(all, { type: log ? "log" : "linear", pad: 0.02 }), label: "mean squared error of the row", unit };
  const [low, high] = x.domain.map((end) => log ? Math.log(end) : end) as [number, number];
  const edge = (bin: number) => {
    const at = low + (high - low) * bin / BINS;
    return log ? Math.exp(at) : at;
  };
  const below = new Array<number>(BINS).fill(0);
  const bars = groups.flatMap(({ errors, fill, name }) => {
    const counts = new Array<number>(BINS).fill(0);
    for (const error of errors) {
      if (!Number.isFinite(error) || (log && !(error > 0))) continue;
      const share = ((log ? Math.log(error) : error) - low) / (high - low);
      counts[Math.min(BINS - 1, Math.max(0, Math.floor(share * BINS)))]!++;
    }
    return counts.flatMap((n, bin) => {
      const from = below[bin]!;
      below[bin]! += n;
      return n === 0 ? [] : [{ bin, from, to: from + n, fill, name, n }];
    });
  });
  return chart({
    title: "Errors of rows",
    description: groups.map((group) => `${group.name}: ${count(group.errors.length)} rows`).join(", "),
    x,
    y: { ...axis(below, { zero: true, whole: true, pad: 0.06 }), label: "number of rows" },
    marks: [
      Plot.rect(bars, {
        x1: (bar) => edge(bar.bin),
        x2: (bar) => edge(bar.bin + 1),
        y1: "from",
        y2: "to",
        fill: "fill",
        insetLeft: 0.5,
        insetRight: 0.5,
        title: (bar) => `${bar.name}: ${count(bar.n)}`,
      }),
    ],
    height: 320,
  });
}

/** Rate and distortion: errors of a sweep's runs by the size of their latent vector, beside PCA of the same size. */
import { type AtSize, bySize, commonPart, type OverSeeds } from "../../core/analysis/latent_sizes.ts";
import { largerIsBetter } from "../../core/analysis/metrics.ts";
import type { SweepData, SweepRun } from "../../core/sweep/read.ts";
import { bySizeChart, type SizedLine } from "../charts/by_size.ts";
import { count, error, plural, ratio } from "../format.ts";
import { breakable, type Content, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { color, seriesColor } from "../theme.ts";
import { cut, type MeasuredPoint, ranked, type SweepPoint, valuesText } from "./points.ts";

/** The best point of each size, by rising size. A point whose runs have several sizes counts at none. */
function bestBySize(points: readonly SweepPoint[], metric: string): { size: number; point: MeasuredPoint }[] {
  const best = new Map<number, MeasuredPoint>();
  for (const point of ranked(points, metric)) {
    const sizes = new Set(finishedRuns(point).map(({ latentSize }) => latentSize));
    const [size] = sizes;
    if (sizes.size === 1 && size != null && !best.has(size)) best.set(size, point);
  }
  return [...best].map(([size, point]) => ({ size, point })).sort((a, b) => a.size - b.size);
}

const finishedRuns = ({ runs }: SweepPoint): SweepRun[] => runs.filter(({ value }) => value !== null);

/** The line of a figure: of the networks, or of PCA. */
function lineOf(sizes: readonly AtSize[], of: "mse" | "r2", isPca: boolean): SizedLine {
  const points = sizes.flatMap((at) => {
    const found: OverSeeds | undefined = isPca ? at.pca?.[of] : at[of];
    return found ? [{ size: at.size, mean: found.mean, interval: found.t_interval, values: found.values }] : [];
  });
  // Splits of other seeds give PCA another error; its band would hide that of the networks.
  const shown = isPca ? points.map((point) => ({ ...point, interval: null })) : points;
  return isPca
    ? { name: "PCA of the same size", stroke: color("muted"), dash: "5,4", points: shown }
    : { name: "autoencoder", stroke: seriesColor(0), dash: null, points: shown };
}

/** The section's body; null where fewer than two latent sizes have a finished run. */
export function sizesSection(sweep: SweepData, points: readonly SweepPoint[], numbering: Numbering): Content | null {
  const best = bestBySize(points, sweep.metric);
  if (best.length < 2) return null;
  const runs = best.flatMap(({ point }) => finishedRuns(point));
  const part = commonPart(runs.flatMap(({ analysed }) => analysed.summary ?? []));
  if (part === null) return null;
  const sizes = bySize(runs.map(({ latentSize, analysed }) => ({ size: latentSize, summary: analysed.summary })), part);
  if (sizes.length < 2) return null;
  const several = sizes.some(({ mse }) => mse.values.length > 1), hasPca = sizes.some(({ pca }) => pca !== null);
  const chosen = points.filter(({ mean }) => mean !== null).length > best.length;
  const which = chosen
    ? `Of each size the point with the ${
      largerIsBetter(sweep.metric) ? "largest" : "smallest"
    } mean ${sweep.metric} is drawn. `
    : "";
  const drawn = (of: "mse" | "r2") => {
    const lines = [lineOf(sizes, of, false), ...hasPca ? [lineOf(sizes, of, true)] : []];
    const name = of === "mse" ? "mean squared error" : "R²";
    const svg = bySizeChart(lines, {
      ...{ title: `${name} by latent size`, xLabel: "values in the latent vector", yLabel: `${name}, ${part} rows` },
      scale: of === "mse" ? "auto" : "linear",
    });
    const legend = lines.map((line) => ({
      name: line.name,
      fill: line.stroke,
      shape: "line" as const,
      dash: line.dash,
    }));
    const caption = of === "mse"
      ? `Error of the ${part} rows by the size of the latent vector. ${which}The line joins the means over the seeds${
        several
          ? ", the dots are the runs, and the band is the 95\u202f% interval of the mean by Student’s t distribution"
          : ""
      }.${hasPca ? " Dashed: principal component analysis with as many components, of the same rows." : ""}`
      : "The share of the variance that is explained, likewise.";
    return numbering.figure(svg, caption, { legend });
  };
  const interval = ({ t_interval: found }: OverSeeds, show: (value: number) => string): Content =>
    found ? markup`<span class="nowrap">${show(found[0])} to ${show(found[1])}</span>` : "–";
  const table = numbering.table({
    head: [
      "latent size",
      "point",
      "seeds",
      "MSE",
      "95\u202f% interval",
      "R²",
      "95\u202f% interval",
      "PCA MSE",
      "PCA R²",
    ],
    rows: sizes.map((at) => {
      const { point } = best.find(({ size }) => size === at.size)!;
      return [
        plural(at.size, "value"),
        breakable(cut(`${point.number}: ${valuesText(point.values, sweep.keys)}`, 90)),
        count(at.mse.values.length),
        ...[error(at.mse.mean), interval(at.mse, error), ratio(at.r2.mean), interval(at.r2, ratio)],
        ...at.pca ? [error(at.pca.mse.mean), ratio(at.pca.r2.mean)] : ["–", "–"],
      ];
    }),
    numeric: [2, 3, 4, 5, 6, 7, 8],
    stacked: true,
  }, `The figures of the ${part} rows by latent size: means over the seeds.`);
  return markup`<div class="grid">${drawn("mse")}${drawn("r2")}</div>${table}`;
}

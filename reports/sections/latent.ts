/** The latent space. */
import type { LatentDiagnostic, RunData } from "../../core/runs/types.ts";
import { explainedVariance } from "../charts/explained_variance.ts";
import { type LatentGroup, latentScatter } from "../charts/latent_scatter.ts";
import { markerIcon, SHAPES } from "../charts/marks.ts";
import { count, number, percent } from "../format.ts";
import { type Html, markup, raw } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { type Point, quantile, sum } from "../series.ts";
import { color, RAMP_COLORS, rampColor, SERIES_COLORS, seriesColor, TRAIN } from "../theme.ts";

/** Colours times shapes; what is rarer is drawn as "other". */
const GROUPS = SERIES_COLORS * SHAPES.length;

function pointsOf(latent: LatentDiagnostic): Point[] {
  return latent.scores.map((s, i): Point => latent.latent_size === 1 ? { x: i, y: s[0]! } : { x: s[0]!, y: s[1]! });
}

/** Many different numbers as labels: bands of equal numbers of rows, coloured low to high. */
function bands(points: readonly Point[], values: readonly number[]): LatentGroup[] {
  const edges = Array.from({ length: RAMP_COLORS + 1 }, (_, i) => quantile(values, i / RAMP_COLORS));
  const groups = Array.from({ length: RAMP_COLORS }, (_, i) => ({
    name: `${number(edges[i], 3)} to ${number(edges[i + 1], 3)}`,
    fill: rampColor(i),
    shape: "circle" as const,
    points: [] as Point[],
  }));
  for (const [i, point] of points.entries()) {
    let band = 0;
    while (band < RAMP_COLORS - 1 && values[i]! > edges[band + 1]!) band++;
    groups[band]!.points.push(point);
  }
  return groups.filter((g) => g.points.length > 0);
}

/** Number that a label begins with: 24 of "24 h". NaN where it begins otherwise. */
function leadingNumber(label: string): number {
  return Number(/^\s*([-+]?\d+(?:\.\d+)?)(?![\w.])/.exec(label)?.[1] ?? NaN);
}

/**
 * One group a label; colours first, then shapes. A few labels that all begin with a number of their own ("0 h", "24 h") are
 * in its order and coloured low to high; others have the commonest first.
 */
export function groupsOf(latent: LatentDiagnostic): LatentGroup[] {
  const points = pointsOf(latent);
  const { labels } = latent;
  if (!labels) return [{ name: "rows", fill: TRAIN, shape: "circle", points }];
  const byLabel = new Map<string, Point[]>();
  for (const [i, point] of points.entries()) {
    const label = labels[i] ?? "";
    const group = byLabel.get(label);
    if (group) group.push(point);
    else byLabel.set(label, [point]);
  }
  const values = labels.map((l) => l.trim() === "" ? NaN : Number(l));
  if (byLabel.size > GROUPS && values.every(Number.isFinite)) return bands(points, values);
  const numbered = [...byLabel].map(([name, members]) => ({ name, members, value: leadingNumber(name) }));
  const ordered = numbered.every((g) => Number.isFinite(g.value)) &&
    new Set(numbered.map((g) => g.value)).size === numbered.length;
  if (ordered && numbered.length > 2 && numbered.length <= RAMP_COLORS) {
    const last = numbered.length - 1;
    return numbered.sort((a, b) => a.value - b.value).map(({ name, members }, i): LatentGroup => ({
      name,
      fill: rampColor(Math.round(i * (RAMP_COLORS - 1) / last)),
      shape: "circle",
      points: members,
    }));
  }
  const sorted = [...byLabel].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1));
  const kept = sorted.length > GROUPS ? sorted.slice(0, GROUPS - 1) : sorted;
  const groups = kept.map(([name, members], i): LatentGroup => ({
    name: name || "no label",
    fill: seriesColor(i),
    shape: SHAPES[Math.floor(i / SERIES_COLORS)]!,
    points: members,
  }));
  const rest = sorted.slice(kept.length);
  if (rest.length > 0) {
    groups.push({
      name: `${count(rest.length)} other labels`,
      fill: color("rule"),
      shape: "circle",
      points: rest.flatMap(([, members]) => members),
    });
  }
  return groups;
}

function splitText(latent: LatentDiagnostic): string {
  return latent.split === "all" ? "of all splits" : `${latent.split} split`;
}

/** (sum of shares)^2 / sum of squared shares: how many components there would be if all had the same variance. */
function participationRatio(shares: readonly number[]): number {
  return sum(shares) ** 2 / sum(shares.map((s) => s * s));
}

function componentsFor(shares: readonly number[], wanted: number): number {
  let total = 0;
  for (const [i, share] of shares.entries()) {
    total += share;
    if (total >= wanted - 1e-9) return i + 1;
  }
  return shares.length;
}

export function latentSection(run: RunData, numbering: Numbering): Html {
  const { latent } = run;
  if (!latent || latent.scores.length === 0) return missing("No diagnostic of the latent space was written.");
  if (!pointsOf(latent).some((p) => Number.isFinite(p.x) && Number.isFinite(p.y))) {
    return missing("The latent codes are not finite numbers, so they cannot be drawn.");
  }
  const groups = groupsOf(latent);
  const single = latent.latent_size === 1;
  const legend = latent.labels
    ? markup`<ul class="legend">${
      groups.map((g) =>
        markup`<li>${raw(markerIcon(g.shape, g.fill))}${g.name} <span class="v">${count(g.points.length)}</span></li>`
      )
    }</ul>`
    : null;
  const scatter = numbering.figure(
    latentScatter(groups, latent.explained, single),
    single
      ? markup`The latent unit of ${count(latent.scores.length)} rows (${splitText(latent)}, after epoch ${
        count(latent.epoch)
      }), in the
order of the data.`
      : markup`Latent codes of ${count(latent.scores.length)} rows (${splitText(latent)}, after epoch ${
        count(latent.epoch)
      }) on their first two principal components; a unit is as long on both axes.${
        latent.labels ? " Coloured by label; the counts are rows. The labels took no part in training." : ""
      }`,
    legend,
  );
  const shares = latent.explained.filter(Number.isFinite);
  if (single || shares.length < 2) return scatter;
  if (!(sum(shares) > 0)) return markup`${scatter}<p>The latent codes do not vary: all rows have the same.</p>`;
  const most = componentsFor(shares, 0.9);
  const explained = numbering.figure(
    explainedVariance(shares),
    markup`Variance of the latent codes by principal component. The first two have ${
      percent(shares[0]! + shares[1]!)
    }; ${count(most)} of ${count(latent.latent_size)} hold 90 %. The participation ratio is ${
      number(participationRatio(shares), 3)
    }.`,
  );
  return markup`<div class="wide-narrow">${scatter}${explained}</div>`;
}

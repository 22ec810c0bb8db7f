/** The latent space. */
import type { LatentDiagnostic, RunData } from "../../core/runs/types.ts";
import { latent as latentData } from "../../core/diagnostics/latent.ts";
import { type Course, courseOf } from "../drawing.ts";
import { smallScatters } from "../charts/small_scatter.ts";
import { explainedVariance } from "../charts/explained_variance.ts";
import { latentFrame, type LatentGroup, latentScatter } from "../charts/latent_scatter.ts";
import { count, number, percent, plural } from "../format.ts";
import { groupsOf, pointsOf } from "../groups.ts";
import { latentColumns } from "./latent_columns.ts";
import { type Content, type Html, markup } from "../html.ts";
import type { Legend } from "../legend.ts";
import type { Numbering, Table } from "../numbering.ts";
import { missing } from "../page.ts";
import { finite, type Point, sum } from "../series.ts";
import { umapFigure, umapOf, umapOverEpochs } from "./umap.ts";
import { momentText } from "../when.ts";

/** Rows whose scores are listed at most. */
const LISTED = 40;

function splitText(latent: LatentDiagnostic): string {
  return latent.split === "all" ? "of all parts of the data" : `of the ${latent.split} part`;
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

function spreadOf(values: readonly number[]): readonly [number, number] {
  const mean = sum(values) / values.length;
  return [mean, Math.sqrt(sum(values.map((v) => (v - mean) ** 2)) / values.length)];
}

/** The position and the spread of each group on the map, as numbers. */
function groupTable(groups: readonly LatentGroup[], single: boolean): Table {
  const cells = (points: readonly Point[], pick: (p: Point) => number) =>
    spreadOf(finite(points).map(pick)).map((v) => number(v, 3));
  return {
    head: [
      groups.length > 1 ? "label" : "",
      "rows",
      ...(single ? ["mean", "SD"] : ["component 1", "SD", "component 2", "SD"]),
    ],
    rows: groups.map((g) => [
      g.name,
      count(g.points.length),
      ...(single ? [] : cells(g.points, (p) => p.x)),
      ...cells(g.points, (p) => p.y),
    ]),
    numeric: single ? [1, 2, 3] : [1, 2, 3, 4, 5],
  };
}

/** The coordinates of some points, evenly spread over the rows. */
function rowTable(latent: LatentDiagnostic): Table {
  const total = latent.scores.length;
  const shown = Math.min(LISTED, total);
  const picked = Array.from({ length: shown }, (_, i) => Math.floor((i * total) / shown));
  const { labels } = latent;
  const components = Math.min(2, latent.latent_size);
  return {
    head: [
      "row",
      ...(labels ? ["label"] : []),
      ...Array.from({ length: components }, (_, k) => components === 1 ? "latent unit" : `component ${k + 1}`),
    ],
    rows: picked.map((i) => [
      count(latent.rows[i] ?? i),
      ...(labels ? [labels[i] || "no label"] : []),
      ...Array.from({ length: components }, (_, k) => number(latent.scores[i]![k], 3)),
    ]),
    numeric: [0, ...Array.from({ length: components }, (_, k) => k + (labels ? 2 : 1))],
  };
}

function numbersOf(latent: LatentDiagnostic, groups: readonly LatentGroup[], numbering: Numbering): Html {
  const rows = rowTable(latent);
  const all = latent.scores.length;
  return numbering.numbers([
    [
      groupTable(groups, latent.latent_size === 1),
      `Mean and standard deviation (SD) of the coordinates${groups.length > 1 ? ", by label" : ""}.`,
    ],
    [
      rows,
      markup`Coordinates of ${
        rows.rows.length === all ? "all" : `${count(rows.rows.length)} of the ${count(all)}`
      } points. Rows are numbered from 0 in the order of the files. The file <code>latent.json</code> in the run folder has
all points.`,
    ],
  ]);
}

function explainedFigure(latent: LatentDiagnostic, shares: readonly number[], numbering: Numbering): Content {
  const what =
    markup`Share of the variance of the latent vectors that each principal component has (bars), and the sum up to that
component (line). The first two components have ${percent(shares[0]! + shares[1]!)}`;
  const known = shares.length, all = latent.latent_size;
  // Of wide latent vectors, such as sparse codes, the leading components are known alone.
  if (known < all && latent.explained.length < all) {
    return numbering.figure(
      explainedVariance(shares),
      markup`${what}, and the first ${count(known)} of ${count(all)} have ${percent(sum(shares))}.`,
    );
  }
  const most = componentsFor(shares, 0.9);
  return numbering.figure(
    explainedVariance(shares),
    markup`${what}, and ${count(most)} of ${count(all)} are enough for ${
      percent(0.9, 0)
    }. The participation ratio, an effective number of dimensions, is ${
      number(participationRatio(shares), 3)
    }: it is (Σ λ)² / Σ λ² for variances λ of the components, which equals their number if all are equal.`,
  );
}

export function latentSection(run: RunData, numbering: Numbering): Html {
  const { latent } = run, byUmap = umapOf(run);
  if (!latent || latent.scores.length === 0) {
    if (byUmap === null) return missing("No diagnostic of the latent space was written.");
    return markup`<div class="narrow">${umapFigure(byUmap, run, numbering)}</div>${
      umapOverEpochs(byUmap, run, numbering)
    }`;
  }
  if (!pointsOf(latent).some((p) => Number.isFinite(p.x) && Number.isFinite(p.y))) {
    return missing("No latent vector is made of finite numbers, so there is nothing to draw.");
  }
  const groups = groupsOf(latent);
  const single = latent.latent_size === 1;
  const legend: Legend = latent.labels
    ? groups.map((g) => ({ name: g.name, fill: g.fill, shape: g.shape, value: count(g.points.length) }))
    : [];
  const rows = markup`${plural(latent.scores.length, "row")} (${splitText(latent)}, after ${
    momentText(run, latent.epoch)
  })`;
  const { outside } = latentFrame(groups);
  const far = outside > 0
    ? ` ${plural(outside, "row")} far from all others ${outside === 1 ? "lies" : "lie"} outside the frame.`
    : "";
  const marks = groups.some((g) => g.shape !== "circle") ? "Colours and shapes" : "Colours";
  const labelled = latent.labels
    ? ` ${marks} show the label; the legend counts the rows. The labels took no part in training.`
    : "";
  const { svg, density } = latentScatter(groups, latent.explained, single);
  const crowded = density && ` ${density.said}`;
  const scatter = numbering.figure(
    svg,
    single
      ? markup`Value of the latent unit for ${rows}, in the order of the data.${far}${labelled}${crowded}`
      : markup`Latent map: the latent vectors of ${rows}, projected onto their first two principal components. Both axes have
the same scale.${far}${labelled}${crowded}`,
    { legend: [...legend, ...density?.legend ?? []], below: numbersOf(latent, groups, numbering) },
  );
  const shares = latent.explained.filter(Number.isFinite);
  if (single || shares.length < 2) return markup`${scatter}${latentColumns(latent, run, numbering)}`;
  if (!(sum(shares) > 0)) return markup`${scatter}<p>The latent vectors do not vary: all rows have the same one.</p>`;
  const course = courseOf(run, "latent", latentData.decode, latent);
  const maps = byUmap === null
    ? markup`<div class="wide-narrow">${scatter}${explainedFigure(latent, shares, numbering)}</div>`
    : markup`<div class="grid">${scatter}${umapFigure(byUmap, run, numbering)}</div><div class="grid">${
      explainedFigure(latent, shares, numbering)
    }</div>`;
  return markup`${maps}${latentColumns(latent, run, numbering)}${
    course.length > 1 ? overEpochs(course, numbering) : null
  }${byUmap && umapOverEpochs(byUmap, run, numbering)}`;
}

/** A map of each epoch. */
function overEpochs(course: Course<LatentDiagnostic>, numbering: Numbering): Html {
  const maps = course.map(({ epoch, data }) => {
    const [first = 0, second = 0] = data.explained, share = first + second;
    return {
      groups: groupsOf(data),
      name: `epoch ${count(epoch)}`,
      title: `Latent map, epoch ${count(epoch)}`,
      note: percent(share, 0),
      description: `The first two components have ${percent(share)} of the variance.`,
    };
  });
  const { svgs, said } = smallScatters(maps);
  return numbering.panels(
    maps.map(({ name, note }, i) => ({ title: name, note, svg: svgs[i]! })),
    markup`The latent map at ${
      plural(course.length, "epoch")
    }, with the share of the variance that its two components have. Each map has its own components and scale.${said}`,
    null,
    { title: "Latent maps by epoch" },
  );
}

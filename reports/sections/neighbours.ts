/** Labels told by the nearest rows. */
import { neighbours, type NeighboursDiagnostic } from "../../core/diagnostics/neighbours.ts";
import type { RunData } from "../../core/runs/types.ts";
import { compareLines } from "../charts/compare_lines.ts";
import { pairedDots } from "../charts/paired_dots.ts";
import type { Course, Drawing } from "../drawing.ts";
import { count, percent, plural, ratio } from "../format.ts";
import { type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { strokeOf } from "../tags.ts";
import { seriesColor } from "../theme.ts";
import { momentText } from "../when.ts";

/** Labels that are drawn at most: the commonest. */
const SHOWN = 24;

/** How the labels were told, as a clause. */
function toldText({ of, rows, reference_rows, neighbours: k }: NeighboursDiagnostic): string {
  return of === "held_out"
    ? `each of ${plural(rows, "validation and test row")} gets the label that most of the ${count(k)} nearest of ${
      plural(reference_rows, "training row")
    } have`
    : `each of ${plural(rows, "training row")} gets the label that most of the ${count(k)} nearest of the others have`;
}

function draw(data: NeighboursDiagnostic, run: RunData, numbering: Numbering): Html {
  const { labels, counts, latent, pca, commonest } = data;
  const order = labels.map((_, i) => i).filter((i) => counts[i]! > 0)
    .sort((a, b) => counts[b]! - counts[a]! || a - b).slice(0, SHOWN).sort((a, b) => a - b);
  const rows = order.map((i) => ({
    name: labels[i]!,
    first: latent.by_label[i] ?? NaN,
    second: pca?.by_label[i] ?? NaN,
  }));
  const fills = [seriesColor(0), seriesColor(1)] as const;
  const names = ["latent vectors", "PCA"] as const;
  const more = pca === null ? 0 : Math.round((latent.accuracy - pca.accuracy) * data.rows);
  const verdict = pca === null
    ? ""
    : more === 0
    ? " Both tell equally many rows right."
    : ` ${more > 0 ? "The latent vectors tell" : "PCA tells"} ${
      Math.abs(more) === 1 ? "1 row" : `${count(Math.abs(more))} rows`
    } more right.`;
  const table = numbering.table(
    {
      head: ["", "told right", "silhouette"],
      rows: [
        ["latent vectors", percent(latent.accuracy), ratio(latent.silhouette)],
        ...pca ? [["PCA of the same size", percent(pca.accuracy), ratio(pca.silhouette)]] : [],
        ["always the commonest label", percent(commonest), ""],
      ],
      numeric: [1, 2],
    },
    markup`How well vectors of ${plural(data.latent_size, "value")} keep rows of the same label together, after ${
      momentText(run, data.epoch)
    }.${verdict} The silhouette of a row is (b − a) / max(a, b) for its mean distance a to
rows of its own label and b to those of the nearest other one; the table has its mean, which is 1 for labels far apart and 0 for
labels that overlap.`,
  );
  const hidden = labels.length - order.length;
  const figure = numbering.figure(
    pairedDots(rows, {
      title: "Rows told right by their nearest neighbours, by label",
      description: `${percent(latent.accuracy)} by the latent vectors${
        pca ? `, ${percent(pca.accuracy)} by PCA` : ""
      }.`,
      xLabel: "rows told right",
      format: (value) => percent(value, 0),
      fills,
      names,
      holds: [0, 1],
    }),
    markup`Share of each label’s rows that are told right: ${toldText(data)}, by Euclidean distance.${
      hidden > 0 ? ` ${plural(hidden, "label")} with fewer rows ${hidden === 1 ? "is" : "are"} not drawn.` : ""
    } The labels took no part in training.`,
    {
      legend: [
        { name: names[0], fill: fills[0], shape: "circle" },
        ...pca ? [{ name: names[1], fill: fills[1], shape: "circle" as const }] : [],
      ],
    },
  );
  return markup`<div class="wide-narrow">${figure}${table}</div>`;
}

function overEpochs(course: Course<NeighboursDiagnostic>, run: RunData, numbering: Numbering): Html {
  const line = (name: string, i: number, of: (data: NeighboursDiagnostic) => number) => ({
    ...{ name, tag: name, ...strokeOf(i) },
    points: course.map(({ epoch, data }) => ({ x: epoch, y: of(data) })),
  });
  const figure = numbering.figure(
    compareLines(
      [
        line("told right", 0, ({ latent }) => latent.accuracy),
        line("silhouette", 1, ({ latent }) => latent.silhouette),
      ],
      { title: "Labels of neighbours by epoch", xLabel: "epoch", yLabel: "share, silhouette", whole: true, zero: true },
    ),
    markup`The share of labels told right and the silhouette, of the latent vectors, at ${
      plural(course.length, "epoch")
    } of ${run.name}.`,
  );
  return markup`<div class="grid">${figure}</div>`;
}

export const neighboursDrawing: Drawing<NeighboursDiagnostic> = {
  diagnostic: neighbours,
  title: "Labels of neighbours",
  draw,
  overEpochs,
};

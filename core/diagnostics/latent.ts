/** Where the rows lie in latent space: scores on the first two principal components of the embeddings. */
import { z } from "zod";
import * as schema from "../runs/schema.ts";
import type { LatentDiagnostic } from "../runs/types.ts";
import { cellsOf, commonest, isCrowded, levelOf, levelsOf, middleOf, type Place } from "./crowding.ts";
import { type Diagnostic, type DiagnosticContext, short } from "./diagnostic.ts";
import {
  Canvas,
  type Colour,
  COLOURS,
  deepening,
  GREY,
  LINE,
  MARGIN,
  type Picture,
  picture,
  scaleOf,
  SIDE,
} from "./drawing.ts";
import { latentColumns } from "./latent_columns.ts";
import { principalComponents } from "./pca.ts";

const settings = {
  columns: z.union([z.int().min(0).max(12), z.array(z.union([z.string(), z.int().min(0)])).max(12)]).default(4)
    .describe(
      "columns whose values colour small maps of the rows: names, or numbers from 0; or how many of those that go with the place of a " +
        "row on the map, of rows without a shape; 0: none",
    ),
};

/** Latent units up to which all components are computed, which takes a matrix of units x units; and how many beyond. */
const WHOLE_WIDTH = 256, LEADING = 32;

/** The rows at their scores on the first two components, and the shares of the variance by component. */
async function onMap(
  { latentSize, components }: DiagnosticContext,
  values: Float32Array<ArrayBuffer>,
  rows: number,
): Promise<{ readonly scores: number[][]; readonly explained: number[] }> {
  if (latentSize <= WHOLE_WIDTH) return await principalComponents(values, rows, latentSize, 2);
  if (!values.every(Number.isFinite)) {
    return { scores: Array.from({ length: rows }, () => [NaN, NaN]), explained: [] };
  }
  const { scores, explained } = await components(values, latentSize, LEADING), count = explained.length;
  const score = (row: number, k: number) => k < count ? scores[row * count + k]! : 0;
  return { scores: Array.from({ length: rows }, (_, row) => [score(row, 0), score(row, 1)]), explained };
}

async function run(context: DiagnosticContext): Promise<LatentDiagnostic> {
  const { latentSize, data: { labels } } = context;
  const chosen = context.choose(["train", "validation", "test"], context.maxRows);
  const { scores, explained } = await onMap(context, await context.embed(chosen), chosen.rows.length);
  const asked = (context.settings.columns ?? 0) as number | (string | number)[];
  const { columns, unknown } = await latentColumns(context, asked, chosen, scores);
  return {
    epoch: context.epoch,
    split: "all",
    rows: chosen.rows,
    latent_size: latentSize,
    scores: scores.map((row) => row.map(short)),
    explained: explained.map(short),
    labels: labels ? chosen.rows.map((row) => labels[row] ?? "") : null,
    ...columns.length > 0 ? { columns } : {},
    ...unknown.length > 0 ? { unknown_columns: unknown } : {},
  };
}

/** Radius of a point in px, and the hexagons of rows that crowd. */
const RADIUS = 2.2, HEXAGONS = { half: 5, rise: 3 };
/** Radii of the marks of hexagons of labelled rows, from few to many rows. */
const SIZES = [1.7, 2.7, 3.7, 4.8];

/**
 * Rows at their two coordinates, coloured by the eight commonest labels. Where they crowd, a hexagon with rows has a mark in the
 * colour of their commonest label, the larger, the more rows there are; without labels the hexagon is the deeper, the more there are.
 */
export function latentMap({ scores, labels }: Pick<LatentDiagnostic, "scores" | "labels">): Picture {
  const canvas = new Canvas(SIDE, SIDE);
  canvas.frame(0, 0, SIDE, SIDE, LINE);
  const colours = coloursOf(labels);
  const rows = [...scores.keys()].filter((row) => scores[row]!.every(Number.isFinite));
  const x = scaleOf(rows.map((row) => scores[row]![0]!), MARGIN, SIDE - MARGIN);
  const y = scaleOf(rows.map((row) => scores[row]![1] ?? 0), SIDE - MARGIN, MARGIN);
  const places = rows.map((row) => ({ x: x(scores[row]![0]!), y: y(scores[row]![1] ?? 0) }));
  const colourOf = (at: number) => labels ? colours.get(labels[rows[at]!]!) ?? GREY : COLOURS[0]!;
  if (isCrowded(places, 2 * RADIUS)) {
    hexagons(canvas, places, labels ? { groups: [...colours.values(), GREY], colourOf } : null);
  } else {
    const share = scores.length > 1000 ? 0.5 : 0.8;
    for (const [at, { x, y }] of places.entries()) canvas.dot(x, y, RADIUS, colourOf(at), share);
  }
  return picture(canvas);
}

function hexagons(
  canvas: Canvas,
  places: readonly Place[],
  labelled: { readonly groups: readonly Colour[]; readonly colourOf: (at: number) => Colour } | null,
): void {
  const cells = cellsOf(places, HEXAGONS), most = Math.max(...cells.map(({ members }) => members.length));
  if (labelled) {
    const levels = levelsOf(most, SIZES.length);
    const groupOf = places.map((_, at) => labelled.groups.indexOf(labelled.colourOf(at)));
    for (const cell of cells) {
      const size = SIZES[levelOf(cell.members.length, levels)]!;
      canvas.dot(cell.x, cell.y, size, labelled.groups[commonest(cell, groupOf).group]!, 1);
    }
    return;
  }
  const shares = new Map(cells.map(({ x, y, members }) => [`${x},${y}`, Math.log(members.length) / Math.log(most)]));
  for (let y = 1; y < canvas.height - 1; y++) {
    for (let x = 1; x < canvas.width - 1; x++) {
      const middle = middleOf({ x, y }, HEXAGONS), share = shares.get(`${middle.x},${middle.y}`);
      if (share !== undefined) canvas.mix(x, y, deepening(share), 1);
    }
  }
}

function coloursOf(labels: readonly string[] | null): Map<string, Colour> {
  const counts = new Map<string, number>();
  for (const label of labels ?? []) counts.set(label, (counts.get(label) ?? 0) + 1);
  const common = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([label]) => label);
  return new Map(common.slice(0, COLOURS.length).map((label, i) => [label, COLOURS[i]!]));
}

export const latent: Diagnostic<LatentDiagnostic> = {
  name: "latent",
  about: "a map of the rows by the first two principal components of their latent vectors",
  cost: "one pass of the encoder over at most diagnostics.max_rows rows, and the values of at most 256 columns of them",
  settings,
  automatic: () => true,
  run,
  decode: schema.latent,
  picture: latentMap,
};

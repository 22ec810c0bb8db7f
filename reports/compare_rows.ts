/** The same rows as several runs reconstruct them, side by side: pictures, waveforms over one another, or profiles of columns. */
import { rangeOf, rasterOf } from "../core/diagnostics/drawing.ts";
import type { RunData } from "../core/runs/types.ts";
import { type Tile, type TileLine, tileLines } from "./charts/rasters.ts";
import { waves } from "./charts/waves.ts";
import { dataDifferences, groupsOfRuns } from "./comparable.ts";
import { profiles } from "./compare_profiles.ts";
import { count, error, plural } from "./format.ts";
import { type Content, type Html, markup } from "./html.ts";
import type { Numbering } from "./numbering.ts";
import { color } from "./theme.ts";
import { aligned, commonRows, errorsOf, nameOf, type Shown, shownOf } from "./same_rows.ts";
import { strokeOf, tagOf, tagsText } from "./tags.ts";
import { timeAxis } from "./time_axis.ts";
import { valueUnit } from "./units.ts";

/** Runs whose rows are drawn at most: the first ones. */
export const SIDE_BY_SIDE = 8;
/** Rows that are drawn at most: lines of pictures, and charts beside each other. */
const PICTURES = 4, CHARTS = 3;
/** Values of all pictures of the page, which are bytes of it, each twice. */
const VALUES_MAX = 600_000;

/** Sides of a picture in px, and what there is for a line of few. */
const SIDE = 84, LARGEST = 160, NARROW = 540;
/** Runs from which on a line of pictures fills a page. */
const FILLED = 6;

/** Each row as a line of pictures: truth, then the reconstruction of each run; below it what they have too much and too little. */
function pictures(all: readonly Shown[], numbers: readonly number[], numbering: Numbering): Html {
  const raster = rasterOf(all[0]!.data.shape!)!;
  const lines = numbers.flatMap((number): TileLine[] => {
    const made = all.map(({ rows }) => rows.get(number)!), [first] = made;
    const range = rangeOf([first!.truth, ...made.map(({ reconstruction }) => reconstruction)]);
    const tile = (values: readonly number[], says: string): Tile => ({ values, raster, range, says });
    const apart = made.map(({ truth, reconstruction }) => reconstruction.map((value, i) => value - truth[i]!));
    const most = Math.max(...apart.map((values) => values.reduce((top, value) => Math.max(top, Math.abs(value)), 0))) ||
      1;
    const of = (i: number) => `${nameOf(first!)} by run ${tagOf(all[i]!.index)}`;
    return [
      {
        name: first!.label ?? `row ${count(number)}`,
        tiles: [
          tile(first!.truth, `truth of ${nameOf(first!)}`),
          ...made.map(({ reconstruction, mse }, i) => tile(reconstruction, `${of(i)}, MSE ${error(mse)}`)),
        ],
      },
      {
        name: "error",
        tiles: [
          null,
          ...apart.map((values, i) => ({
            ...tile(values, `error of ${of(i)}`),
            range: [-most, most] as const,
            differences: true,
          })),
        ],
      },
    ];
  });
  const svg = tileLines(lines, {
    title: "The same rows as the runs reconstruct them",
    description: numbers.map((number) => nameOf(all[0]!.rows.get(number)!)).join("; "),
    heads: ["truth", ...all.map(({ index }) => tagOf(index))],
    // So that a line of few pictures has about the width at which it is drawn, and its text is no larger than that around it.
    side: Math.max(SIDE, Math.min(LARGEST, Math.floor(NARROW / (all.length + 1)))),
  });
  const figure = numbering.figure(
    svg,
    markup`Rows of the ${all[0]!.data.split} part and their reconstructions by ${
      tagsText(all.map(({ index }) => index))
    }, the pictures of a row in the same range of grey. Below them the reconstruction less the truth, red where it is too high and blue
where it is too low, in one range for all runs of a row.`,
    { below: errorsOf(all, numbers, numbering), wide: true },
  );
  // A few pictures would be as large as the page.
  return all.length < FILLED ? markup`<div class="narrow">${figure}</div>` : figure;
}

/** The waveforms of each row over one another. */
function waveforms(all: readonly Shown[], numbers: readonly number[], unit: string, numbering: Numbering): Html {
  const [{ data }] = all as [Shown];
  const samples = data.shape!.at(-1)!, { step, label } = timeAxis(samples, data.rate_hz), truth = color("muted");
  const cut = (values: readonly number[]) => values.slice(0, samples);
  const panels = numbers.map((number) => {
    const made = all.map(({ rows }) => rows.get(number)!), [first] = made;
    return {
      title: nameOf(first!),
      note: "",
      svg: waves([
        { name: "truth", stroke: truth, values: cut(first!.truth) },
        ...made.map(({ reconstruction }, i) => ({
          ...{ name: tagOf(all[i]!.index), ...strokeOf(all[i]!.index), values: cut(reconstruction), thin: true },
        })),
      ], {
        title: `${nameOf(first!)} and its reconstructions`,
        description: made.map(({ mse }, i) => `run ${tagOf(all[i]!.index)}: MSE ${error(mse)}`).join("; "),
        ...{ step, xLabel: label, yLabel: "value", yUnit: unit, width: 320, height: 210 },
      }),
    };
  });
  const channels = data.shape!.length > 1 && data.shape![0]! > 1 ? "; of the channels the first" : "";
  return numbering.panels(
    panels,
    markup`Rows of the ${data.split} part (grey) and their reconstructions by ${
      tagsText(all.map(({ index }) => index))
    }${channels}. Unit of the values: ${unit}.`,
    errorsOf(all, numbers, numbering),
    {
      title: "The same rows as the runs reconstruct them",
      wide: true,
      legend: [
        { name: "truth", fill: truth, shape: "line" },
        ...all.map(({ index }) => {
          const { stroke, dash } = strokeOf(index);
          return { name: tagOf(index), fill: stroke, dash, shape: "line" as const };
        }),
      ],
    },
  );
}

/** The section's body; null where no two runs of the same data have reconstructions of the same rows. */
export function compareRows(runs: readonly RunData[], numbering: Numbering): Content | null {
  const figures = groupsOfRuns(runs, dataDifferences).flatMap((group): Content[] => {
    const all = group.flatMap((index) => shownOf(runs[index]!, index) ?? []).slice(0, SIDE_BY_SIDE);
    const alike = aligned(
      all.filter(({ data: { shape, split } }) =>
        split === all[0]!.data.split && JSON.stringify(shape) === JSON.stringify(all[0]!.data.shape)
      ),
    );
    if (alike.length < 2) return [];
    const { shape } = alike[0]!.data, isImage = shape !== null && rasterOf(shape) !== null;
    const size = isImage ? shape.reduce((product, n) => product * n, 1) : 1;
    const most = Math.min(isImage ? PICTURES : CHARTS, Math.floor(VALUES_MAX / (size * (2 * alike.length + 1))));
    const numbers = commonRows(alike, most);
    if (numbers.length === 0) return [];
    const left = group.length - alike.length;
    const note = left > 0
      ? markup`<p>${plural(left, "run")} of the same data ${left === 1 ? "is" : "are"} not drawn: of more than ${
        count(SIDE_BY_SIDE)
      } runs the first are, and of these those whose diagnostic <code>rows</code> can be read.</p>\n`
      : null;
    const unit = valueUnit(runs[alike[0]!.index]!.config);
    const figure = isImage
      ? pictures(alike, numbers, numbering)
      : shape === null
      ? profiles(alike, numbers, unit, numbering)
      : waveforms(alike, numbers, unit, numbering);
    return [markup`${figure}${note}`];
  });
  return figures.length === 0 ? null : figures;
}

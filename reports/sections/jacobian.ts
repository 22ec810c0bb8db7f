/** The decoder's Jacobian: how many directions of the latent space matter, and what the strongest ones change. */
import { rangeOf, rasterOf } from "../../core/diagnostics/drawing.ts";
import { jacobian, type JacobianDiagnostic, type JacobianPoint } from "../../core/diagnostics/jacobian.ts";
import type { RunData } from "../../core/runs/types.ts";
import { compareLines } from "../charts/compare_lines.ts";
import { tileLines } from "../charts/rasters.ts";
import { waves } from "../charts/waves.ts";
import type { Drawing } from "../drawing.ts";
import { count, number, plural } from "../format.ts";
import { breakable, type Content, type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { sum } from "../series.ts";
import { strokeOf } from "../tags.ts";
import { seriesColor } from "../theme.ts";
import { momentText } from "../when.ts";

const nameOf = ({ row, label }: JacobianPoint) => `row ${count(row)}${label ? ` (${label})` : ""}`;

/** (sum of squares)^2 / sum of fourth powers: how many singular values there would be if all were equal. */
function effective(values: readonly number[]): number {
  const squares = values.map((value) => value * value);
  return sum(squares) ** 2 / sum(squares.map((value) => value * value));
}

function pointTable(data: JacobianDiagnostic, numbering: Numbering): Html {
  const encoder = data.no_encoder === null;
  return numbering.table(
    {
      head: ["", "rank", "largest", "norm", "effective", ...encoder ? ["encoder’s norm"] : []],
      rows: data.points.map((point): Content[] => [
        nameOf(point),
        count(point.rank),
        number(point.singular_values[0], 3),
        number(Math.hypot(...point.singular_values), 3),
        number(effective(point.singular_values), 3),
        ...encoder ? [number(point.encoder_norm, 3)] : [],
      ]),
      numeric: [1, 2, 3, 4, 5],
    },
    markup`Jacobians at each row: rank of the decoder’s (singular values above max(columns, units) × 2⁻²³ of the largest), its largest
singular value, its Frobenius norm, and an effective number of directions, (Σ σ²)² / Σ σ⁴${
      encoder ? "; and the Frobenius norm of the encoder’s" : ""
    }.${data.no_encoder === null ? "" : ` The encoder’s is not computed: ${data.no_encoder}.`}`,
  );
}

/** What the strongest directions at one row change. */
function directions(data: JacobianDiagnostic, point: JacobianPoint, numbering: Numbering): Html {
  const { shape } = data, raster = shape && rasterOf(shape);
  const caption = markup`What the strongest directions of the latent space change at ${
    nameOf(point)
  }: left singular vectors of the decoder’s Jacobian, each of length 1; its sign is that in which the largest latent unit rises.`;
  const title = (k: number) => `direction ${k + 1}`;
  const size = (k: number) => number(point.singular_values[k], 3);
  if (raster) {
    const figure = numbering.figure(
      tileLines([{
        name: "",
        tiles: point.directions.map(({ pattern }, k) => {
          const [low, high] = rangeOf([pattern!]), most = Math.max(-low, high);
          return { values: pattern!, raster, range: [-most, most] as const, differences: true, says: title(k) };
        }),
      }], {
        title: "Images of the strongest directions",
        description: point.directions.map((_, k) => `${title(k)}: σ ${size(k)}`).join("; "),
        heads: point.directions.map((_, k) => `σ ${size(k)}`),
        side: 130,
      }),
      markup`${caption} Red pixels become brighter, blue ones darker.`,
    );
    return markup`<div class="grid">${figure}</div>`;
  }
  if (shape) {
    return numbering.panels(
      point.directions.map(({ pattern }, k) => ({
        title: title(k),
        note: `σ ${size(k)}`,
        svg: waves([{ name: title(k), stroke: seriesColor(k), values: pattern!.slice(0, shape.at(-1)) }], {
          title: `Signal of ${title(k)}`,
          description: `Singular value ${size(k)}.`,
          ...{ step: 1, xLabel: "sample", yLabel: "change", width: 300, height: 180 },
        }),
      })),
      caption,
      null,
      { title: "Signals of the strongest directions", wide: true },
    );
  }
  return numbering.table(
    {
      head: point.directions.flatMap((_, k) => [`${title(k)} (σ ${size(k)})`, ""]),
      rows: Array.from(
        { length: Math.max(...point.directions.map(({ columns }) => columns.length)) },
        (_, i) =>
          point.directions.flatMap(({ columns, weights }): Content[] => [
            breakable(columns[i] ?? ""),
            weights[i] === undefined ? "" : number(weights[i], 2),
          ]),
      ),
      numeric: point.directions.map((_, k) => 2 * k + 1),
    },
    caption,
  );
}

function draw(data: JacobianDiagnostic, run: RunData, numbering: Numbering): Html {
  const { points, latent_size } = data;
  if (points.length === 0) return missing("There is no row at which the Jacobian was computed.");
  const figure = latent_size > 1 && numbering.figure(
    compareLines(
      points.slice(0, 8).map((point, i) => ({
        name: nameOf(point),
        tag: String(point.row),
        ...strokeOf(i),
        points: point.singular_values.map((y, k) => ({ x: k + 1, y })),
      })),
      {
        title: "Singular values of the decoder’s Jacobian",
        ...{ xLabel: "direction", yLabel: "singular value", whole: true, zero: true },
      },
    ),
    markup`Singular values of the decoder’s Jacobian at ${
      plural(Math.min(8, points.length), "row")
    } of the ${data.split} part (its number at the line’s end), after ${
      momentText(run, data.epoch)
    }: by how much its outputs change for a small step along each of ${
      plural(latent_size, "direction")
    } of the latent space. Directions with values near 0 change nothing there.`,
  );
  const first = points[0]!;
  return markup`<div class="grid">${figure}${pointTable(data, numbering)}</div>${
    first.directions.length > 0 ? directions(data, first, numbering) : null
  }`;
}

export const jacobianDrawing: Drawing<JacobianDiagnostic> = { diagnostic: jacobian, title: "Jacobian", draw };

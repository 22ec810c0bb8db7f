/**
 * A diagnostic of one's own: how much each latent unit varies over the rows, what the reconstruction loses without the unit, and a
 * picture of the latent vectors.
 *
 *   deno task train configs/digits.yaml --allow-run \
 *     --override 'diagnostics.kinds=[auto, {module: docs/examples/active_units.ts, settings: {rows: 200}}]'
 */
import type { OwnAnswer, OwnContext } from "../../mod.ts";

export default async function (context: OwnContext): Promise<OwnAnswer> {
  const { latentSize: units, data, settings } = context;
  const chosen = await context.choose([context.part], settings.rows ?? 500);
  const rows = chosen.rows.length, latent = await context.embed(chosen), truth = await context.values(chosen);

  const mean = new Float64Array(units), variance = new Float64Array(units);
  latent.forEach((z, i) => mean[i % units]! += z / rows); // row after row
  latent.forEach((z, i) => variance[i % units]! += (z - mean[i % units]!) ** 2 / rows);

  // The error when a unit is held at its mean.
  const errorOf = (made: Float32Array) => made.reduce((sum, y, i) => sum + (y - truth[i]!) ** 2, 0) / made.length;
  const error = errorOf(await context.decode(latent));
  const without: number[] = [];
  for (let unit = 0; unit < units; unit++) {
    const held = latent.map((z, i) => i % units === unit ? mean[unit]! : z);
    without.push(errorOf(await context.decode(held)) - error);
  }

  const order = [...without.keys()].sort((a, b) => without[b]! - without[a]!);
  return {
    title: "What each latent unit is worth",
    parts: [
      {
        kind: "text",
        text: `${rows} rows of the ${context.part} part, ${units} latent units, ${data.columns} columns.`,
      },
      {
        kind: "bars",
        caption:
          "How much the mean squared error grows when a unit is held at its mean, for the units that matter most.",
        x: "growth of the mean squared error",
        bars: order.slice(0, 20).map((unit) => ({ name: `unit ${unit}`, value: without[unit]! })),
      },
      {
        kind: "points",
        caption: "What a unit is worth against how much it varies over the rows.",
        x: "standard deviation of the unit",
        y: "growth of the mean squared error",
        series: [{ name: "latent units", x: variance.map(Math.sqrt), y: without }],
      },
      {
        kind: "table",
        caption: "The units that matter most.",
        columns: ["unit", "mean", "standard deviation", "growth of the error"],
        rows: order.slice(0, 8).map((unit) => [`${unit}`, mean[unit]!, Math.sqrt(variance[unit]!), without[unit]!]),
      },
      {
        kind: "picture",
        caption:
          "Latent vectors: a column of pixels for each row, a line for each unit, from small (black) to large (white).",
        ...pictureOf(latent, units),
      },
    ],
    data: { rows, error, without },
  };
}

/** A column of pixels for each of the first 100 rows, from 0 (the smallest value) to 255 (the largest). */
function pictureOf(latent: Float32Array, units: number) {
  const width = Math.min(100, latent.length / units), shown = latent.subarray(0, width * units);
  const low = Math.min(...shown), high = Math.max(...shown);
  const at = (i: number) => shown[(i % width) * units + Math.floor(i / width)]!;
  const pixels = Array.from(shown, (_, i) => high > low ? 255 * (at(i) - low) / (high - low) : 0);
  return { width, height: units, pixels };
}

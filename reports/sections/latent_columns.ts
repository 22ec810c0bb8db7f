/** Maps of the latent space in the colours of the values of some columns. */
import type { LatentDiagnostic, RunData } from "../../core/runs/types.ts";
import { latentFrame } from "../charts/latent_scatter.ts";
import { valueMap } from "../charts/value_map.ts";
import { count, plural, ratio } from "../format.ts";
import { groupsOf, pointsOf } from "../groups.ts";
import { type Html, join, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { valueUnit } from "../units.ts";

function unknownText(names: readonly string[]): Html {
  return markup`<p>The data have no column ${
    join(names.map((name) => markup`<code>${name}</code>`), " or ")
  }, of which <code>diagnostics.latent.columns</code> asks for a map.</p>`;
}

/** A small map of each column; null where there are none. */
export function latentColumns(latent: LatentDiagnostic, run: RunData, numbering: Numbering): Html | null {
  const unknown = latent.unknown_columns?.length ? unknownText(latent.unknown_columns) : null;
  const { inside } = latentFrame(groupsOf(latent));
  const points = pointsOf(latent);
  const rowsOf = (values: readonly number[]) =>
    points.map((point, i) => ({ ...point, value: values[i] ?? NaN }))
      .filter((row) => Number.isFinite(row.value) && inside(row));
  const columns = (latent.columns ?? []).filter(({ values }) => rowsOf(values).length > 0);
  if (columns.length === 0) return unknown;
  const maps = columns.map(({ name, r2, values }) => {
    const said = `${plural(rowsOf(values).length, "row")} in the colours of their values, R² ${ratio(r2)}.`;
    return { name, r2, ...valueMap(rowsOf(values), `Latent map by ${name}`, said) };
  });
  const figure = numbering.panels(
    maps.map(({ name, r2, svg }) => ({ title: name, note: `R² ${ratio(r2)}`, svg })),
    markup`The same map in the colours of the values of ${
      columns.length === 1 ? "a column" : `${count(columns.length)} columns`
    } (${
      valueUnit(run.config)
    }). The numbers beside each scale are its 1st and 99th percentile or, where these are equal, its
smallest and largest value; values beyond them have the colours of the ends. R² is the share of the column’s variance that a linear fit to the place on the map explains.${
      maps.some(({ crowded }) => crowded) && " Where rows crowd, a hexagon has the colour of the mean of its rows."
    }`,
    null,
    { title: "Latent maps by column" },
  );
  return markup`${unknown}${figure}`;
}

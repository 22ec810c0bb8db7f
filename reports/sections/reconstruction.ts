/** Reconstruction against truth, column by column. */
import type { RunData } from "../../core/runs/types.ts";
import { reconstructionPanel } from "../charts/reconstruction_panel.ts";
import { count, ratio } from "../format.ts";
import { type Html, markup, raw } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";

const PANELS = 12;

export function reconstructionSection(run: RunData, numbering: Numbering): Html {
  const data = run.reconstruction;
  if (!data || data.columns.length === 0) return missing("No diagnostic of the reconstruction was written.");
  const drawable = data.columns.filter((c) =>
    c.truth.some((t, i) => Number.isFinite(t) && Number.isFinite(c.reconstruction[i] ?? NaN))
  );
  if (drawable.length === 0) return missing("The reconstruction is not made of finite numbers, so it cannot be drawn.");
  const shown = drawable.slice(0, PANELS);
  return numbering.panels(
    shown.map((c) =>
      markup`<div><h4><span title="${c.name}">${c.name}</span><small>R² ${ratio(c.r2)}</small></h4>${
        raw(reconstructionPanel(c.name, c.truth, c.reconstruction, c.r2))
      }</div>\n`
    ),
    markup`Reconstruction (up) against truth (right) of the ${
      count(shown.length)
    } most variable columns, one point a row: ${count(data.rows.length)} rows of the ${data.split} split after epoch ${
      count(data.epoch)
    }, in the units that the model sees (after the transforms). The dashed line
is a perfect reconstruction.`,
  );
}

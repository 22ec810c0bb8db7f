/** The model's layers. */
import type { LayerRow, RunData } from "../../core/runs/types.ts";
import { hourglass } from "../charts/hourglass.ts";
import { count, percent } from "../format.ts";
import { type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";

/** A number of values, or a shape: `16 × 14 × 14`. */
function shapeText(values: number, shape: LayerRow["output_shape"]): string {
  return shape?.map(count).join(" × ") ?? count(values);
}

/** Whether a layer mixes the values of a row, unlike a norm, which has a scale and a shift for each of them. */
const mixes = ({ inputs, outputs, parameters }: LayerRow) => inputs !== outputs || parameters > 2 * inputs;

export function modelSection(run: RunData, numbering: Numbering): Html {
  const { model } = run;
  if (model.length === 0) return missing("No table of the model's layers was written.");
  const total = model.reduce((s, l) => s + l.parameters, 0);
  const sized = model.filter(mixes);
  const widths = [model[0]!.inputs, ...sized.map((l) => l.outputs)];
  const table = numbering.table(
    {
      head: ["layer", "kind", "inputs → outputs", "parameters", "share"],
      rows: model.map((l) => [
        markup`<span class="mono nowrap">${l.name}</span>`,
        l.detail
          ? markup`${l.kind.replaceAll("_", " ")} <span style="color:var(--muted)">${l.detail}</span>`
          : l.kind.replaceAll("_", " "),
        `${shapeText(l.inputs, l.input_shape)} → ${shapeText(l.outputs, l.output_shape)}`,
        l.parameters === 0 ? "–" : count(l.parameters),
        l.parameters === 0 ? "" : percent(l.parameters / total),
      ]),
      foot: ["total", "", "", count(total), ""],
      numeric: [2, 3, 4],
    },
    markup`The layers in the order in which a row passes through them.`,
  );
  const figure = numbering.figure(
    hourglass(widths, sized.filter((l) => l.name.startsWith("encoder.")).length),
    markup`Number of values per row between the layers, drawn on a log scale. The size of the latent vector is set in bold.`,
  );
  return markup`<div class="wide-narrow">${table}${figure}</div>`;
}

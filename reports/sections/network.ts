/** The network drawn: what it makes of one row, and its strongest weights. */
import { network, type NetworkDiagnostic, type NetworkStage } from "../../core/diagnostics/network.ts";
import type { RunData } from "../../core/runs/types.ts";
import { networkChart } from "../charts/network.ts";
import { ABOVE, BELOW } from "../charts/pixels.ts";
import type { Drawing } from "../drawing.ts";
import { count, plural } from "../format.ts";
import { type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { sum } from "../series.ts";
import { momentText } from "../when.ts";

/** Lines that are drawn between two stages at most; the file may have more. */
const LINES = 120;

const kept = ({ maps, height, width }: NetworkStage) => maps * height * width;
const all = ({ shape }: NetworkStage) => shape.reduce((product, n) => product * n, 1);

function sizeText(stage: NetworkStage): string {
  if (stage.shape.length === 1) {
    return stage.units === null
      ? plural(stage.shape[0]!, "unit")
      : `${count(kept(stage))} of ${count(stage.shape[0])} units`;
  }
  const shape = stage.shape.map(count).join(" × ");
  return kept(stage) < all(stage) ? `${count(kept(stage))} of ${shape}` : shape;
}

/** Stages that could be read: their maps have as many values as they say. */
const isWhole = (stage: NetworkStage) =>
  stage.shape.length > 0 && kept(stage) > 0 && kept(stage) <= 100_000 &&
  (stage.values === null || stage.values.length === kept(stage));

function draw(data: NetworkDiagnostic, run: RunData, numbering: Numbering): Html {
  const { stages, connections } = data;
  if (stages.length < 2 || !stages.every(isWhole)) {
    return missing("The network could not be drawn: network.json has other units than it says.");
  }
  const fits = (places: readonly number[], from: number, to: number) =>
    places.length === 3 && places[0]! >= 0 && places[0]! < kept(stages[from]!) && places[1]! >= 0 &&
    places[1]! < kept(stages[to]!) && Number.isFinite(places[2]);
  const lines = connections.filter(({ from, to }) => stages[from] && stages[to]).map((each) => ({
    ...each,
    strongest: each.strongest.filter((places) => fits(places, each.from, each.to)).slice(0, LINES),
  }));
  const shown = sum(lines.map(({ strongest }) => strongest.length));
  const total = sum(connections.map((each) => each.total));
  const absent = stages.filter(({ values }) => values === null).map(({ name }) => name);
  const label = data.label ? `, whose label is ${data.label}` : "";
  const hidden = stages.some((stage) => kept(stage) < all(stage));
  return numbering.figure(
    networkChart(
      stages.map((stage) => ({
        ...stage,
        kind: stage.kinds.join(" + ").replaceAll("_", " ") || "values",
        size: sizeText(stage),
      })),
      lines,
    ),
    markup`The network at work on row ${count(data.row)} (${data.split} part${label}), after ${
      momentText(run, data.epoch)
    }: what each layer gives, one cell for each unit, in the colour of its value; in each layer the largest value has the full colour.${
      hidden
        ? " Of large layers some units are shown, as the line below each says: those at the ends of the lines, then those of the largest values, or evenly spaced ones where units have a place."
        : ""
    }${
      total > 0
        ? ` The lines are the ${count(shown)} strongest weights; ${
          count(total - shown)
        } weaker ones between these layers are hidden. Layers that are no single matrix have no lines.`
        : ""
    }${absent.length > 0 ? ` What ${absent.join(", ")} ${absent.length === 1 ? "gives" : "give"} is not known.` : ""}`,
    { wide: true, legend: [{ name: "above zero", fill: ABOVE }, { name: "below zero", fill: BELOW }] },
  );
}

export const networkDrawing: Drawing<NetworkDiagnostic> = { diagnostic: network, title: "The network", draw };

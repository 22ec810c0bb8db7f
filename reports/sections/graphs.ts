/** The parts into which the run has divided its networks of neurons. */
import type { GraphParts } from "../../core/runs/graph_parts.ts";
import type { RunData } from "../../core/runs/types.ts";
import { partMatrix } from "../charts/part_matrix.ts";
import { count, percent, plural } from "../format.ts";
import { type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";

/** Networks with parts; the section is for runs that have some. */
export const hasGraphs = ({ graphs }: RunData): boolean => graphs.length > 0;

const BY: Readonly<Record<string, string>> = { METIS: "by METIS", engine: "by the engine", file: "as a file says" };

/** Whether the matrix has as many rows and columns as there are parts, and numbers in them. */
function isWhole({ sizes, between, connections, within }: GraphParts): boolean {
  const isCount = (value: number) => Number.isFinite(value) && value >= 0;
  return sizes.length > 0 && sizes.every(isCount) && isCount(connections) && isCount(within) &&
    between.length === sizes.length && between.every((row) => row.length === sizes.length && row.every(isCount));
}

function figureOf(graph: GraphParts, numbering: Numbering): Html {
  const { layer, neurons, connections, by, sizes, within, between } = graph;
  if (!isWhole(graph)) {
    return between.length === 0 && sizes.length > 0
      ? markup`<p>${layer} has ${plural(sizes.length, "part")}, too many to be drawn; ${
        percent(within / Math.max(1, connections))
      } of its ${plural(connections, "connection")} are within one.</p>`
      : missing(`The parts of ${layer} could not be drawn: graphs.json has other numbers than it says.`);
  }
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  return numbering.figure(
    partMatrix(between, {
      title: `Connections between the parts of ${layer}`,
      description: `${percent(within / Math.max(1, connections))} of the connections stay within a part.`,
      unit: "connection",
    }),
    markup`Connections from part to part of <span class="mono">${layer}</span>: its ${
      plural(neurons, "neuron")
    } are divided ${BY[by] ?? by} into ${plural(sizes.length, "part")} of ${
      least === most ? count(least) : `${count(least)} to ${count(most)}`
    }. ${count(within)} of ${plural(connections, "connection")} (${
      percent(within / Math.max(1, connections))
    }) stay within a part. The colour is the deeper, the more there are, by their logarithm.`,
  );
}

export function graphsSection(run: RunData, numbering: Numbering): Html {
  return markup`<p>Threads share a network of neurons by parts, and the fewer connections lead from one part to another, the less a
thread waits for what another one has written. The parts change no result.</p><div class="grid">${
    run.graphs.map((graph) => figureOf(graph, numbering))
  }</div>`;
}

/**
 * The table of docs/neurons.md: which share of the connections of drawn networks stays within parts, by the engine and by METIS.
 *
 *     deno run -A scripts/measure_parts.ts
 */
import { metis, runMetis } from "../core/graphs/metis.ts";
import { countParts } from "../core/runs/graph_parts.ts";
import { graphEdges, partitionGraph } from "../ffi/graph.ts";

const NETWORKS = [
  { neurons: 512, fan_in: 16, reach: 24, far: 0.1 },
  { neurons: 16_384, fan_in: 16, reach: 32, far: 0.05 },
  { neurons: 100_000, fan_in: 8, reach: 16, far: 0.02 },
  { neurons: 20_000, fan_in: 8, reach: 0, far: 0 },
];

const program = metis();
console.log("| neurons | sources | parts | engine | METIS |\n|---|---|---|---|---|");
for (const { neurons, fan_in, reach, far } of NETWORKS) {
  const pairs = graphEdges({ kind: "neuron_graph", size: 1, neurons, rounds: 2, fan_in, reach, far });
  const text = (part: Uint32Array) => {
    const { within, connections, sizes } = countParts("", "", part, pairs);
    const [least, most] = [Math.min, Math.max].map((of) => (of(...sizes) * sizes.length / neurons).toFixed(2));
    return `${(100 * within / connections).toFixed(1)} % (${least} to ${most})`;
  };
  for (const parts of [2, 6, 32]) {
    const own = text(await partitionGraph(neurons, pairs, parts));
    const answer = program === null ? null : await runMetis(program, neurons, pairs, parts);
    const theirs = answer === null ? "not installed" : "part" in answer ? text(answer.part) : answer.failed;
    const from = reach === 0 ? `${fan_in} of all` : `${fan_in} within ${reach}, ${100 * far} % of all`;
    console.log(`| ${neurons.toLocaleString("en-US")} | ${from} | ${parts} | ${own} | ${theirs} |`);
  }
}

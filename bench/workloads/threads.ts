/** The speed-up from one thread to two, for the forward and the backward pass. */
import { checkAutoencoder } from "../check.ts";
import { writeChunks } from "../chunks.ts";
import { cannot, settlingSteps, Training } from "../narrows.ts";
import { median } from "../../core/analysis/statistics.ts";
import { byTurns, timing } from "../stats.ts";
import type { Context, Goal, Outcome, Row, Workload } from "../types.ts";

const WANTED = 1.85;
const NOTES = [
  "The network is that of the first table. Backward includes the output layer, whose two passes are one, and all updates.",
  "One thread and two threads take turns with three steps each. The gain is the median of the ratios of the rounds.",
];
const solvers = (["dense", "factored"] as const).filter((solver) => cannot({ solver }) === null);

async function measure(context: Context): Promise<Outcome> {
  const quick = context.mode === "quick";
  const shape = { chunks: 1, rowsPerChunk: 1024, columns: 60_664, nnzPerRow: 1820 };
  const [path] = await writeChunks(context.scratch, shape);
  const rows: Row[] = [], goals: Goal[] = [];
  for (const solver of solvers) {
    const net = { path: path!, hidden: 512, latent: 64, solver };
    await using one = Training.start({ ...net, threads: 1 });
    await using two = Training.start({ ...net, threads: 2 });
    const times = { forward: [[], []], backward: [[], []] } as Record<"forward" | "backward", [number[], number[]]>;
    const side = (training: Training, index: 0 | 1) => async () => {
      const { step, forward, backward } = await training.steps(3);
      times.forward[index].push(forward);
      times.backward[index].push(backward);
      return step;
    };
    await one.steps(settlingSteps(solver));
    await two.steps(settlingSteps(solver));
    await byTurns(quick ? 5 : 21, [side(one, 0), side(two, 1)]);
    for (const part of ["forward", "backward"] as const) {
      const [single, both] = times[part].map(timing);
      const [ones, twos] = times[part];
      const gain = median(ones.map((time, round) => time / twos[round]!)); // each against its neighbour in time
      const what = `${solver}, ${part}`;
      rows.push({ what: `${what}, 1 thread`, unit: "ms", narrows: single!, peer: null, ratio: null, floor: null });
      rows.push({
        what: `${what}, 2 threads`,
        unit: "ms",
        narrows: both!,
        peer: null,
        ratio: null,
        floor: null,
        note: `${gain.toFixed(2)} x as fast as one thread`,
      });
      goals.push({
        work: `speed-up from one thread to two, ${what}`,
        wanted: `${WANTED} x`,
        got: `${gain.toFixed(2)} x`,
        reached: gain >= WANTED,
      });
    }
  }
  return { rows, goals, plots: [], notes: NOTES };
}

export const threads: Workload = {
  name: "threads",
  title: "Speed-up from one thread to two",
  skip: () => navigator.hardwareConcurrency < 2 ? "this machine has one core" : null,
  async check({ scratch }) {
    for (const solver of solvers) await checkAutoencoder(scratch, { solver, threads: 2 });
  },
  measure,
};

/** Step time against the number of columns, with the same non-zeros a row: what the factored solver is for. */
import { checkAutoencoder } from "../check.ts";
import { writeChunks } from "../chunks.ts";
import { cannot, settlingSteps, type Solver, Training } from "../narrows.ts";
import { type Peer, peerStep } from "../peer.ts";
import { byTurns, ratio, timing } from "../stats.ts";
import type { Context, Curve, Goal, Outcome, Row, Workload } from "../types.ts";

const NNZ = 1500, ROWS = 512, HIDDEN = 256, LATENT = 64;
const FEW = 20_000, MANY = 2_000_000;
/** Beyond these a dense step takes seconds and shows nothing new. */
const MOST: Readonly<Record<Solver | "peer", number>> = { factored: MANY, dense: 500_000, peer: 200_000 };

function sizes({ mode }: Context): number[] {
  return mode === "quick" ? [FEW, 200_000, MANY] : [10_000, FEW, 50_000, 100_000, 200_000, 500_000, 1_000_000, MANY];
}

const solvers = (["factored", "dense"] as const).filter((solver) => cannot({ solver }) === null);

async function measureSolver(context: Context, path: string, columns: number, solver: Solver, peer: Peer | null) {
  const quick = context.mode === "quick";
  await using training = Training.start({ path, solver, hidden: HIDDEN, latent: LATENT, threads: context.threads });
  await training.steps(settlingSteps(solver));
  if (peer) await peerStep(peer, 2);
  const count = quick ? 2 : 4;
  const [ours, theirs] = await byTurns(quick ? 3 : 7, [
    async () => (await training.steps(count)).step,
    peer ? () => peerStep(peer, quick ? 1 : 2) : null,
  ]);
  const narrows = timing(ours!), other = peer ? timing(theirs!) : null;
  const what = `${columns.toLocaleString("en-US")} columns, ${solver}`;
  return { what, unit: "ms", narrows, peer: other, ratio: ratio(narrows, other, "less"), floor: null } satisfies Row;
}

async function measure(context: Context): Promise<Outcome> {
  const rows: Row[] = [];
  const curves = new Map<string, { x: number; y: number }[]>();
  const add = (name: string, x: number, y: number) => curves.set(name, [...curves.get(name) ?? [], { x, y }]);
  for (const columns of sizes(context)) {
    const chunks = await writeChunks(context.scratch, { chunks: 1, rowsPerChunk: ROWS, columns, nnzPerRow: NNZ });
    await using peer = columns <= (context.mode === "quick" ? FEW : MOST.peer) ? await context.peer() : null;
    const sizes = { hidden: HIDDEN, latent: LATENT, batch: 128, threads: context.threads };
    await peer?.ask("train", { chunks, learning_rate: 1e-3, ...sizes });
    for (const solver of solvers) {
      if (columns > MOST[solver]) continue;
      const row = await measureSolver(context, chunks[0]!, columns, solver, peer);
      rows.push(row);
      add(`narrows, ${solver}`, columns, row.narrows.median);
      if (row.peer && solver === solvers[0]) add("PyTorch", columns, row.peer.median);
    }
  }
  const named: Curve[] = [...curves].map(([name, points]) => ({ name, points }));
  return {
    rows,
    goals: [goal(named.find(({ name }) => name === "narrows, factored"))],
    plots: [{
      file: "columns.svg",
      title: "Step time against columns",
      x: "columns",
      y: "ms a step",
      log: true,
      curves: named,
    }],
    notes: [
      `${NNZ} non-zeros a row at every width, ${HIDDEN}-${LATENT}-${HIDDEN}, batch 128, Adam for all other layers`,
    ],
  };
}

function goal(factored: Curve | undefined): Goal {
  const at = (columns: number) => factored?.points.find(({ x }) => x === columns)?.y ?? NaN;
  const growth = at(MANY) / at(FEW);
  const measured = Number.isFinite(growth);
  return {
    work: "step time at 2,000,000 columns over that at 20,000, factored",
    wanted: "at most 1.5",
    got: measured ? growth.toFixed(2) : null,
    reached: measured ? growth <= 1.5 : null,
  };
}

export const columns: Workload = {
  name: "columns",
  title: "Step time against columns",
  skip: () => null,
  async check({ scratch, threads }) {
    for (const solver of solvers) await checkAutoencoder(scratch, { solver, threads });
  },
  measure,
};

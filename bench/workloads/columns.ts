/** Step time against the number of columns, with the same number of non-zeros per row. */
import { checkAutoencoder } from "../check.ts";
import { type ColumnLaw, csrOf, touchedColumns, writeChunks } from "../chunks.ts";
import { denseFloorMs, factoredFloorMs } from "../limits.ts";
import { cannot, settlingSteps, type Solver, Training } from "../narrows.ts";
import { type Peer, peerStep } from "../peer.ts";
import { byTurns, ratio, timing } from "../stats.ts";
import type { Context, Curve, Goal, Outcome, Row, Workload } from "../types.ts";

const NNZ = 1500, ROWS = 512, HIDDEN = 256, LATENT = 64;
const FEW = 20_000, MANY = 2_000_000;
/** The largest numbers of columns that are measured. Beyond them a dense step takes seconds. */
const MOST: Readonly<Record<Solver | "peer", number>> = { factored: MANY, dense: 500_000, peer: 200_000 };

function sizes({ mode }: Context): number[] {
  return mode === "quick" ? [FEW, 200_000, MANY] : [10_000, FEW, 50_000, 100_000, 200_000, 500_000, 1_000_000, MANY];
}

const solvers = (["factored", "dense"] as const).filter((solver) => cannot({ solver }) === null);

/** The first law is that of the goal, since words and genes are skewed. The second is the worst case. */
const LAWS = ["skewed", "uniform"] as const satisfies readonly ColumnLaw[];
const BATCH = 128;
const curveOf = (solver: Solver, law: ColumnLaw) => `narrows, ${solver}, ${law}`;

async function measureSolver(
  context: Context,
  path: string,
  columns: number,
  law: ColumnLaw,
  solver: Solver,
  touched: number,
  peer: Peer | null,
) {
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
  const what = rowName(columns, law, solver);
  const shape = { columns, hidden: HIDDEN, latent: LATENT, batch: BATCH, nnzPerRow: NNZ };
  const floor = solver === "dense"
    ? denseFloorMs(shape, context.limits)
    : factoredFloorMs(shape, touched, context.limits);
  return { what, unit: "ms", narrows, peer: other, ratio: ratio(narrows, other, "less"), floor } satisfies Row;
}

async function measure(context: Context): Promise<Outcome> {
  const rows: Row[] = [];
  const curves = new Map<string, { x: number; y: number }[]>();
  const add = (name: string, x: number, y: number) => curves.set(name, [...curves.get(name) ?? [], { x, y }]);
  const touched: string[] = [];
  for (const columns of sizes(context)) {
    for (const law of LAWS) {
      const shape = { chunks: 1, rowsPerChunk: ROWS, columns, nnzPerRow: NNZ, law };
      const chunks = await writeChunks(context.scratch, shape);
      const count = touchedColumns(csrOf(law, BATCH, columns, NNZ, 1), BATCH);
      touched.push(`${columns.toLocaleString("en-US")} ${law}: ${count.toLocaleString("en-US")}`);
      // A dense step takes the same time whatever columns are touched, so it is measured for one law only.
      const uniform = law === "uniform", most = context.mode === "quick" ? FEW : MOST.peer;
      await using peer = uniform && columns <= most ? await context.peer() : null;
      const sizes = { hidden: HIDDEN, latent: LATENT, batch: BATCH, threads: context.threads };
      await peer?.ask("train", { chunks, learning_rate: 1e-3, ...sizes });
      for (const solver of solvers) {
        if (columns > MOST[solver] || (solver === "dense" && !uniform)) continue;
        const row = await measureSolver(context, chunks[0]!, columns, law, solver, count, peer);
        rows.push(row);
        add(curveOf(solver, law), columns, row.narrows.median);
        if (row.peer && solver === solvers[0]) add("PyTorch", columns, row.peer.median);
      }
    }
  }
  const named: Curve[] = [...curves].map(([name, points]) => ({ name, points }));
  return {
    rows,
    goals: [goal(rows)],
    plots: [{
      file: "columns.svg",
      title: "Step time against columns",
      x: "columns",
      y: "ms per step",
      log: true,
      curves: named,
    }],
    notes: [
      `Rows have ${NNZ} non-zeros for every number of columns. The network is ${HIDDEN}-${LATENT}-${HIDDEN}, the batch has ` +
      `${BATCH} rows, and all layers except a factored output layer are trained with Adam.`,
      "Skewed: the frequencies of the columns follow the law of the words of 20 Newsgroups (bench/chunks.ts), whose tail " +
      "gets longer with the number of columns. Uniform: all columns are equally frequent, which is the worst case for the " +
      "input layer, since its time depends on the number of different columns in a batch. The goal is for skewed columns.",
      `Different columns in a batch: ${touched.join("; ")}.`,
    ],
  };
}

const rowName = (columns: number, law: ColumnLaw, solver: Solver) =>
  `${columns.toLocaleString("en-US")} columns, ${law}, ${solver}`;

function goal(rows: readonly Row[]): Goal {
  const of = (columns: number) => rows.find(({ what }) => what === rowName(columns, LAWS[0], "factored"));
  const few = of(FEW), many = of(MANY);
  const growth = few?.narrows && many?.narrows ? many.narrows.median / few.narrows.median : null;
  const ofFloors = few?.floor && many?.floor
    ? `; the ratio of the floors is ${(many.floor / few.floor).toFixed(2)}`
    : "";
  return {
    work: "step time at 2,000,000 columns divided by that at 20,000, skewed, factored",
    wanted: "at most 1.5",
    got: growth === null ? null : growth.toFixed(2) + ofFloors,
    reached: growth === null ? null : growth <= 1.5,
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

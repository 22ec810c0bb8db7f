/** Networks whose step is short: what a step costs besides its arithmetic. */
import { checkAutoencoder } from "../check.ts";
import { writeDense } from "../chunks.ts";
import { denseLayersFloorMs } from "../limits.ts";
import { Training } from "../narrows.ts";
import { peerStep } from "../peer.ts";
import { shown } from "../print.ts";
import { byTurns, ratio, timing } from "../stats.ts";
import type { Context, Outcome, Row, Workload } from "../types.ts";

interface Small {
  readonly what: string;
  readonly columns: number;
  readonly hidden: number;
  readonly latent: number;
  readonly batch: number;
  readonly rows: number;
  readonly steps: number;
  readonly unit: "ms" | "µs";
  readonly batchNorm?: boolean;
}

const MLP: Small = {
  what: "MLP 784-256-32-256-784, batch 128",
  columns: 784,
  hidden: 256,
  latent: 32,
  batch: 128,
  rows: 4096,
  steps: 64,
  unit: "ms",
};
const NORMED: Small = { ...MLP, what: `${MLP.what}, with batch norms`, batchNorm: true };
const TINY: Small = {
  what: "tiny network 16-8-2-8-16, batch 4",
  columns: 16,
  hidden: 8,
  latent: 2,
  batch: 4,
  rows: 8000,
  steps: 2000,
  unit: "µs",
};

async function measureOne(context: Context, small: Small): Promise<Row> {
  const { columns, hidden, latent, batch, steps, unit, batchNorm } = small;
  const { scratch, threads, mode } = context;
  const path = await writeDense(scratch, small.rows, columns);
  const sizes = { hidden, latent, batch, threads };
  await using training = Training.start({ path, dense: true, solver: "dense", batchNorm, ...sizes });
  await using peer = await context.peer();
  await peer?.ask("train", { dense: path, learning_rate: 1e-3, batch_norm: batchNorm ?? false, ...sizes });
  await training.steps(steps);
  if (peer) await peerStep(peer, 10);
  const [ours, theirs] = await byTurns(mode === "quick" ? 5 : 15, [
    async () => (await training.steps(steps)).step,
    peer ? () => peerStep(peer, Math.ceil(steps / (mode === "quick" ? 32 : 4))) : null,
  ]);
  const scale = unit === "µs" ? 1000 : 1;
  const scaled = (values: readonly number[]) => timing(values.map((ms) => scale * ms));
  const narrows = scaled(ours!), other = peer ? scaled(theirs!) : null;
  const floor = scale * denseLayersFloorMs([columns, hidden, latent, hidden, columns], batch, context.limits);
  return { what: small.what, unit, narrows, peer: other, ratio: ratio(narrows, other, "less"), floor };
}

async function measure(context: Context): Promise<Outcome> {
  const mlp = await measureOne(context, MLP);
  const normed = await measureOne(context, NORMED);
  const tiny = await measureOne(context, TINY);
  return {
    rows: [mlp, normed, tiny],
    goals: [{
      work: MLP.what,
      wanted: "1.5 x",
      got: mlp.ratio === null ? null : `${shown(mlp.ratio)} x`,
      reached: mlp.ratio === null ? null : mlp.ratio >= 1.5,
    }],
    plots: [],
    notes: [
      "Both sides read one dense .npy file. The workers of narrows make batches during training, and PyTorch selects rows of " +
      "a tensor. The floor counts only the arithmetic.",
    ],
  };
}

export const small: Workload = {
  name: "small",
  title: "Small networks",
  skip: () => null,
  check: ({ scratch, threads }) => checkAutoencoder(scratch, { solver: "dense", dense: true, threads }),
  measure,
};

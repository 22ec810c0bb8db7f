/** Steps of networks of several shapes: convolutions over signals and images, and a variational one of counts. */
import { join } from "@std/path";
import { loadConfig } from "../../core/config/mod.ts";
import { readTensors } from "../tensors.ts";
import { type Csr, npyBytes, npzBytes, syntheticCsr, writeDense } from "../chunks.ts";
import { networkFloorMs } from "../limits.ts";
import { Training } from "../narrows.ts";
import { near } from "../check.ts";
import { type Peer, peerStep } from "../peer.ts";
import { shown } from "../print.ts";
import { byTurns, ratio, timing } from "../stats.ts";
import type { Context, Goal, Outcome, Row, Workload } from "../types.ts";

/** A network in the words of a config. */
export interface Network {
  readonly what: string;
  readonly shape: readonly number[];
  readonly encoder: readonly unknown[];
  readonly decoder: readonly unknown[];
  readonly loss?: Readonly<Record<string, unknown>>;
  readonly batch: number;
  readonly learningRate?: number;
}

const conv = (kind: string, channels: number, kernel: number, stride: number, padding: number) => ({
  [kind]: channels,
  kernel,
  stride,
  padding,
});
const normed = (layer: unknown) => [layer, "batch_norm", "relu"];

export const CONV2D: Network = {
  what: "conv2d autoencoder, 28 x 28, 16 and 32 channels, latent 32, batch 128",
  shape: [1, 28, 28],
  encoder: [conv("conv2d", 16, 3, 2, 1), "relu", conv("conv2d", 32, 3, 2, 1), "relu", { linear: 32 }],
  decoder: [
    { linear: 1568 },
    "relu",
    { unflatten: [32, 7, 7] },
    conv("conv_transpose2d", 16, 4, 2, 1),
    "relu",
    conv("conv_transpose2d", 1, 4, 2, 1),
    "sigmoid",
  ],
  batch: 128,
};

export const CONV1D: Network = {
  what: "conv1d autoencoder, length 1024, 32, 64 and 128 channels, batch norms, latent 64, batch 64",
  shape: [1, 1024],
  encoder: [
    ...normed(conv("conv1d", 32, 7, 2, 3)),
    ...normed(conv("conv1d", 64, 5, 2, 2)),
    ...normed(conv("conv1d", 128, 5, 2, 2)),
    { linear: 64 },
  ],
  decoder: [
    { linear: 16384 },
    { unflatten: [128, 128] },
    "relu",
    ...normed(conv("conv_transpose1d", 64, 4, 2, 1)),
    ...normed(conv("conv_transpose1d", 32, 4, 2, 1)),
    conv("conv_transpose1d", 1, 4, 2, 1),
  ],
  batch: 64,
};

const WIDE: Network = {
  what: "conv1d autoencoder with kernels of 31 taps, length 1408, 16 and 32 channels, latent 32, batch 32",
  shape: [1, 1408],
  encoder: [conv("conv1d", 16, 31, 2, 15), "relu", conv("conv1d", 32, 31, 2, 15), "relu", { linear: 32 }],
  decoder: [
    { linear: 32 * 352 },
    "relu",
    { unflatten: [32, 352] },
    { ...conv("conv_transpose1d", 16, 31, 2, 15), output_padding: 1 },
    "relu",
    { ...conv("conv_transpose1d", 1, 31, 2, 15), output_padding: 1 },
  ],
  batch: 32,
};

const MLP: Network = {
  what: "MLP 784-256-32-256-784, batch 128, ReLU after each hidden layer",
  shape: [784],
  encoder: [{ linear: 256 }, "relu", { linear: 32 }, "relu"],
  decoder: [{ linear: 256 }, "relu", { linear: "output" }],
  batch: 128,
};

export const COUNTS: Network = {
  what: "negative binomial variational autoencoder, 20,000 columns, 3 % stored, 128-10-128, batch 128",
  shape: [20_000],
  encoder: [{ linear: 128 }, "layer_norm", "relu", { variational: 10 }],
  decoder: [{ linear: 128 }, "relu", { linear: "output" }],
  loss: { kind: "negative_binomial", size: "library", size_scale: 1000, reduction: "row_mean" },
  batch: 128,
};

export interface Case {
  readonly net: Network;
  readonly wanted: number;
  /** Of one measurement. */
  readonly steps: number;
}

const CASES: readonly Case[] = [
  { net: CONV1D, wanted: 2.5, steps: 6 },
  { net: CONV2D, wanted: 4, steps: 24 },
  { net: MLP, wanted: 1.8, steps: 64 },
  { net: WIDE, wanted: 3, steps: 6 },
  { net: COUNTS, wanted: 5, steps: 8 },
];

export const sparse = (net: Network) => net.loss !== undefined;

/** The config of a network over data; other keys have their defaults. */
export function networkConfig(
  net: Network,
  path: string,
  more: { threads: number; seed?: number; validation?: number },
) {
  const { seed = 1, validation = 0, threads } = more;
  const text = JSON.stringify({
    name: "bench",
    seed,
    data: {
      ...sparse(net) ? { format: "csr_npz" } : { format: "dense_npy", shape: net.shape },
      path,
      batch_size: net.batch,
      shuffle_window: 64,
      split: { train: 1 - validation, validation, test: 0 },
      transforms: [],
    },
    model: { encoder: net.encoder, decoder: net.decoder, start: "random" },
    ...net.loss ? { loss: net.loss } : {},
    optimizer: { name: "adam", learning_rate: net.learningRate ?? 1e-3 },
    training: { epochs: 1 },
    runtime: { threads },
  });
  return loadConfig({ file: "bench.json", text }).config;
}

/** What the peer is told of a network. */
export function peerNetwork(net: Network, config: Training["config"], path: string) {
  const { model, loss, optimizer, runtime } = config;
  return {
    layers: [...model.encoder, ...model.decoder],
    shape: net.shape,
    loss,
    batch: net.batch,
    learning_rate: optimizer.learning_rate,
    threads: runtime.threads,
    ...sparse(net) ? { chunks: [path] } : { dense: path },
  };
}

const counts = (csr: Csr): Csr => ({ ...csr, data: csr.data.map((value) => Math.ceil(5 * value)) });

/** Rows for a network, made up: counts from 1 to 6, or values in [0, 1). */
async function madeRows({ scratch }: Context, net: Network, rows: number): Promise<string> {
  const columns = net.shape.reduce((product, size) => product * size, 1);
  if (!sparse(net)) return await writeDense(scratch, rows, columns);
  const path = await Deno.makeTempFile({ dir: scratch, prefix: "counts-", suffix: ".npz" });
  await Deno.writeFile(path, npzBytes(counts(syntheticCsr(rows, columns, Math.ceil(0.03 * columns), 1))));
  return path;
}

/** The peer has the same loss with the same weights, and after some steps with all rows. */
export async function compare(context: Context, net: Network): Promise<void> {
  const peer = await context.peer();
  if (peer === null) return;
  await using _ = peer;
  const path = await madeRows(context, net, net.batch);
  const config = networkConfig(net, path, context);
  await using training = Training.of(config);
  const weights = await readTensors(training.model, "encoder.", "decoder.");
  const file = join(context.scratch, "weights.npy");
  await Deno.writeFile(file, npyBytes(1, weights.length, weights));
  await peer.ask("network", peerNetwork(net, config, path));
  await peer.ask("weights", { path: file });
  const all = Array.from({ length: net.batch }, (_, row) => row);
  const { loss } = await peer.ask<{ loss: number }>("loss", { rows: all });
  near(`${net.what}: loss with the same weights`, await training.loss("train"), loss, 1e-4);
  if (JSON.stringify(net).includes("variational")) return; // its noise is another
  const { losses } = await peer.ask<{ losses: number[] }>("steps", { count: 5 });
  const own = await training.steps(5);
  own.losses.forEach((loss, step) => near(`${net.what}: loss of step ${step + 1}`, loss, losses[step]!, 1e-3));
}

export async function measureCase(context: Context, { net, wanted, steps }: Case): Promise<{ row: Row; goal: Goal }> {
  const path = await madeRows(context, net, 8 * net.batch);
  const config = networkConfig(net, path, context);
  await using training = Training.of(config);
  const peer: Peer | null = await context.peer();
  await using _ = peer;
  const told = await peer?.ask<{ channels_last: boolean }>("network", peerNetwork(net, config, path));
  await training.steps(steps);
  if (peer) await peerStep(peer, 2);
  const quick = context.mode === "quick";
  const [ours, theirs] = await byTurns(quick ? 3 : 11, [
    async () => (await training.steps(quick ? Math.ceil(steps / 4) : steps)).step,
    peer ? () => peerStep(peer, Math.ceil(steps / (quick ? 8 : 2))) : null,
  ]);
  const narrows = timing(ours!), other = peer ? timing(theirs!) : null;
  const times = ratio(narrows, other, "less");
  return {
    row: {
      what: net.what,
      unit: "ms",
      narrows,
      peer: other,
      ratio: times,
      floor: networkFloorMs(training.model.describe(), training.source, net.batch, context.limits),
      ...told?.channels_last ? { note: "PyTorch's images have channels last, which is faster here" } : {},
    },
    goal: {
      work: net.what,
      wanted: `${wanted} x`,
      got: times === null ? null : `${shown(times)} x`,
      reached: times === null ? null : times >= wanted,
    },
  };
}

async function measure(context: Context): Promise<Outcome> {
  const rows: Row[] = [], goals: Goal[] = [];
  for (const one of CASES) {
    const { row, goal } = await measureCase(context, one);
    rows.push(row);
    goals.push(goal);
  }
  return {
    rows,
    goals,
    plots: [],
    notes: [
      "Adam, mean squared error where nothing else is said. The floor counts the products of all layers, of the first layer " +
      "those of the stored values, and for counts one read and one write of the output layer's weights and moments.",
    ],
  };
}

export const networks: Workload = {
  name: "networks",
  title: "Networks of several shapes",
  skip: () => null,
  async check(context) {
    for (const { net } of CASES) await compare(context, net);
  },
  measure,
};

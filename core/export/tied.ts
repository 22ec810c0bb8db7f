/** Tied weights: the decoder's k-th linear layer from its end has the transposed weight of the encoder's k-th. */
import type { NetworkLayer, TrainedNetwork } from "./network.ts";

const isLinear = ({ kind }: NetworkLayer) => kind === "linear";

/** The encoder's layer whose weight, transposed, is that of a tied layer. */
export function mirroredLayer({ encoder, decoder }: TrainedNetwork, { name }: NetworkLayer): NetworkLayer {
  const fromEnd = decoder.filter(isLinear).reverse().findIndex((layer) => layer.name === name);
  const mirrored = encoder.filter(isLinear)[fromEnd];
  if (mirrored === undefined) throw new Error(`${name}: no layer of the encoder mirrors it`);
  return mirrored;
}

export const mirroredWeight = (network: TrainedNetwork, layer: NetworkLayer): string =>
  `${mirroredLayer(network, layer).name}.weight`;

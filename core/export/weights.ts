/** The tensors of a checkpoint, whole and in pieces. */
import { UserError } from "../errors.ts";
import { largestSlice, tensorSizes, tensorSlices, type TensorSource } from "../formats/tensor.ts";
import type { TrainedNetwork } from "./network.ts";

/** @throws {UserError} if the checkpoint lacks it: it is of a network with other layers */
export function tensorNamed(network: TrainedNetwork, name: string): TensorSource {
  const tensor = network.tensors.get(name);
  if (tensor !== undefined) return tensor;
  throw new UserError(network.checkpoint, `has no tensor ${name}, which the layers of the run need`, undefined, 1);
}

/** The bytes of a tensor, some at a time; a piece is overwritten by the next one. */
export async function* tensorBytes(source: TensorSource): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const buffer = new Uint8Array(largestSlice([source]));
  for (const { firstRow, rows, bytes } of tensorSlices(source)) {
    const slice = buffer.subarray(0, bytes);
    await source.read(firstRow, rows, slice);
    yield slice;
  }
}

export const bytesOfTensor = (source: TensorSource): number => tensorSizes(source).bytes;

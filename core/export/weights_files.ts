/** The weights alone, under the names and in the shapes of the checkpoint: as safetensors, and as NumPy's `.npz`. */
import { UserError } from "../errors.ts";
import { writeAtomically } from "../formats/file.ts";
import { npyHeader } from "../formats/npy.ts";
import { encodeSafetensors } from "../formats/safetensors.ts";
import type { TensorSource } from "../formats/tensor.ts";
import { ARCHIVE_BYTES_MAX, type StoredMember, writeStoredZip } from "../formats/zip_write.ts";
import { metadataOf } from "./about.ts";
import type { TrainedNetwork } from "./network.ts";
import { bytesOfTensor, tensorBytes } from "./weights.ts";

/** Of the types that tensors of a network have. */
const DESCR = { F32: "<f4", F64: "<f8", I64: "<i8", U32: "<u4" } as const;

export async function writeSafetensors(network: TrainedNetwork, path: string): Promise<void> {
  const metadata = { format: "pt", ...metadataOf(network) };
  await writeAtomically(path, async (file) => {
    for await (const bytes of encodeSafetensors([...network.tensors.values()], metadata)) await file.write(bytes);
  });
}

/** @throws {UserError} of weights of 4 GB and more */
export async function writeNpz(network: TrainedNetwork, path: string): Promise<void> {
  const members = [...network.tensors.values()].map(member);
  const total = members.reduce((sum, { size }) => sum + size, 0);
  if (total > ARCHIVE_BYTES_MAX) {
    const what = `the weights take ${total} bytes, more than fit in one .npz file`;
    throw new UserError("--format npz", what, "use --format safetensors");
  }
  await writeStoredZip(path, members);
}

function member(source: TensorSource): StoredMember {
  const header = npyHeader(DESCR[source.dtype], source.shape);
  return {
    name: `${source.name}.npy`,
    size: header.length + bytesOfTensor(source),
    async *bytes() {
      yield header;
      yield* tensorBytes(source);
    },
  };
}

/**
 * A sparse autoencoder under the names that SAELens reads (`SAE.load_from_disk`): a folder with `cfg.json` and
 * `sae_weights.safetensors`, which holds W_enc (inputs x units), b_enc (units), W_dec (units x inputs) and b_dec (inputs). There
 * z = topk((x - b_dec) W_enc + b_enc) and the reconstruction is z W_dec + b_dec; https://github.com/jbloomAus/SAELens,
 * `sae_lens/saes/topk_sae.py`.
 */
import { join } from "@std/path";
import { UserError } from "../errors.ts";
import { isFile, makeFolder, writeAtomically } from "../formats/file.ts";
import { encodeSafetensors } from "../formats/safetensors.ts";
import type { TensorSource } from "../formats/tensor.ts";
import { metadataOf } from "./about.ts";
import { linkOf } from "./link.ts";
import type { NetworkLayer, TrainedNetwork } from "./network.ts";
import { bytesOfTensor, tensorBytes, tensorNamed } from "./weights.ts";

export const CONFIG_FILE = "cfg.json", WEIGHTS_FILE = "sae_weights.safetensors";

interface Pair {
  readonly code: NetworkLayer;
  readonly dictionary: NetworkLayer;
}

/** The layers that SAELens knows; a flatten before them changes no value of a row. @throws {UserError} of other networks */
function pairOf(network: TrainedNetwork): Pair {
  const [code, ...before] = network.encoder.toReversed(), [dictionary, ...behind] = network.decoder;
  const fits = code?.kind === "sparse_code" && dictionary?.kind === "dictionary" && behind.length === 0 &&
    before.every(({ kind }) => kind === "flatten") && code.input[0] === dictionary.output[0];
  if (!fits) {
    const kinds = [...network.encoder, ...network.decoder].map(({ kind }) => kind).join(", ");
    const what = `holds networks of a sparse_code and a dictionary alone; this one has the layers ${kinds}`;
    throw new UserError("--format saelens", what, "train one with model.preset: sparse_autoencoder");
  }
  if (linkOf(network.loss)?.function !== "identity") {
    const what =
      `holds networks whose outputs are the reconstruction; loss.kind ${network.loss.kind} makes one of them`;
    throw new UserError("--format saelens", what, "use --format torch or onnx");
  }
  return { code, dictionary };
}

/** All values of a tensor, in memory. */
async function valuesOf(source: TensorSource): Promise<Float32Array<ArrayBuffer>> {
  const bytes = new Uint8Array(bytesOfTensor(source));
  let at = 0;
  for await (const piece of tensorBytes(source)) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return new Float32Array(bytes.buffer);
}

function memoryTensor(name: string, shape: readonly number[], values: Float32Array): TensorSource {
  const width = values.length / shape[0]!;
  return {
    ...{ name, dtype: "F32", shape },
    read: (firstRow, rows, into) => {
      const some = values.subarray(firstRow * width, (firstRow + rows) * width);
      into.set(new Uint8Array(some.buffer, some.byteOffset, some.byteLength));
      return Promise.resolve();
    },
  };
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) out[j * rows + i] = values[i * columns + j]!;
  }
  return out;
}

/**
 * Writes the folder. The encoder's weight is held in memory twice while it is transposed.
 * @returns the files in it
 * @throws {UserError} of a network that SAELens has no place for; then nothing is written
 */
export async function writeSaelens(network: TrainedNetwork, folder: string): Promise<readonly string[]> {
  const { code, dictionary } = pairOf(network);
  if (isFile(folder)) throw new UserError("--output", `${folder} is a file`, "name a folder: SAELens reads two files");
  const inputs = code.input[0]!, units = code.output[0]!;
  const weight = await valuesOf(tensorNamed(network, `${code.name}.weight`));
  const renamed = (name: string, source: TensorSource): TensorSource => ({ ...source, name });
  const bias = network.tensors.get(`${dictionary.name}.bias`);
  const tensors = [
    memoryTensor("W_enc", [inputs, units], transposed(weight, units, inputs)),
    renamed("b_enc", tensorNamed(network, `${code.name}.bias`)),
    renamed("W_dec", tensorNamed(network, `${dictionary.name}.weight`)),
    bias ? renamed("b_dec", bias) : memoryTensor("b_dec", [inputs], new Float32Array(inputs)),
  ];
  const config = {
    ...{ architecture: "topk", d_in: inputs, d_sae: units, k: code.settings.k, dtype: "float32", device: "cpu" },
    apply_b_dec_to_input: bias !== undefined,
    ...{ normalize_activations: "none", reshape_activations: "none", rescale_acts_by_decoder_norm: false },
    metadata: metadataOf(network),
  };
  await makeFolder(folder);
  const files = [join(folder, CONFIG_FILE), join(folder, WEIGHTS_FILE)] as const;
  await writeAtomically(files[1], async (file) => {
    for await (const bytes of encodeSafetensors(tensors, { format: "pt" })) await file.write(bytes);
  });
  await writeAtomically(
    files[0],
    (file) => file.write(new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`)),
  );
  return files;
}

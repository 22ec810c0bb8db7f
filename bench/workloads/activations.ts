/** A sparse autoencoder of what a network computes, read from shards, beside the same one in PyTorch. */
import { join } from "@std/path";
import { readNpy } from "../../core/formats/npy.ts";
import { encodeSafetensors } from "../../core/formats/safetensors.ts";
import type { Context } from "../types.ts";
import { type Dataset, lossOf, protocol } from "./networks_loss.ts";

const WIDTH = 512, SHARDS = 4;

/** The rows of a .npy file, which float16 holds, as shards in a folder of their own. */
async function halfShards({ scratch }: Context, path: string): Promise<string> {
  const { data, shape: [rows, columns] } = await readNpy(path);
  const folder = await Deno.makeTempDir({ dir: scratch, prefix: "shards-" }), each = Math.ceil(rows! / SHARDS);
  for (let shard = 0; shard < SHARDS; shard++) {
    const values = Float16Array.from(
      data.subarray(shard * each * columns!, (shard + 1) * each * columns!) as Float32Array,
    );
    const bytes = new Uint8Array(values.buffer), rowBytes = 2 * columns!;
    const read = (first: number, count: number, into: Uint8Array<ArrayBuffer>) =>
      Promise.resolve(into.set(bytes.subarray(first * rowBytes, (first + count) * rowBytes)));
    const tensor = { name: "hidden", dtype: "F16", shape: [values.length / columns!, columns!], read } as const;
    using file = await Deno.create(join(folder, `shard-${shard}.safetensors`));
    for await (const piece of encodeSafetensors([tensor])) {
      for (let at = 0; at < piece.length;) at += await file.write(piece.subarray(at));
    }
  }
  return folder;
}

const classifier: Dataset = {
  name: "activations of a classifier, dictionary",
  file: "activations_dictionary",
  needed: "fashion_mnist/train-images-idx3-ubyte.gz",
  needsPeer: true,
  code: true,
  net: {
    what: `sparse autoencoder, ${WIDTH} to 4,096 units, 16 a row`,
    shape: [WIDTH],
    encoder: [{ sparse_code: 4096, k: 16, aux_weight: 0 }],
    decoder: [{ dictionary: "output" }],
    batch: 512,
  },
  async rows(context) {
    const path = await Deno.makeTempFile({ dir: context.scratch, suffix: ".npy" });
    const images = join(context.data, this.needed);
    const labels = images.replace("images-idx3", "labels-idx1");
    await using peer = await context.peer();
    const options = { images, labels, out: path, width: WIDTH, epochs: 3, threads: context.threads };
    const { accuracy } = await peer!.ask<{ accuracy: number }>("activations", options);
    context.log(`  activations of a classifier that is right for ${(100 * accuracy).toFixed(1)} % of its pictures`);
    return { path, shards: await halfShards(context, path) };
  },
  protocol: protocol(10, { seeds: 1, epochs: 1 }),
  note:
    "What the hidden layer of 512 units of a perceptron gives for the 60,000 training pictures of Fashion-MNIST, as float16; PyTorch " +
    "trains the perceptron for 3 epochs. narrows reads them from safetensors shards, PyTorch has them in memory.",
};

export const activations = lossOf("activations", "A sparse autoencoder of real activations", [classifier]);

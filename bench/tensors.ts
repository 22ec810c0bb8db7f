/** The weights of a network as one vector. */
import type { Model } from "../ffi/model.ts";

/** The parameters whose names begin with one of the prefixes, one after the other as PyTorch would list them. */
export async function readTensors(model: Model, ...prefixes: readonly string[]): Promise<Float32Array<ArrayBuffer>> {
  const chosen = model.tensors().filter(({ name, role }) =>
    role === "parameter" && prefixes.some((prefix) => name.startsWith(prefix))
  );
  const sizes = chosen.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
  const all = new Float32Array(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  for (const [i, info] of chosen.entries()) {
    const bytes = new Uint8Array(all.buffer, 4 * at, 4 * sizes[i]!);
    await model.readTensor(info, 0, info.shape[0] ?? 1, bytes);
    at += sizes[i]!;
  }
  return all;
}

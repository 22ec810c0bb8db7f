/** As much of a checkpoint as has its weights. */
import { join } from "@std/path";
import { checkpointName } from "../../core/checkpoint/layout.ts";

/** Writes `checkpoints/step-N/model.safetensors`, or another file, with vectors of numbers of 32 bits. */
export function writeCheckpoint(
  run: string,
  step: number,
  tensors: Readonly<Record<string, readonly number[]>>,
  file = "model.safetensors",
): void {
  let at = 0;
  const header = Object.fromEntries(
    Object.entries(tensors).map(([name, { length }]) => {
      const info = { dtype: "F32", shape: [length], data_offsets: [at, at + 4 * length] };
      at += 4 * length;
      return [name, info];
    }),
  );
  const text = JSON.stringify(header);
  const json = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = new BigUint64Array([BigInt(json.length)]);
  const data = new Float32Array(Object.values(tensors).flat());
  const folder = join(run, "checkpoints", checkpointName(step));
  Deno.mkdirSync(folder, { recursive: true });
  const bytes = [new Uint8Array(length.buffer), json, new Uint8Array(data.buffer)];
  Deno.writeFileSync(join(folder, file), new Uint8Array(bytes.flatMap((part) => [...part])));
}

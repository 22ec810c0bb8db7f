/** A small table with a config that trains on it, and what such a run leaves. */
import { join } from "@std/path";
import { SafetensorsFile } from "../../core/formats/safetensors.ts";
import { sizeOf } from "../../core/shapes.ts";
import { npy } from "./npz.ts";

export const ROWS = 160, COLUMNS = 12;

/** A config of dense rows that are written into the folder. */
export function smallConfig(folder: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  const values = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => Math.sin(i * 0.37) + Math.cos(i * i * 0.011));
  Deno.writeFileSync(join(folder, "rows.npy"), npy("<f4", `${ROWS}, ${COLUMNS}`, new Uint8Array(values.buffer)));
  return {
    name: "studied",
    data: { path: join(folder, "rows.npy"), batch_size: 16 },
    model: {
      start: "random",
      encoder: [{ linear: 8 }, "relu", { linear: 3 }],
      decoder: [{ linear: 8 }, "relu", { linear: "output" }],
    },
    training: { epochs: 30 },
    diagnostics: { kinds: ["columns"] },
    runtime: { threads: 2 },
    paths: { runs: join(folder, "runs") },
    ...more,
  };
}

/** The folder of a checkpoint that a pointer names. */
function checkpointOf(run: string, pointer: "latest" | "best"): string {
  return join(run, "checkpoints", Deno.readTextFileSync(join(run, "checkpoints", pointer)).trim());
}

/** The bytes of the last checkpoint's weights. */
export const lastWeights = (run: string): Uint8Array =>
  Deno.readFileSync(join(checkpointOf(run, "latest"), "model.safetensors"));

/** A tensor of a checkpoint, by default of the last one. */
export async function tensorOf(
  run: string,
  name: string,
  pointer: "latest" | "best" = "latest",
): Promise<Float32Array> {
  using file = await SafetensorsFile.open(join(checkpointOf(run, pointer), "model.safetensors"));
  const values = new Float32Array(sizeOf(file.tensors.get(name)!.shape));
  await file.readBytes(name, 0, new Uint8Array(values.buffer));
  return values;
}

/** Single weights of a run's latest checkpoint. */
import { join } from "@std/path";
import { checkpointsFolder } from "../../core/checkpoint/layout.ts";
import { readPointer } from "../../core/checkpoint/resolve.ts";
import { UserError } from "../../core/errors.ts";
import { exists } from "../../core/formats/file.ts";
import { SafetensorsFile } from "../../core/formats/safetensors.ts";
import { elementAt } from "../../core/steer/element.ts";
import type { Asks } from "../protocol.ts";

/** A run in training may delete a checkpoint that was just found. */
const TRIES = 5;

/** @throws {UserError} where there is no checkpoint, or no such element */
export async function savedWeight(
  run: string,
  { tensor, at }: Asks["saved"]["asks"],
): Promise<Asks["saved"]["answer"]> {
  const folder = checkpointsFolder(run);
  for (let tried = 1;; tried++) {
    const name = await readPointer(folder, "latest");
    if (name === null) throw new UserError("saved", "the run has no checkpoint yet", 'ask for one: {"do": "save"}', 1);
    const path = join(folder, name, "model.safetensors");
    try {
      using file = await SafetensorsFile.open(path);
      const shape = file.tensors.get(tensor)?.shape;
      if (shape === undefined) throw new UserError("saved", `${name} has no tensor ${tensor}`);
      const { place } = elementAt("saved", tensor, shape, at), value = new Float32Array(1);
      await file.readBytes(tensor, 4 * place, new Uint8Array(value.buffer));
      return { value: value[0]! };
    } catch (error) {
      if (tried === TRIES || await exists(path)) throw error;
    }
  }
}

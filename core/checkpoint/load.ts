/** Loads checkpoints. Every name, type and shape is checked before the first byte is loaded. */
import { join } from "@std/path";
import { UserError } from "../errors.ts";
import { readJson } from "../formats/json.ts";
import { SafetensorsFile } from "../formats/safetensors.ts";
import { largestSlice, shapeText, type TensorSink, tensorSlices } from "../formats/tensor.ts";
import { verifyCheckpoint } from "./layout.ts";

const STATE_BYTES_MAX = 64 << 20;

export interface LoadTargets {
  readonly parameters: readonly TensorSink[];
  /** Absent if the model is used without training it further. */
  readonly optimizer?: readonly TensorSink[];
}

export interface LoadOptions {
  /** Whether file and targets must have the same names (default). Types and shapes must agree in any case. */
  readonly strict?: boolean;
  /** How thoroughly the files are checked first. resolveCheckpoint has already checked every byte. */
  readonly verify?: "lengths" | "full";
}

/**
 * Loads a checkpoint into the sinks of the same names.
 * @returns the step and the content of state.json
 * @throws {UserError} naming file and tensor, with both shapes where they differ; then nothing has been written.
 */
export async function loadCheckpoint(
  dir: string,
  targets: LoadTargets,
  { strict = true, verify = "full" }: LoadOptions = {},
): Promise<{ step: number; state: unknown }> {
  const { step } = await verifyCheckpoint(dir, verify);
  const state = await readJson(join(dir, "state.json"), STATE_BYTES_MAX);
  using model = await SafetensorsFile.open(join(dir, "model.safetensors"));
  using optimizer = targets.optimizer ? await SafetensorsFile.open(join(dir, "optimizer.safetensors")) : null;
  const parameterSinks = match(model, targets.parameters, strict);
  const optimizerSinks = optimizer ? match(optimizer, targets.optimizer!, strict) : [];
  await copy(model, parameterSinks);
  if (optimizer) await copy(optimizer, optimizerSinks);
  return { step, state };
}

/** The sinks for which the file has a tensor. */
function match(file: SafetensorsFile, sinks: readonly TensorSink[], strict: boolean): TensorSink[] {
  const wrong = (name: string, what: string) =>
    new UserError(`${file.path}, ${name}`, what, "the checkpoint is of a model with other layers", 1);
  const matched = sinks.filter((sink) => {
    const stored = file.tensors.get(sink.name);
    if (!stored) {
      if (strict) throw wrong(sink.name, "the model has this tensor, but the file does not");
      return false;
    }
    if (shapeText(stored.shape) !== shapeText(sink.shape)) {
      throw wrong(sink.name, `the file has shape ${shapeText(stored.shape)}, the model ${shapeText(sink.shape)}`);
    }
    if (stored.dtype !== sink.dtype) throw wrong(sink.name, `the file has ${stored.dtype}, the model ${sink.dtype}`);
    return true;
  });
  const names = new Set(sinks.map((sink) => sink.name));
  const extra = [...file.tensors.keys()].find((name) => !names.has(name));
  if (strict && extra !== undefined) throw wrong(JSON.stringify(extra), "the file has this tensor, the model does not");
  return matched;
}

async function copy(file: SafetensorsFile, sinks: readonly TensorSink[]): Promise<void> {
  const buffer = new Uint8Array(largestSlice(sinks));
  for (const sink of sinks) {
    for (const { firstRow, rows, bytes } of tensorSlices(sink)) {
      const slice = buffer.subarray(0, bytes);
      await file.read(sink.name, firstRow, rows, slice);
      await sink.write(firstRow, rows, slice);
    }
  }
}

/** The network's tensors in the form in which checkpoints are written and loaded. */
import type { Model, TensorInfo } from "../../ffi/model.ts";
import type { Turns } from "./twins.ts";
import type { TensorSink, TensorSource } from "../formats/tensor.ts";

function source(model: Model, info: TensorInfo, turns?: Turns): TensorSource {
  return {
    name: info.name,
    dtype: info.dtype,
    shape: info.shape,
    read: (firstRow, rows, into) => {
      const read = () => model.readTensor(info, firstRow, rows, into);
      return turns ? turns.take(read) : read();
    },
  };
}

function sink(model: Model, info: TensorInfo): TensorSink {
  return {
    name: info.name,
    dtype: info.dtype,
    shape: info.shape,
    write: (firstRow, rows, from) => model.writeTensor(info, firstRow, rows, from),
  };
}

/** Whether a tensor goes into model.safetensors; the optimizer's go into optimizer.safetensors. */
export function isParameter({ role }: TensorInfo): boolean {
  return role === "parameter" || role === "buffer";
}

/**
 * The tensors of model.safetensors (parameters and buffers) and of optimizer.safetensors.
 * @param turns where the network may be used for something else meanwhile
 */
export function tensorSources(
  model: Model,
  turns?: Turns,
): { parameters: TensorSource[]; optimizer: TensorSource[] } {
  const tensors = model.tensors();
  return {
    parameters: tensors.filter(isParameter).map((info) => source(model, info, turns)),
    optimizer: tensors.filter(({ role }) => role === "optimizer").map((info) => source(model, info, turns)),
  };
}

export function tensorSinks(model: Model): { parameters: TensorSink[]; optimizer: TensorSink[] } {
  const tensors = model.tensors();
  return {
    parameters: tensors.filter(isParameter).map((info) => sink(model, info)),
    optimizer: tensors.filter(({ role }) => role === "optimizer").map((info) => sink(model, info)),
  };
}

/** The network's tensors in the form in which checkpoints are written and loaded. */
import type { Model, TensorInfo } from "../../ffi/model.ts";
import type { TensorSink, TensorSource } from "../formats/tensor.ts";

const described = ({ name, dtype, shape }: TensorInfo) => ({ name, dtype, shape });

function source(model: Model, info: TensorInfo): TensorSource {
  return {
    ...described(info),
    read: (firstRow, rows, into) => model.readTensor(info, firstRow, rows, into),
  };
}

function sink(model: Model, info: TensorInfo): TensorSink {
  return {
    ...described(info),
    write: (firstRow, rows, from) => model.writeTensor(info, firstRow, rows, from),
  };
}

/** Whether a tensor goes into model.safetensors; the optimizer's go into optimizer.safetensors. */
export function isParameter({ role }: TensorInfo): boolean {
  return role === "parameter" || role === "buffer";
}

/** The tensors of model.safetensors (parameters and buffers) and of optimizer.safetensors. */
interface ByFile<T> {
  parameters: T[];
  optimizer: T[];
}

function byFile<T>(model: Model, make: (model: Model, info: TensorInfo) => T): ByFile<T> {
  const tensors = model.tensors();
  return {
    parameters: tensors.filter(isParameter).map((info) => make(model, info)),
    optimizer: tensors.filter(({ role }) => role === "optimizer").map((info) => make(model, info)),
  };
}

export const tensorSources = (model: Model): ByFile<TensorSource> => byFile(model, source);
export const tensorSinks = (model: Model): ByFile<TensorSink> => byFile(model, sink);

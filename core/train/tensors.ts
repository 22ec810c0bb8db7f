/** The network's tensors in the form in which checkpoints are written and loaded. */
import type { Model, TensorInfo } from "../../ffi/model.ts";
import type { Turns } from "./twins.ts";
import type { TensorSink, TensorSource } from "../formats/tensor.ts";

const described = ({ name, dtype, shape }: TensorInfo) => ({ name, dtype, shape });

function source(model: Model, info: TensorInfo, turns?: Turns): TensorSource {
  return {
    ...described(info),
    read: (firstRow, rows, into) => {
      const read = () => model.readTensor(info, firstRow, rows, into);
      return turns ? turns.take(read) : read();
    },
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

/** Tensors of model.safetensors (parameters and buffers) and of optimizer.safetensors. */
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

/** @param turns where the network may be used for something else meanwhile */
export const tensorSources = (model: Model, turns?: Turns): ByFile<TensorSource> =>
  byFile(model, (model, info) => source(model, info, turns));
export const tensorSinks = (model: Model): ByFile<TensorSink> => byFile(model, sink);

/** Reads ONNX models, and computes those that have a few operators, in double precision and row by row. */
import { fieldsOf, textOf } from "../../core/formats/protobuf.ts";

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Those that are whole numbers. */
  readonly wholes: Readonly<Record<string, number>>;
}

export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** onnx.TensorProto.DataType: 1 float, 7 int64. */
  readonly type: number;
  readonly bytes: Uint8Array;
}

export interface OnnxModel {
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly OnnxTensor[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** The fields of a model, by onnx.proto. */
export function readOnnx(bytes: Uint8Array): OnnxModel {
  const nodes: OnnxNode[] = [], tensors: OnnxTensor[] = [], inputs: string[] = [], outputs: string[] = [];
  const metadata = new Map<string, string>();
  for (const part of fieldsOf(bytes)) {
    if (part.field === 14) {
      const [key, value] = [...fieldsOf(part.bytes)].map(textOf);
      metadata.set(key!, value!);
    }
    if (part.field !== 7) continue;
    for (const { field, bytes } of fieldsOf(part.bytes)) {
      if (![1, 5, 11, 12].includes(field)) continue;
      const parts = [...fieldsOf(bytes)];
      const texts = (wanted: number) => parts.filter((part) => part.field === wanted).map(textOf);
      const numbers = (wanted: number) => parts.filter((part) => part.field === wanted).map(({ number }) => number);
      if (field === 11) inputs.push(texts(1)[0]!);
      if (field === 12) outputs.push(texts(1)[0]!);
      if (field === 5) {
        const raw = parts.find((part) => part.field === 9)!.bytes;
        tensors.push({ name: texts(8)[0]!, shape: numbers(1), type: numbers(2)[0]!, bytes: raw.slice() });
      }
      if (field !== 1) continue;
      const wholes: Record<string, number> = {};
      for (const { bytes } of parts.filter(({ field }) => field === 5)) {
        const attribute = [...fieldsOf(bytes)];
        const value = attribute.find(({ field }) => field === 3);
        if (value) wholes[textOf(attribute.find(({ field }) => field === 1)!)] = value.number;
      }
      nodes.push({ op: texts(4)[0]!, inputs: texts(1), outputs: texts(2), wholes });
    }
  }
  return { nodes, tensors, inputs, outputs, metadata };
}

/** Of a model whose values are all vectors of a row: the values of every name for one row of the input. */
export function compute(model: OnnxModel, inputs: Readonly<Record<string, readonly number[]>>): Map<string, number[]> {
  const shapes = new Map(model.tensors.map(({ name, shape }) => [name, shape]));
  const values = new Map(Object.entries(inputs).map(([name, row]) => [name, [...row]]));
  for (const { name, type, bytes } of model.tensors) {
    const list = type === 1 ? new Float32Array(bytes.buffer) : new BigInt64Array(bytes.buffer);
    values.set(name, Array.from(list as ArrayLike<number | bigint>, Number));
  }
  for (const { op, inputs, outputs, wholes } of model.nodes) {
    const [a, b, c] = inputs.map((name) => values.get(name)!) as [number[], number[], number[]];
    const put = (...results: number[][]) => outputs.forEach((name, at) => values.set(name, results[at]!));
    const one = (of: (value: number) => number) => put(a.map(of));
    switch (op) {
      case "Gemm": {
        const [rows, columns] = shapes.get(inputs[1]!) as [number, number];
        const [size, at] = wholes.transB === 1
          ? [rows, (i: number, o: number) => o * columns + i]
          : [columns, (i: number, o: number) => i * columns + o];
        put(Array.from({ length: size }, (_, o) => a.reduce((sum, x, i) => sum + x * b[at(i, o)]!, c?.[o] ?? 0)));
        break;
      }
      case "Split":
        put(a.slice(0, b[0]), a.slice(b[0]));
        break;
      case "Gather": {
        const width = shapes.get(inputs[0]!)![1]!;
        put(a.slice(b[0]! * width, (b[0]! + 1) * width));
        break;
      }
      case "Concat":
        put([...a, ...b]);
        break;
      case "Add":
        put(a.map((value, at) => value + b[at]!));
        break;
      case "Relu":
        one((value) => Math.max(0, value));
        break;
      case "Tanh":
        one(Math.tanh);
        break;
      case "Identity":
        one((value) => value);
        break;
      default:
        throw new Error(`${op} is not computed here`);
    }
  }
  return values;
}

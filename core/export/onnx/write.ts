/** The bytes of an ONNX model (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), weights read as they are written. */
import { UserError } from "../../errors.ts";
import { Message } from "../../formats/protobuf.ts";
import { tensorSizes } from "../../formats/tensor.ts";
import { VERSION } from "../../version.ts";
import { tensorBytes } from "../weights.ts";
import type { Attribute, Graph, GraphNode, Initializer } from "./graph.ts";

/** Of the operators; and of the file format, which is as old as that. */
const OPSET = 17, IR_VERSION = 8;
/** The largest message that readers take. */
const BYTES_MAX = 2 ** 31 - 1;

const FLOAT = 1, INT64 = 7;
const DATA_TYPE = { F32: FLOAT, I64: INT64 } as const;

/** An input or an output of the model: rows of a named number, by a fixed number of values, or by none. */
export interface Port {
  readonly name: string;
  readonly about: string;
  readonly dtype: "F32" | "I64";
  readonly columns: number | null;
}

function attribute(name: string, value: Attribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === "number") return message.whole(3, value).whole(20, 2);
  if (typeof value === "string") return message.text(4, value).whole(20, 3);
  if ("float" in value) return message.float(2, value.float).whole(20, 1);
  for (const each of value) message.whole(8, each);
  return message.whole(20, 7);
}

function nodeMessage({ name, op, inputs, outputs, attributes }: GraphNode): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  message.text(3, name).text(4, op);
  for (const [key, value] of Object.entries(attributes)) message.message(5, attribute(key, value));
  return message;
}

function portMessage({ name, about, dtype, columns }: Port): Message {
  const shape = new Message().message(1, new Message().text(2, "rows"));
  if (columns !== null) shape.message(1, new Message().whole(1, columns));
  const tensor = new Message().whole(1, DATA_TYPE[dtype]).message(2, shape);
  return new Message().text(1, name).message(2, new Message().message(1, tensor)).text(3, about);
}

/** All of a tensor but its values, which come last. */
function tensorHead({ name, dtype, shape }: Initializer): Message {
  const message = new Message();
  for (const size of shape) message.whole(1, size);
  return message.whole(2, DATA_TYPE[dtype]).text(8, name).opening(9, tensorSizes({ dtype, shape }).bytes);
}

/**
 * The model, piece by piece; a piece is overwritten by the next one.
 * @param metadata texts that the model has with it
 * @throws {UserError} if it is larger than the format allows
 */
export function encodeOnnx(
  graph: Graph,
  ports: { readonly inputs: readonly Port[]; readonly outputs: readonly Port[] },
  about: { readonly doc: string; readonly metadata: Readonly<Record<string, string>> },
): AsyncGenerator<Uint8Array> {
  const head = new Message();
  for (const node of graph.nodes) head.message(1, nodeMessage(node));
  head.text(2, graph.network.name);
  for (const port of ports.inputs) head.message(11, portMessage(port));
  for (const port of ports.outputs) head.message(12, portMessage(port));
  const tensors = [...graph.initializers.values()].map((tensor) => {
    const { bytes } = tensorHead(tensor);
    const length = bytes.length + tensorSizes(tensor).bytes;
    return { tensor, front: joined(new Message().opening(5, length).bytes, bytes), bytes: tensorSizes(tensor).bytes };
  });
  const length = head.bytes.length + tensors.reduce((sum, { front, bytes }) => sum + front.length + bytes, 0);
  const model = new Message().whole(1, IR_VERSION).text(2, "narrows").text(3, VERSION).text(6, about.doc);
  model.message(8, new Message().text(1, "").whole(2, OPSET));
  for (const [key, value] of Object.entries(about.metadata)) {
    model.message(14, new Message().text(1, key).text(2, value));
  }
  model.opening(7, length);
  if (model.bytes.length + length > BYTES_MAX) {
    const what = `the network takes ${
      model.bytes.length + length
    } bytes, more than the ${BYTES_MAX} that an ONNX file has`;
    throw new UserError("--format onnx", what, "use --format torch or safetensors");
  }
  return pieces(model, head, tensors);
}

async function* pieces(
  model: Message,
  head: Message,
  tensors: readonly { readonly tensor: Initializer; readonly front: Uint8Array }[],
): AsyncGenerator<Uint8Array> {
  yield model.bytes;
  yield head.bytes;
  for (const { tensor, front } of tensors) {
    yield front;
    if (tensor.values instanceof Uint8Array) yield tensor.values;
    else yield* tensorBytes(tensor.values);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

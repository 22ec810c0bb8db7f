/**
 * Layers that the engine describes itself (`torch` and `onnx` of a kind in the vocabulary): calls and operators in which {NAME} is
 * a setting, {input} the shape of a row, {channels} and {axes} the number of its channels and of its further axes, and {TENSOR.0}
 * the first size of a tensor.
 */
import type { FieldValue } from "../../../spec/network.ts";
import type { LayerKind } from "../../config/vocabulary.ts";
import { type Attribute, float, type Graph } from "../onnx/graph.ts";
import type { NetworkLayer, TrainedNetwork } from "../network.ts";
import { literal, type Python, pythonClass, type Writer } from "../torch/python.ts";
import type { ExportedKind } from "./layer.ts";

const KEPT = pythonClass(
  "Kept",
  `
class Kept(nn.Module):
    """Changes nothing. Its tensors have a use in training, which this file does not do."""

    def __init__(self, **shapes):
        super().__init__()
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape))

    def forward(self, x):
        return x
`,
);

/** What stands for {name}. */
function valueOf(
  name: string,
  { name: layer, settings, input }: NetworkLayer,
  { tensors }: TrainedNetwork,
): FieldValue {
  const [tensor, axis] = name.split(".");
  if (axis !== undefined) return tensors.get(`${layer}.${tensor}`)!.shape[Number(axis)]!;
  if (name === "input") return input.length === 1 ? input[0]! : input;
  if (name === "channels") return input[0]!;
  if (name === "axes") return Math.max(1, input.length - 1);
  return settings[name]!;
}

const UNCHANGED = "nn.Identity()";

function module(text: string, writer: Writer, layer: NetworkLayer): string {
  const { name, kind } = layer, { network } = writer;
  const call = text.replaceAll(/\{([\w.]+)\}/g, (_, name) => literal(valueOf(name, layer, network) as Python));
  if (call !== UNCHANGED) return call;
  const kept = [...network.tensors.values()].filter((tensor) => tensor.name.startsWith(`${name}.`))
    .map((tensor) => `${tensor.name.slice(name.length + 1)}=${literal(tensor.shape)}`);
  return `${kept.length === 0 ? call : `${writer.use(KEPT)}(${kept.join(", ")})`}  # ${kind}, in training only`;
}

/** Reads an expression: OPERATOR(VALUE, ...; ATTRIBUTE=NUMBER, ...), numbers, {NAME}, x, and tensors of the layer by name. */
class Expression {
  readonly #words: string[];

  constructor(text: string, readonly graph: Graph, readonly layer: NetworkLayer, readonly x: string) {
    this.#words = text.match(/[A-Za-z_]\w*|-?\d+(?:\.\d+)?|\{\w+\}|[(),;=]/g)!;
  }

  #take(): string {
    return this.#words.shift()!;
  }

  #number(word: string): number {
    return Number(word.startsWith("{") ? valueOf(word.slice(1, -1), this.layer, this.graph.network) : word);
  }

  value(): string {
    const word = this.#take();
    if (/^[-\d{]/.test(word)) return this.graph.floats(this.#number(word));
    if (this.#words[0] !== "(") return word === "x" ? this.x : this.graph.weight(`${this.layer.name}.${word}`);
    const values: string[] = [], attributes: Record<string, Attribute> = {};
    while (!/^[);]$/.test(this.#take())) values.push(this.value());
    while (this.#words[1] === "=") {
      const [name, , value, end] = this.#words.splice(0, 4);
      attributes[name!] = /^-?\d+$/.test(value!) ? Number(value) : float(this.#number(value!));
      if (end === ")") break;
    }
    // A vector over the channels meets rows with further axes.
    return word === "channels"
      ? this.graph.overChannels(values[0]!, this.layer.output)
      : this.graph.node(word, values, attributes);
  }
}

/** @returns null for a kind of which the engine does not say it */
export function described({ torch, onnx }: LayerKind): ExportedKind | null {
  if (torch === undefined || onnx === undefined) return null;
  return {
    onnx: (graph, layer, x) => new Expression(onnx, graph, layer, x).value(),
    torch: (writer, layer) => module(torch, writer, layer),
  };
}

/** Linear layers between rows of any shape, with weights of their own or those of a layer that they mirror. */
import type { Graph, Translation } from "../onnx/graph.ts";
import type { NetworkLayer } from "../network.ts";
import { sizeOf } from "../../shapes.ts";
import { mirroredLayer, mirroredWeight } from "../tied.ts";
import { type Call, call, has, pythonClass } from "../torch/python.ts";
import type { Exports } from "./layer.ts";

/** x W' + b of flat rows. */
export function affine(graph: Graph, x: string, weight: string, bias: string | null, isTransposed = true): string {
  const inputs = [x, weight, ...bias === null ? [] : [bias]];
  return graph.node("Gemm", inputs, isTransposed ? { transB: 1 } : {});
}

export const flat = (graph: Graph, { input }: NetworkLayer, x: string) => graph.reshaped(x, input, [sizeOf(input)]);

const onnx: Translation = (graph, layer, x) => {
  const { name, settings, output } = layer;
  const bias = graph.has(`${name}.bias`) ? graph.weight(`${name}.bias`) : null;
  const isTied = settings.tied === true;
  const weight = isTied ? mirroredWeight(graph.network, layer) : `${name}.weight`;
  const product = affine(graph, flat(graph, layer, x), graph.weight(weight), bias, !isTied);
  return graph.reshaped(product, [sizeOf(output)], output);
};

const SHAPED = pythonClass(
  "ShapedLinear",
  `
class ShapedLinear(nn.Linear):
    """A linear layer between rows with shapes."""

    def __init__(self, inputs, output, bias=True):
        super().__init__(inputs, math.prod(output), bias)
        self.output = output

    def forward(self, x):
        return super().forward(x.flatten(1)).reshape(-1, *self.output)
`,
);

const TIED = pythonClass(
  "TiedLinear",
  `
class TiedLinear(nn.Module):
    """A linear layer whose weight is the transpose of another one's."""

    def __init__(self, mirrored, bias):
        super().__init__()
        self.mirrored = [mirrored]  # in a list, so that its weight is not a weight of this module too
        self.bias = nn.Parameter(torch.zeros(mirrored.in_features)) if bias else None

    def forward(self, x):
        return functional.linear(x.flatten(1), self.mirrored[0].weight.T, self.bias)
`,
);

const torch: Call = (writer, layer) => {
  const { input, output, settings } = layer;
  const bias = has(writer, layer, "bias");
  if (settings.tied === true) {
    const mirrored = mirroredLayer(writer.network, layer).name.replace(/\.(\d+)/, "[$1]");
    return call(writer.use(TIED), [`self.${mirrored}`, bias]);
  }
  const isFlat = input.length === 1 && output.length === 1;
  if (isFlat) return call("nn.Linear", [input[0]!, output[0]!], { bias: [bias, true] });
  return call(writer.use(SHAPED), [sizeOf(input), output], { bias: [bias, true] });
};

export const LINEAR: Exports = { linear: { onnx, torch } };

/** Layers that give rows another shape. */
import type { Translation } from "../onnx/graph.ts";
import { type Call, call, pythonClass } from "../torch/python.ts";
import type { Exports } from "./layer.ts";

const onnx: Translation = (graph, { input, output }, x) => graph.reshaped(x, input, output);

const RESHAPE = pythonClass(
  "Reshape",
  `
class Reshape(nn.Module):
    """Gives rows another shape."""

    def __init__(self, *shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x.reshape(-1, *self.shape)
`,
);

const torch: Call = (writer, { input, output }) => {
  if (input.length > 1 && output.length === 1) return "nn.Flatten()";
  if (input.length === 1 && output.length > 1) return call("nn.Unflatten", [1, output]);
  return call(writer.use(RESHAPE), output);
};

export const SHAPES: Exports = { flatten: { onnx, torch }, unflatten: { onnx, torch }, reshape: { onnx, torch } };

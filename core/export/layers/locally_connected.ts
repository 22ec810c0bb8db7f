/** A convolution with weights of its own for each place. */
import type { Translation } from "../onnx/graph.ts";
import { type Call, call, has, pythonClass } from "../torch/python.ts";
import { windowsOf } from "../windows.ts";
import type { Exports } from "./layer.ts";

/** Values are gathered into the windows, and a product is made for each place. */
const onnx: Translation = (graph, layer, x) => {
  const { name, output, input: given } = layer;
  const { input, kernel, stride, dilation, before, behind } = windowsOf(layer);
  const [channels, height, width] = input as [number, number, number];
  const pads = graph.wholes([0, 0, before[0]!, before[1]!, 0, 0, behind[0]!, behind[1]!]);
  const padded = graph.node("Pad", [graph.reshaped(x, given, input), pads]);
  const across = width + before[1]! + behind[1]!;
  const flat = graph.reshape(padded, [channels, (height + before[0]! + behind[0]!) * across]);
  const places = output[1]! * output[2]!, taps = kernel[0]! * kernel[1]!;
  const at: number[] = [];
  for (let place = 0; place < places; place++) {
    const top = Math.floor(place / output[2]!) * stride[0]!, left = (place % output[2]!) * stride[1]!;
    for (let tap = 0; tap < taps; tap++) {
      const down = Math.floor(tap / kernel[1]!) * dilation[0]!, right = (tap % kernel[1]!) * dilation[1]!;
      at.push((top + down) * across + left + right);
    }
  }
  const gathered = graph.reshape(graph.node("Gather", [flat, graph.wholes(at)], { axis: 2 }), [channels, places, taps]);
  const byPlace = graph.node("Reshape", [
    graph.transpose(gathered, [2, 0, 1, 3]),
    graph.wholes([places, -1, channels * taps]),
  ]);
  const weight = graph.node("Reshape", [
    graph.weight(`${name}.weight`),
    graph.wholes([places, output[0]!, channels * taps]),
  ]);
  const product = graph.transpose(graph.node("MatMul", [byPlace, graph.transpose(weight, [0, 2, 1])]), [1, 2, 0]);
  const bias = `${name}.bias`;
  const sum = graph.has(bias) ? graph.node("Add", [product, graph.transpose(graph.weight(bias), [1, 0])]) : product;
  return graph.reshape(sum, output);
};

const LOCALLY_CONNECTED = pythonClass(
  "LocallyConnected",
  `
class LocallyConnected(nn.Module):
    """A convolution with weights of its own for each place."""

    def __init__(self, output, channels, kernel, bias, pad, stride, dilation):
        super().__init__()
        places = output[1] * output[2]
        self.output, self.pad = output, pad
        self.windows = {"kernel_size": kernel, "stride": stride, "dilation": dilation}
        self.weight = nn.Parameter(torch.zeros(places, output[0], channels, *kernel))
        self.bias = nn.Parameter(torch.zeros(places, output[0])) if bias else None

    def forward(self, x):
        x = x.reshape(len(x), -1, *x.shape[-2:])
        columns = functional.unfold(functional.pad(x, self.pad), **self.windows)
        y = torch.einsum("ndo,ofd->nfo", columns, self.weight.flatten(2))
        if self.bias is not None:
            y = y + self.bias.T
        return y.reshape(-1, *self.output)
`,
);

const torch: Call = (writer, layer) => {
  const { input, kernel, stride, dilation, before, behind } = windowsOf(layer);
  const pad = [before[1]!, behind[1]!, before[0]!, behind[0]!];
  const bias = has(writer, layer, "bias");
  return call(writer.use(LOCALLY_CONNECTED), [layer.output, input[0]!, kernel, bias, pad, stride, dilation]);
};

export const LOCALLY_CONNECTED_LAYERS: Exports = { locally_connected2d: { onnx, torch } };

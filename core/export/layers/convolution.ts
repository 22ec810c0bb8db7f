/** Convolutions and their transposes. */
import type { Translation } from "../onnx/graph.ts";
import type { NetworkLayer } from "../network.ts";
import { call, has, literal, number, pythonClass, short, type Writer } from "../torch/python.ts";
import { axesOf, paddingOf, windowsOf } from "../windows.ts";
import type { Exports } from "./layer.ts";

const convolution = (op: string): Translation => (graph, layer, x) => {
  const { name, settings, input } = layer;
  const windows = windowsOf(layer);
  const tensors = [`${name}.weight`, `${name}.bias`].filter((tensor) => graph.has(tensor)).map((t) => graph.weight(t));
  return graph.node(op, [graph.reshaped(x, input, windows.input), ...tensors], {
    ...paddingOf(windows),
    dilations: windows.dilation,
    group: settings.groups as number,
    ...settings.output_padding === undefined ? {} : { output_padding: axesOf(settings.output_padding, windows.axes) },
  });
};

const PADDED = pythonClass(
  "padded",
  `
def padded(kind, pad):
    """A convolution with zeros around the rows that are not the same on both sides."""

    class Padded(kind):
        def forward(self, x):
            return super().forward(functional.pad(x, pad))

    return Padded
`,
);

const WITH_CHANNEL = pythonClass(
  "with_channel",
  `
def with_channel(kind):
    """A convolution of rows without channels, which have one."""

    class WithChannel(kind):
        def forward(self, x):
            return super().forward(x.unsqueeze(1))

    return WithChannel
`,
);

/** A class of torch.nn, by what comes before and behind the rows. */
function torch(writer: Writer, layer: NetworkLayer): string {
  const { axes, input, kernel, stride, dilation, before, behind } = windowsOf(layer);
  const isTransposed = layer.kind.startsWith("conv_transpose");
  let kind = `nn.Conv${isTransposed ? "Transpose" : ""}${axes}d`;
  const isEven = before.every((size, axis) => size === behind[axis]);
  if (!isEven) {
    const pad = before.map((size, axis) => [size, behind[axis]!]).reverse().flat(); // from the last axis on
    kind = `${writer.use(PADDED)}(${kind}, ${literal(pad)})`;
  }
  if (layer.input.length === axes) {
    kind = `${writer.use(WITH_CHANNEL)}(${kind})`;
  }
  return call(kind, [input[0]!, number(layer, "channels"), short(kernel)], {
    stride: [short(stride), 1],
    padding: [isEven ? short(before) : 0, 0],
    output_padding: [short(axesOf(layer.settings.output_padding ?? 0, axes)), 0],
    dilation: [short(dilation), 1],
    groups: [number(layer, "groups"), 1],
    bias: [has(writer, layer, "bias"), true],
  });
}

const plain = { onnx: convolution("Conv"), torch }, transposed = { onnx: convolution("ConvTranspose"), torch };

export const CONVOLUTIONS: Exports = {
  conv1d: plain,
  conv2d: plain,
  conv_transpose1d: transposed,
  conv_transpose2d: transposed,
};

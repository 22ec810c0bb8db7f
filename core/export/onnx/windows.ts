/** Convolutions, pooling and upsampling. */
import { axesOf, type Windows, windowsOf } from "../windows.ts";
import type { Translation } from "./graph.ts";

const attributes = ({ kernel, stride, before, behind }: Windows) => ({
  kernel_shape: kernel,
  strides: stride,
  pads: [...before, ...behind],
});

const convolution = (op: string): Translation => (graph, layer, x) => {
  const { name, settings, input } = layer;
  const windows = windowsOf(layer);
  const tensors = [`${name}.weight`, `${name}.bias`].filter((tensor) => graph.has(tensor)).map((t) => graph.weight(t));
  return graph.node(op, [graph.reshaped(x, input, windows.input), ...tensors], {
    ...attributes(windows),
    dilations: windows.dilation,
    group: settings.groups as number,
    ...settings.output_padding === undefined ? {} : { output_padding: axesOf(settings.output_padding, windows.axes) },
  });
};

/**
 * A convolution with weights of its own for each place: values are gathered into the windows, and a product is made for each
 * place.
 */
const locallyConnected: Translation = (graph, layer, x) => {
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

const pooling = (op: string): Translation => (graph, layer, x) => {
  const windows = windowsOf(layer);
  const { count_include_pad: counts } = layer.settings;
  return graph.node(op, [x], {
    ...attributes(windows),
    ...counts === undefined ? {} : { count_include_pad: counts === true ? 1 : 0 },
  });
};

/** Signals are images of height 1, since not every runtime interpolates signals. */
const upsample = (axes: 1 | 2): Translation => (graph, { settings, input, output }, x) => {
  const [channels, ...places] = input;
  const isLinear = settings.mode === "linear", height = axes === 1 ? [1] : [];
  const scales = graph.floats([1, 1, ...height, ...axesOf(settings.factor, axes)]);
  const image = graph.reshaped(x, input, [channels!, ...height, ...places]);
  const larger = graph.node("Resize", [image, "", scales], {
    mode: isLinear ? "linear" : "nearest",
    coordinate_transformation_mode: isLinear ? "half_pixel" : "asymmetric",
    ...isLinear ? {} : { nearest_mode: "floor" },
  });
  return axes === 1 ? graph.reshape(larger, output) : larger;
};

export const WINDOWS: Readonly<Record<string, Translation>> = {
  conv1d: convolution("Conv"),
  conv2d: convolution("Conv"),
  conv_transpose1d: convolution("ConvTranspose"),
  conv_transpose2d: convolution("ConvTranspose"),
  locally_connected2d: locallyConnected,
  max_pool1d: pooling("MaxPool"),
  max_pool2d: pooling("MaxPool"),
  average_pool1d: pooling("AveragePool"),
  average_pool2d: pooling("AveragePool"),
  upsample1d: upsample(1),
  upsample2d: upsample(2),
};

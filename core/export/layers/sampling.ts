/** Pooling and upsampling. */
import type { Translation } from "../onnx/graph.ts";
import { type Call, call, short } from "../torch/python.ts";
import { axesOf, paddingOf, windowsOf } from "../windows.ts";
import type { ExportedKind, Exports } from "./layer.ts";

const pooled = (op: string): Translation => (graph, layer, x) => {
  const windows = windowsOf(layer);
  const { count_include_pad: counts } = layer.settings;
  return graph.node(op, [x], {
    ...paddingOf(windows),
    ...counts === undefined ? {} : { count_include_pad: counts === true ? 1 : 0 },
  });
};

const pool = (name: string): Call => (_, layer) => {
  const { kernel, stride, before } = windowsOf(layer);
  const { count_include_pad: counts } = layer.settings;
  return call(name, [short(kernel)], {
    stride: [short(stride), short(kernel)],
    padding: [short(before), 0],
    count_include_pad: [counts !== false, true],
  });
};

const pooling = (op: string, module: string): ExportedKind => ({ onnx: pooled(op), torch: pool(module) });

/** Signals are images of height 1, since not every runtime interpolates signals. */
const larger = (axes: 1 | 2): Translation => (graph, { settings, input, output }, x) => {
  const [channels, ...places] = input;
  const isLinear = settings.mode === "linear", height = axes === 1 ? [1] : [];
  const scales = graph.floats([1, 1, ...height, ...axesOf(settings.factor, axes)]);
  const image = graph.reshaped(x, input, [channels!, ...height, ...places]);
  const resized = graph.node("Resize", [image, "", scales], {
    mode: isLinear ? "linear" : "nearest",
    coordinate_transformation_mode: isLinear ? "half_pixel" : "asymmetric",
    ...isLinear ? {} : { nearest_mode: "floor" },
  });
  return axes === 1 ? graph.reshape(resized, output) : resized;
};

const upsample_ = (axes: 1 | 2): Call => (_, { settings }) => {
  const mode = settings.mode === "nearest" ? "nearest" : axes === 1 ? "linear" : "bilinear";
  return call("nn.Upsample", [], {
    scale_factor: [short(axesOf(settings.factor, axes)), null],
    mode: [JSON.stringify(mode), '"nearest"'],
  });
};

const upsampling = (axes: 1 | 2): ExportedKind => ({ onnx: larger(axes), torch: upsample_(axes) });

export const SAMPLING: Exports = {
  max_pool1d: pooling("MaxPool", "nn.MaxPool1d"),
  max_pool2d: pooling("MaxPool", "nn.MaxPool2d"),
  average_pool1d: pooling("AveragePool", "nn.AvgPool1d"),
  average_pool2d: pooling("AveragePool", "nn.AvgPool2d"),
  upsample1d: upsampling(1),
  upsample2d: upsampling(2),
};

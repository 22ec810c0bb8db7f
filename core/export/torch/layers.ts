/** Layers as calls of Python that make torch modules. */
import type { NetworkLayer, TrainedNetwork } from "../network.ts";
import { sizeOfShape } from "../network.ts";
import { mirroredLayer } from "../tied.ts";
import { axesOf, windowsOf } from "../windows.ts";
import type { ClassName } from "./modules.ts";

/** Collects the classes that a file needs. */
export interface Writer {
  readonly network: TrainedNetwork;
  use(name: ClassName): void;
}

type Call = (writer: Writer, layer: NetworkLayer) => string;

export type Python = boolean | number | string | null | readonly (number | string)[];

/** A literal of Python; texts are names or expressions. */
export function literal(value: Python): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "object") return value.length === 1 ? `(${value[0]},)` : `(${value.join(", ")})`;
  return String(value);
}

/** `name(a, b, key=c)` without the keys that have the default values. */
export function call(
  name: string,
  values: readonly Python[],
  keys: Readonly<Record<string, readonly [value: Python, usual: Python]>> = {},
): string {
  const given = Object.entries(keys).filter(([, [value, usual]]) => literal(value) !== literal(usual))
    .map(([key, [value]]) => `${key}=${literal(value)}`);
  return `${name}(${[...values.map(literal), ...given].join(", ")})`;
}

/** One number where all axes have the same. */
const short = (axes: readonly number[]): Python => axes.every((size) => size === axes[0]) ? axes[0]! : axes;

const number = (layer: NetworkLayer, field: string) => layer.settings[field] as number;
const has = ({ network }: Writer, { name }: NetworkLayer, tensor: string) => network.tensors.has(`${name}.${tensor}`);

const noise: Call = (_, { kind }) => `nn.Identity()  # ${kind}, in training only`;

const linear: Call = (writer, layer) => {
  const { input, output, settings } = layer;
  const bias = has(writer, layer, "bias");
  if (settings.tied === true) {
    writer.use("TiedLinear");
    const mirrored = mirroredLayer(writer.network, layer).name.replace(/\.(\d+)/, "[$1]");
    return call("TiedLinear", [`self.${mirrored}`, bias]);
  }
  const isFlat = input.length === 1 && output.length === 1;
  if (isFlat) return call("nn.Linear", [input[0]!, output[0]!], { bias: [bias, true] });
  writer.use("ShapedLinear");
  return call("ShapedLinear", [sizeOfShape(input), output], { bias: [bias, true] });
};

const reshape: Call = (writer, { kind, input, output }) => {
  if (kind === "flatten") return "nn.Flatten()";
  if (input.length === 1 && output.length > 1) return call("nn.Unflatten", [1, output]);
  writer.use("Reshape");
  return call("Reshape", output);
};

/** A class of torch.nn, by what comes before and behind the rows. */
function convolution(writer: Writer, layer: NetworkLayer): string {
  const { axes, input, kernel, stride, dilation, before, behind } = windowsOf(layer);
  const isTransposed = layer.kind.startsWith("conv_transpose");
  let kind = `nn.Conv${isTransposed ? "Transpose" : ""}${axes}d`;
  const isEven = before.every((size, axis) => size === behind[axis]);
  if (!isEven) {
    writer.use("Padded");
    const pad = before.map((size, axis) => [size, behind[axis]!]).reverse().flat(); // from the last axis on
    kind = `padded(${kind}, ${literal(pad)})`;
  }
  if (layer.input.length === axes) {
    writer.use("WithChannel");
    kind = `with_channel(${kind})`;
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

const pooling = (name: string): Call => (_, layer) => {
  const { kernel, stride, before } = windowsOf(layer);
  const { count_include_pad: counts } = layer.settings;
  return call(name, [short(kernel)], {
    stride: [short(stride), short(kernel)],
    padding: [short(before), 0],
    count_include_pad: [counts !== false, true],
  });
};

const upsample = (axes: 1 | 2): Call => (_, { settings }) => {
  const mode = settings.mode === "nearest" ? "nearest" : axes === 1 ? "linear" : "bilinear";
  return call("nn.Upsample", [], {
    scale_factor: [short(axesOf(settings.factor, axes)), null],
    mode: [JSON.stringify(mode), '"nearest"'],
  });
};

const locallyConnected: Call = (writer, layer) => {
  writer.use("LocallyConnected");
  const { input, kernel, stride, dilation, before, behind } = windowsOf(layer);
  const pad = [before[1]!, behind[1]!, before[0]!, behind[0]!];
  const bias = has(writer, layer, "bias");
  return call("LocallyConnected", [layer.output, input[0]!, kernel, bias, pad, stride, dilation]);
};

const instanceNorm: Call = (writer, layer) =>
  call(`nn.InstanceNorm${layer.input.length - 1}d`, [layer.input[0]!], {
    eps: [number(layer, "eps"), 1e-5],
    affine: [has(writer, layer, "weight"), false],
  });

const batchNorm: Call = (_, layer) =>
  call(`nn.BatchNorm${Math.max(1, layer.input.length - 1)}d`, [layer.input[0]!], {
    eps: [number(layer, "eps"), 1e-5],
    momentum: [number(layer, "momentum"), 0.1],
  });

const groupNorm: Call = (writer, layer) =>
  call("nn.GroupNorm", [number(layer, "groups"), layer.input[0]!], {
    eps: [number(layer, "eps"), 1e-5],
    affine: [has(writer, layer, "weight"), true],
  });

const layerNorm: Call = (_, layer) =>
  call("nn.LayerNorm", [layer.input.length === 1 ? layer.input[0]! : layer.input], {
    eps: [number(layer, "eps"), 1e-5],
  });

/** A class of this file with values. */
const own =
  (name: ClassName, values: (layer: NetworkLayer, writer: Writer) => readonly Python[]): Call => (writer, layer) => {
    writer.use(name);
    return call(name, values(layer, writer));
  };

/** A layer of layers: the calls of these, on lines of their own. */
const outer = (name: ClassName, more: (layer: NetworkLayer) => string = () => ""): Call => (writer, layer) => {
  writer.use(name);
  const inside = lines(writer, layer.inner).map((line) => `    ${line}\n`).join("");
  return `${name}(\n${inside}${more(layer)})`;
};

/** The running statistics of a codebook, with their shapes. */
const statistics = ({ name }: NetworkLayer, { network }: Writer): string => {
  const found = [...network.tensors.values()].filter((tensor) =>
    tensor.name.startsWith(`${name}.`) && tensor.name !== `${name}.codebook`
  );
  return `{${found.map((t) => `"${t.name.slice(name.length + 1)}": ${literal(t.shape)}`).join(", ")}}`;
};

const CALLS: Readonly<Record<string, Call>> = {
  linear,
  relu: () => "nn.ReLU()",
  leaky_relu: (_, layer) => call("nn.LeakyReLU", [number(layer, "slope")]),
  elu: (_, layer) => call("nn.ELU", [], { alpha: [number(layer, "alpha"), 1] }),
  gelu: () => "nn.GELU()",
  silu: () => "nn.SiLU()",
  tanh: () => "nn.Tanh()",
  sigmoid: () => "nn.Sigmoid()",
  softplus: (_, layer) =>
    call("nn.Softplus", [], { beta: [number(layer, "beta"), 1], threshold: [number(layer, "threshold"), 20] }),
  softmax: () => "nn.Softmax(1)",
  prelu: (_, { settings, input }) => call("nn.PReLU", settings.slopes === "channel" ? [input[0]!] : []),
  dropout: (_, layer) => call("nn.Dropout", [number(layer, "rate")]),
  layer_norm: layerNorm,
  batch_norm: batchNorm,
  group_norm: groupNorm,
  instance_norm: instanceNorm,
  conv1d: convolution,
  conv2d: convolution,
  conv_transpose1d: convolution,
  conv_transpose2d: convolution,
  locally_connected2d: locallyConnected,
  max_pool1d: pooling("nn.MaxPool1d"),
  max_pool2d: pooling("nn.MaxPool2d"),
  average_pool1d: pooling("nn.AvgPool1d"),
  average_pool2d: pooling("nn.AvgPool2d"),
  upsample1d: upsample(1),
  upsample2d: upsample(2),
  flatten: reshape,
  unflatten: reshape,
  reshape,
  residual: outer("Residual"),
  dense_skip: outer("DenseSkip"),
  shortcut: outer("Shortcut", (layer) => `    size=${number(layer, "size")},\n`),
  contractive: outer("Layers"),
  positional_embedding: own("PositionalEmbedding", ({ input }) => [sizeOfShape(input.slice(1)), input[0]!]),
  covariate: own("Covariate", (layer, { network }) => network.tensors.get(`${layer.name}.weight`)?.shape ?? []),
  self_attention: own("SelfAttention", (layer) => [layer.input[0]!, number(layer, "heads")]),
  variational: own("Variational", ({ input, output }) => [sizeOfShape(input), output[0]!]),
  vector_quantised: own("VectorQuantised", (layer, writer) => [
    number(layer, "codes"),
    layer.input[0]!,
    statistics(layer, writer),
  ]),
  top_k: own("TopK", (layer) => [number(layer, "k")]),
  batch_top_k: own("BatchTopK", () => []),
  jump_relu: own("JumpReLU", ({ input }) => [input[0]!]),
  l1: noise,
  gaussian_noise: noise,
  salt_and_pepper: noise,
  mask_noise: noise,
  mask_tokens: (writer, layer) => {
    if (!has(writer, layer, "token")) return noise(writer, layer);
    writer.use("MaskTokens");
    return call("MaskTokens", [layer.input[0]!]);
  },
};

/** Whether a kind of layer is written as a torch module. */
export const isInTorch = (kind: string): boolean => Object.hasOwn(CALLS, kind);

/** The layers of a list as items of a list in Python, a line each or more. */
export function lines(writer: Writer, layers: readonly NetworkLayer[]): string[] {
  return layers.flatMap((layer) => {
    const all = CALLS[layer.kind]!(writer, layer).split("\n");
    const [, code, comment = ""] = /^(.*?)( {2}#.*)?$/.exec(all.at(-1)!)!;
    return [...all.slice(0, -1), `${code},${comment}`];
  });
}

/** The two layers of a sparse autoencoder: the code of few values, and the directions that it weighs. */
import type { Translation } from "../onnx/graph.ts";
import type { NetworkLayer, TrainedNetwork } from "../network.ts";
import { call, has, number, pythonClass } from "../torch/python.ts";
import { keptLargest } from "./codes.ts";
import type { Exports } from "./layer.ts";
import { affine } from "./linear.ts";

/** The dictionary directly behind a sparse_code, with a bias that the code subtracts from its input; null where there is none. */
export function centreOf({ encoder, decoder, tensors }: TrainedNetwork, layer: NetworkLayer): NetworkLayer | null {
  const all = [...encoder, ...decoder], next = all[all.findIndex(({ name }) => name === layer.name) + 1];
  const decodes = next?.kind === "dictionary" && next.output[0] === layer.input[0];
  return decodes && tensors.has(`${next.name}.bias`) ? next : null;
}

const sparseCode: Translation = (graph, layer, x) => {
  const { name, settings } = layer, centre = centreOf(graph.network, layer);
  const centred = centre === null ? x : graph.node("Sub", [x, graph.weight(`${centre.name}.bias`)]);
  const values = affine(graph, centred, graph.weight(`${name}.weight`), graph.weight(`${name}.bias`));
  return keptLargest(graph, graph.node("Relu", [values]), settings.k as number);
};

const dictionary: Translation = (graph, { name }, x) => {
  const bias = graph.has(`${name}.bias`) ? graph.weight(`${name}.bias`) : null;
  return affine(graph, x, graph.weight(`${name}.weight`), bias, false);
};

const SPARSE_CODE = pythonClass(
  "SparseCode",
  `
class SparseCode(nn.Linear):
    """The k largest values above 0 of a linear layer; of equal ones the first. centre: gives what is subtracted before."""

    def __init__(self, inputs, size, k, centre=None):
        super().__init__(inputs, size)
        self.k, self.centre = k, centre
        self.register_buffer("rows_since_active", torch.zeros(size))  # by which training finds dead units

    def forward(self, x):
        values = super().forward(x if self.centre is None else x - self.centre()).relu()
        largest, at = values.sort(dim=1, descending=True, stable=True)
        return torch.zeros_like(values).scatter(1, at[:, :self.k], largest[:, :self.k])
`,
);

const DICTIONARY = pythonClass(
  "Dictionary",
  `
class Dictionary(nn.Module):
    """A sum of directions, the rows of the weight, by the values of a code, plus a bias."""

    def __init__(self, units, size, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(units, size))
        self.bias = nn.Parameter(torch.zeros(size)) if bias else None

    def forward(self, x):
        return functional.linear(x, self.weight.T, self.bias)
`,
);

export const DICTIONARIES: Exports = {
  sparse_code: {
    onnx: sparseCode,
    torch: (writer, layer) => {
      const { input, output } = layer, centre = centreOf(writer.network, layer);
      const bias = centre && `lambda: self.${centre.name.replace(/\.(\d+)/, "[$1]")}.bias`;
      const more = bias === null ? [] : [bias];
      return call(writer.use(SPARSE_CODE), [input[0]!, output[0]!, number(layer, "k"), ...more]);
    },
  },
  dictionary: {
    onnx: dictionary,
    torch: (writer, layer) => {
      const { input, output } = layer;
      return call(writer.use(DICTIONARY), [input[0]!, output[0]!], { bias: [has(writer, layer, "bias"), true] });
    },
  },
};

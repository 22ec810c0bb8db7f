/** Layers that hold layers. */
import type { Translation } from "../onnx/graph.ts";
import type { NetworkLayer } from "../network.ts";
import { sizeOf } from "../../shapes.ts";
import { type Call, number, type PythonClass, pythonClass } from "../torch/python.ts";
import type { Exports } from "./layer.ts";

const RESIDUAL = pythonClass(
  "Residual",
  `
class Residual(nn.Module):
    """x + f(x)"""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.layers(x)
`,
);

const DENSE_SKIP = pythonClass(
  "DenseSkip",
  `
class DenseSkip(nn.Module):
    """x and behind it f(x)"""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return torch.cat([x, self.layers(x)], 1)
`,
);

const SHORTCUT = pythonClass(
  "Shortcut",
  `
class Shortcut(nn.Module):
    """f(a) + b of a row whose last \`size\` values are b"""

    def __init__(self, *layers, size):
        super().__init__()
        self.layers, self.size = nn.Sequential(*layers), size

    def forward(self, x):
        return self.layers(x[:, :-self.size]) + x[:, -self.size:]
`,
);

const LAYERS = pythonClass(
  "Layers",
  `
class Layers(nn.Module):
    """Layers one after the other."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)
`,
);

/** A call with those of the inner layers, on lines of their own. */
const outer =
  (needed: PythonClass, more: (layer: NetworkLayer) => string = () => ""): Call => (writer, layer, inside) =>
    `${writer.use(needed)}(\n${inside().map((line) => `    ${line}\n`).join("")}${more(layer)})`;

const shortcut: Translation = (graph, layer, x, inner) => {
  const past = layer.settings.size as number, through = sizeOf(layer.input) - past;
  const [a, b] = graph.split("Split", [x, graph.wholes([through, past])], 2, { axis: 1 });
  return graph.node("Add", [inner(a!), b!]);
};

export const NESTED: Exports = {
  residual: { onnx: (graph, _, x, inner) => graph.node("Add", [x, inner(x)]), torch: outer(RESIDUAL) },
  dense_skip: {
    onnx: (graph, _, x, inner) => graph.node("Concat", [x, inner(x)], { axis: 1 }),
    torch: outer(DENSE_SKIP),
  },
  shortcut: { onnx: shortcut, torch: outer(SHORTCUT, (layer) => `    size=${number(layer, "size")},\n`) },
  contractive: { onnx: (_, __, x, inner) => inner(x), torch: outer(LAYERS) },
};

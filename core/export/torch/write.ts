/** A trained autoencoder as a Python file for PyTorch, which needs torch alone, and its weights beside it. */
import { basename, dirname, extname, join } from "@std/path";
import type { FixedTransform } from "../../config/types.ts";
import { UserError } from "../../errors.ts";
import { writeAtomically } from "../../formats/file.ts";
import { about, inputText } from "../about.ts";
import { missingKinds } from "../layers/list.ts";
import { type Link, linkOf, SIZE_LIMITS } from "../link.ts";
import type { TrainedNetwork } from "../network.ts";
import { sizeOf } from "../../shapes.ts";
import { writeSafetensors } from "../weights_files.ts";
import { lines } from "./lines.ts";
import { literal, type PythonClass, type Writer } from "./python.ts";

function transformLines(transform: FixedTransform): string[] {
  switch (transform.kind) {
    case "library_size":
      return [
        "total = rows.sum(1, keepdim=True)",
        `rows = torch.where(total != 0, rows * (${transform.target} / total), rows)`,
      ];
    case "log1p":
      return ["rows = torch.log1p(rows)"];
    case "scale":
      return [`rows = rows * ${transform.factor}`];
    case "clip":
      return [`rows = rows.clamp(${transform.min}, ${transform.max})`];
    case "binarize":
      return [`rows = (rows > ${transform.threshold}).to(rows.dtype)`];
  }
}

/** The lines of a function that makes reconstructions of the decoder's outputs. */
function linkLines(link: Link, columns: number, width: number): string[] {
  const first = width === columns ? [] : [`outputs = outputs[:, :${columns}]`];
  if (link.function === "identity") return [...first, "return outputs"];
  if (link.function === "sigmoid") return [...first, "return torch.sigmoid(outputs)"];
  const logits = link.function === "softmax" ? "outputs.log_softmax(1)" : "outputs";
  const limited = `${logits}.clamp(${link.lowest}, ${link.highest})`;
  const means = link.function === "softplus" ? `functional.softplus(${limited})` : `torch.exp(${limited})`;
  if (link.size === null) return [...first, `return ${means}`];
  const { scale, unit } = link.size;
  return [
    ...first,
    `means = ${means}`,
    ...unit === 1 ? [] : [`means = means * ${unit}`],
    "if rows is None:",
    `    return means  # of a row whose values have the sum ${scale}`,
    "total = rows.sum(1, keepdim=True)",
    `size = (total / ${scale}).clamp(${SIZE_LIMITS.join(", ")}).where(total != 0, 0)`,
    "return means * size",
  ];
}

const indented = (text: readonly string[], by: number) => text.map((line) => line && " ".repeat(by) + line).join("\n");

/** Text that does not end the docstring in which it stands. */
const inDocstring = (text: string) => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll(/\p{Cc}/gu, " ");

/** How a script gets `load`; a file whose name is no identifier cannot be named by `import`. */
const importOf = (name: string) =>
  /^[A-Za-z_]\w*$/.test(name)
    ? `from ${name} import load`
    : `load = importlib.import_module(${inDocstring(JSON.stringify(name))}).load`;

const categoryList = (names: readonly string[]) => `[${names.map((name) => JSON.stringify(name)).join(", ")}]`;

function moduleText(network: TrainedNetwork, link: Link, weights: string): string {
  const used = new Set<PythonClass>();
  const writer: Writer = { network, use: (needed) => used.add(needed) && needed.name };
  const { encoder, decoder, columns, shape, latent, categories, transforms, inputTransforms } = network;
  const layers = { encoder: lines(writer, encoder), decoder: lines(writer, decoder) };
  const last = decoder.at(-1)!.output, code = encoder.at(-1)!.output;
  const classes = [...used].map(({ text }) => text);
  const argument = categories === null ? "" : ", category";
  const setCategory = categories === null ? [] : ["self.set_category(category)"];
  const theta = network.tensors.get("loss.log_theta");
  const encode = [
    '"""The latent vectors, rows x LATENT."""',
    ...setCategory,
    ...inputTransforms.flatMap(transformLines),
    `return self.encoder(rows${shape.length > 1 ? `.reshape(-1, ${shape.join(", ")})` : ""}).flatten(1)`,
  ];
  const transform = [
    transforms.length === 0
      ? '"""The input that is made of prepared values: they are it as they are."""'
      : '"""The input that is made of prepared values, as in training."""',
    ...transforms.flatMap(transformLines),
    "return rows",
  ];
  return `"""${inDocstring(about(network))}

    ${importOf(basename(weights, ".safetensors"))}
    model = load()
    latent = model.encode(rows${argument})
    reconstruction = model(rows${argument})

${categories === null ? "" : `category: the number of each row's category among CATEGORIES.\n`}rows: a float tensor, ${
    inputText(network)
  }.
\`transform\` makes them of the values before data.transforms.
"""
import json
import math
import pathlib
import struct

import torch
from torch import nn
from torch.nn import functional

COLUMNS, LATENT = ${columns}, ${latent}
${categories === null ? "" : `CATEGORIES = ${categoryList(categories)}\n`}${classes.map((text) => `\n${text}`).join("")}

class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
${indented(layers.encoder, 12)}
        )
        self.decoder = nn.Sequential(
${indented(layers.decoder, 12)}
        )
${
    theta
      ? `        # The logarithm of the inverse dispersion of each column.\n        self.loss = nn.ParameterDict({"log_theta": torch.zeros(${
        literal(theta.shape)
      })})\n`
      : ""
  }
    def encode(self, rows${argument}):
${indented(encode, 8)}

    def decode(self, latent${argument}${link.size === null ? "" : ", rows=None"}):
        """The reconstructions of latent vectors, rows x COLUMNS."""
${
    indented([
      ...setCategory,
      `outputs = self.decoder(latent${code.length > 1 ? `.reshape(-1, ${code.join(", ")})` : ""}).flatten(1)`,
      ...linkLines(link, columns, sizeOf(last)),
    ], 8)
  }

    def forward(self, rows${argument}):
        """The reconstructions of rows, in their scale."""
        return self.decode(self.encode(rows${argument})${argument}${link.size === null ? "" : ", rows=rows"})
${
    categories === null ? "" : `
    def set_category(self, category):
        for module in self.modules():
            if hasattr(module, "category"):
                module.category = category
`
  }

def transform(rows):
${indented(transform, 4)}


def read_safetensors(path):
    """The tensors of a safetensors file by name."""
    data = bytearray(pathlib.Path(path).read_bytes())
    start = 8 + struct.unpack("<Q", data[:8])[0]
    types = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64}
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            shape, (first, end) = entry["shape"], entry["data_offsets"]
            tensor = torch.frombuffer(data, dtype=types[entry["dtype"]], count=math.prod(shape), offset=start + first)
            tensors[name] = tensor.reshape(shape)
    return tensors


def load(weights=pathlib.Path(__file__).with_name(${JSON.stringify(basename(weights))})):
    """The autoencoder with its weights, as it is used: in evaluation mode."""
    model = Autoencoder()
    model.load_state_dict(read_safetensors(weights))
    return model.eval()
`;
}

/**
 * Writes the Python file and, beside it, the weights as safetensors.
 * @param path ends in .py
 * @returns the path of the weights
 * @throws {UserError} if a layer or the loss is not known here, or the path has another ending; then nothing is written
 */
export async function writeTorch(network: TrainedNetwork, path: string): Promise<string[]> {
  if (extname(path) !== ".py") throw new UserError("--output", `must end in .py for torch, got ${path}`, "model.py");
  const missing = missingKinds([...network.encoder, ...network.decoder]);
  const link = linkOf(network.loss);
  if (link === null) missing.push(`the loss ${network.loss.kind}`);
  if (missing.length > 0) {
    const what = `cannot hold ${missing.join(", ")}`;
    throw new UserError("--format torch", what, "use --format safetensors, which holds the weights of any network");
  }
  const weights = join(dirname(path), `${basename(path, ".py")}.safetensors`);
  const text = moduleText(network, link!, weights);
  await writeSafetensors(network, weights);
  await writeAtomically(path, (file) => file.write(new TextEncoder().encode(text)));
  return [weights];
}

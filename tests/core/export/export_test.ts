/**
 * What is exported, as far as it can be seen without another program: tests/peer/exports.py computes with it in ONNX Runtime and
 * PyTorch.
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { LAYERS, LOSSES } from "../../../core/config/vocabulary.ts";
import { UserError } from "../../../core/errors.ts";
import { exportRun } from "../../../core/export/export.ts";
import { linkOf } from "../../../core/export/link.ts";
import { readNetwork, type TrainedNetwork } from "../../../core/export/network.ts";
import { isInOnnx } from "../../../core/export/onnx/layers.ts";
import { onnxModel } from "../../../core/export/onnx/model.ts";
import { isInTorch } from "../../../core/export/torch/layers.ts";
import { writeTorch } from "../../../core/export/torch/write.ts";
import { npzMembers } from "../../../core/formats/npz_stream.ts";
import { fieldsOf, textOf } from "../../../core/formats/protobuf.ts";
import { SafetensorsFile } from "../../../core/formats/safetensors.ts";
import { tensorSizes } from "../../../core/formats/tensor.ts";
import { engine } from "../../../ffi/library.ts";
import { temporary } from "../../helpers/cli.ts";
import { exportCases, trainCase } from "../../helpers/every_export.ts";
import { lossExample } from "../../helpers/every_type.ts";

engine(); // the library stays open: not a leak of the test that is first

const CASES = ["start pca", "layers within layers", "layer covariate 0", "loss zero_inflated_negative_binomial 2"];

interface OnnxTensor {
  readonly name: string;
  readonly elements: number;
  readonly bytes: number;
  readonly type: number;
}

/** What the fields of a model say, by onnx.proto. */
function readOnnx(bytes: Uint8Array) {
  const found = { nodes: [] as { op: string; inputs: string[]; outputs: string[] }[], tensors: [] as OnnxTensor[] };
  const inputs: string[] = [], outputs: string[] = [];
  const metadata = new Map<string, string>();
  for (const part of fieldsOf(bytes)) {
    if (part.field === 14) {
      const [key, value] = [...fieldsOf(part.bytes)].map(textOf);
      metadata.set(key!, value!);
    }
    if (part.field !== 7) continue;
    for (const { field, bytes } of fieldsOf(part.bytes)) {
      const parts = [1, 5, 11, 12].includes(field) ? [...fieldsOf(bytes)] : [];
      const texts = (wanted: number) => parts.filter((part) => part.field === wanted).map(textOf);
      if (field === 1) found.nodes.push({ op: texts(4)[0]!, inputs: texts(1), outputs: texts(2) });
      if (field === 11) inputs.push(texts(1)[0]!);
      if (field === 12) outputs.push(texts(1)[0]!);
      if (field !== 5) continue;
      const numbers = (wanted: number) => parts.filter((part) => part.field === wanted).map(({ number }) => number);
      found.tensors.push({
        name: texts(8)[0]!,
        elements: numbers(1).reduce((product, size) => product * size, 1),
        bytes: parts.find((part) => part.field === 9)!.bytes.length,
        type: numbers(2)[0]!,
      });
    }
  }
  return { ...found, inputs, outputs, metadata };
}

for (const name of CASES) {
  Deno.test(`export: ${name}: the graph is whole, and the weights are those of the checkpoint`, async () => {
    using folder = temporary();
    const one = exportCases().find((one) => one.name === name)!;
    const run = await trainCase(one, folder.path);
    const path = join(folder.path, "model.onnx");
    const { checkpoint } = await exportRun(run, path);
    const model = readOnnx(Deno.readFileSync(path));
    assertEquals(model.outputs, ["latent", "reconstruction"]);
    assertEquals(model.inputs, name.includes("covariate") ? ["rows", "category"] : ["rows"]);
    assertEquals(model.metadata.get("checkpoint"), checkpoint);
    // Each input of a node is an input, a tensor or an output of a node before it; "" is an input left out.
    const known = new Set(["", ...model.inputs, ...model.tensors.map(({ name }) => name)]);
    for (const { op, inputs, outputs } of model.nodes) {
      assertEquals(inputs.filter((input) => !known.has(input)), [], op);
      for (const output of outputs) assert(known.size < known.add(output).size, `${op}: ${output} is there twice`);
    }
    assert(model.outputs.every((output) => known.has(output)));
    for (const { name, elements, bytes, type } of model.tensors) {
      assertEquals(bytes, elements * (type === 1 ? 4 : 8), name);
    }

    const weights = join(folder.path, "model.safetensors");
    await exportRun(run, weights);
    using written = await SafetensorsFile.open(weights);
    using stored = await SafetensorsFile.open(join(run, "checkpoints", checkpoint, "model.safetensors"));
    assertEquals([...written.tensors.keys()].sort(), [...stored.tensors.keys()].sort());
    assertEquals(written.metadata.format, "pt");
    await exportRun(run, join(folder.path, "model.npz"));
    const members = new Map(npzMembers(join(folder.path, "model.npz")).map((member) => [member.name, member.size]));
    assertEquals(members.size, stored.tensors.size);
    let compared = 0;
    for (const [name, tensor] of stored.tensors) {
      const { rows, bytes } = tensorSizes(tensor);
      const [a, b] = [new Uint8Array(bytes), new Uint8Array(bytes)];
      await written.read(name, 0, rows, a);
      await stored.read(name, 0, rows, b);
      assertEquals(a, b, name);
      assertEquals(members.get(`${name}.npy`)! % 64, bytes % 64, name);
      compared += bytes;
    }
    assert(compared > 1000);
  });
}

Deno.test("export: every layer and every loss has a form in ONNX and in PyTorch", () => {
  const kinds = LAYERS.map(({ name }) => name);
  assertEquals(kinds.filter((kind) => !isInOnnx(kind)), []);
  assertEquals(kinds.filter((kind) => !isInTorch(kind)), []);
  assertEquals(LOSSES.filter((kind) => linkOf(lossExample(kind)) === null).map(({ name }) => name), []);
});

Deno.test("export: a layer that a format has not is named once, before anything is written", async () => {
  using folder = temporary();
  const run = await trainCase(exportCases().find(({ name }) => name === "start pca")!, folder.path);
  using network = await readNetwork(run, undefined, () => {});
  const unknown = { ...network.encoder[0]!, kind: "new_layer" };
  const other: TrainedNetwork = {
    ...network,
    encoder: [unknown, unknown],
    loss: { kind: "new_loss" },
    [Symbol.dispose]: () => {},
  };
  const told = "cannot hold new_layer, the loss new_loss";
  assertThrows(() => onnxModel(other), UserError, `--format onnx: ${told}`);
  const path = join(folder.path, "model.py");
  await assertRejects(() => writeTorch(other, path), UserError, `--format torch: ${told}`);
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["run"]);
});

Deno.test("export: a Python file of a run with an odd name holds it without ending its text", async () => {
  using folder = temporary();
  const one = exportCases().find(({ name }) => name === "start pca")!;
  const run = await trainCase(one, folder.path);
  const odd = join(folder.path, 'a"""b\\');
  Deno.renameSync(run, odd);
  await exportRun(odd, join(folder.path, "my model.py"));
  const text = Deno.readTextFileSync(join(folder.path, "my model.py"));
  assert(text.includes('a\\"\\"\\"b\\\\'), text.slice(0, 200));
  assert(text.includes("importlib.import_module"), text.slice(0, 400));
});

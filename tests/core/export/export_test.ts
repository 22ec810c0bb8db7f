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
import { exportOf } from "../../../core/export/layers/list.ts";
import { onnxModel } from "../../../core/export/onnx/model.ts";
import { writeNpz } from "../../../core/export/weights_files.ts";
import { writeTorch } from "../../../core/export/torch/write.ts";
import { npzMembers } from "../../../core/formats/npz_stream.ts";
import { SafetensorsFile } from "../../../core/formats/safetensors.ts";
import { tensorSizes, type TensorSource } from "../../../core/formats/tensor.ts";
import { embed, reconstruct } from "../../../core/train/results.ts";
import { restoreRun } from "../../../core/train/restore.ts";
import { engine } from "../../../ffi/library.ts";
import { temporary } from "../../helpers/cli.ts";
import { categoryOf, dataOf, exportCases, ROWS, trainCase } from "../../helpers/every_export.ts";
import { compute, readOnnx } from "../../helpers/onnx.ts";
import { COLUMNS, lossExample } from "../../helpers/every_type.ts";

engine(); // the library stays open: not a leak of the test that is first

const CASES = [
  ...["start pca", "layers within layers", "layer covariate 0", "loss zero_inflated_negative_binomial 2"],
  "a sparse code and its dictionary",
];

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
    for (const { name, shape, bytes, type } of model.tensors) {
      const elements = shape.reduce((product, size) => product * size, 1);
      assertEquals(bytes.length, elements * (type === 1 ? 4 : 8), name);
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

for (const name of ["start pca", "tied", "tied pca", "preset pca", "layer covariate 0"]) {
  Deno.test(`export: ${name}: the graph computes what embed and reconstruct give`, async () => {
    using folder = temporary();
    const one = exportCases().find((one) => one.name === name)!;
    const run = await trainCase(one, folder.path);
    await exportRun(run, join(folder.path, "model.onnx"));
    const model = readOnnx(Deno.readFileSync(join(folder.path, "model.onnx")));
    using restored = await restoreRun(run, { data: dataOf(one) });
    const wanted = { latent: await embed(restored), reconstruction: await reconstruct(restored) };
    const categories = [...new Set(Array.from({ length: ROWS }, (_, row) => categoryOf(row)))].sort();
    for (let row = 0; row < ROWS; row++) {
      const rows = [...one.values.subarray(row * COLUMNS, (row + 1) * COLUMNS)];
      const found = compute(model, { rows, category: [categories.indexOf(categoryOf(row))] });
      for (const [output, { values, columns }] of Object.entries(wanted)) {
        assertEquals(found.get(output)!.length, columns);
        found.get(output)!.forEach((value, at) => {
          const right = values[row * columns + at]!;
          assert(
            Math.abs(value - right) <= 1e-5 * (1 + Math.abs(right)),
            `${output} ${row}, ${at}: ${value}, ${right}`,
          );
        });
      }
    }
  });
}

Deno.test("export: a network that is too large for ONNX is refused before its weights are read", async () => {
  using folder = temporary();
  const run = await trainCase(exportCases().find(({ name }) => name === "preset pca")!, folder.path);
  using network = await readNetwork(run, undefined, () => {});
  const large = [...network.tensors].map(([name, tensor]): [string, TensorSource] => [name, {
    ...tensor,
    shape: tensor.shape.length === 2 ? [tensor.shape[0]!, 1e8] : tensor.shape,
    read: () => Promise.reject(new Error("it is read")),
  }]);
  const other: TrainedNetwork = { ...network, tensors: new Map(large), [Symbol.dispose]: () => {} };
  assertThrows(() => onnxModel(other), UserError, "more than the 2147483647 that an ONNX file has");
  const file = join(folder.path, "large.npz");
  await assertRejects(() => writeNpz(other, file), UserError, "more than fit in one .npz file");
});

Deno.test("export: a config that does not give the trained layers is refused", async () => {
  using folder = temporary();
  const run = await trainCase(exportCases().find(({ name }) => name === "start pca")!, folder.path);
  const config = join(run, "config.yaml");
  Deno.writeTextFileSync(config, Deno.readTextFileSync(config).replaceAll("linear: 12", "linear: 13"));
  const told = "encoder.0 is linear of 24 inputs, 19 outputs and 475 parameters, but was trained as linear of 24";
  await assertRejects(() => exportRun(run, join(folder.path, "m.onnx")), UserError, told);
});

Deno.test("export: every layer and every loss has a form in ONNX and in PyTorch", () => {
  assertEquals(LAYERS.map(({ name }) => name).filter((kind) => exportOf(kind) === null), []);
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

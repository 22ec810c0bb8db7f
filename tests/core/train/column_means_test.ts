import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { loadConfig } from "../../../core/config/mod.ts";
import { openSource } from "../../../core/data/source.ts";
import { evaluatePart } from "../../../core/evaluation/evaluate.ts";
import { columnMeans, startBias } from "../../../core/train/column_means.ts";
import { describeModel } from "../../../core/train/network.ts";
import { chooseSolver } from "../../../core/train/solver.ts";
import { temporary } from "../../helpers/cli.ts";
import { SMALL_CONFIG, smallProject } from "../../helpers/small_run.ts";

const LAST = "{linear: output}";
const withLast = (last: string) => SMALL_CONFIG.replace(LAST, last);

function load(folder: string, text: string) {
  const path = smallProject(folder, text);
  const { config } = loadConfig({ file: path, text: text.replace("path: chunks", `path: ${join(folder, "chunks")}`) });
  return { config, source: openSource(config.data) };
}

Deno.test("column means: of the training rows alone, and the output bias starts there", async () => {
  using folder = temporary();
  const { config, source } = load(folder.path, withLast("{linear: output, bias: column_means}"));
  using model = describeModel(config, source);
  model.build();
  const means = await columnMeans(source, config.data);
  const rows = source.partRows.train;
  assert(rows > 0 && rows < source.rows);
  const { columns } = await evaluatePart(model, source, "train", config, { byColumn: true }); // the engine's own sums
  means.forEach((mean, j) => assertAlmostEquals(mean, columns!.sum[j]! / rows, 1e-5));
  assert(means.some((mean) => mean > 0));

  await startBias(config, source, model);
  const last = model.tensors().find(({ name }) => name === "decoder.2.bias")!;
  const bias = new Float32Array(source.columns);
  await model.readTensor(last, 0, bias.length, new Uint8Array(bias.buffer));
  assertEquals(bias, means);
});

Deno.test("column means: with them solver auto is dense; bias true leaves the start as it is", async () => {
  using folder = temporary();
  const { config, source } = load(folder.path, withLast(LAST));
  const wide = { columns: 100_000, rows: 10, nnz: 1000, dense: false };
  assertEquals(chooseSolver(config, wide).solver, "factored");
  const counts = { ...config, loss: { kind: "poisson" } } as typeof config;
  assertEquals(chooseSolver(counts, wide), { solver: "dense", reason: "poisson is no squared error" });
  const { config: asked } = load(folder.path, withLast("{linear: output, bias: column_means}"));
  assertEquals(chooseSolver(asked, wide), { solver: "dense", reason: "its bias starts at the column means" });

  using model = describeModel(config, source);
  model.build();
  const info = model.tensors().find(({ name }) => name === "decoder.2.bias")!;
  const read = async () => {
    const bias = new Float32Array(source.columns);
    await model.readTensor(info, 0, bias.length, new Uint8Array(bias.buffer));
    return bias;
  };
  const start = await read();
  await startBias(config, source, model);
  assertEquals(await read(), start);
});

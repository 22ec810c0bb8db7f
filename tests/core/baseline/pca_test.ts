import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { evaluatePca, fitPca } from "../../../core/baseline/pca.ts";
import { loadConfig } from "../../../core/config/mod.ts";
import { openSource } from "../../../core/data/source.ts";
import { Stopped } from "../../../core/evaluation/evaluate.ts";
import { train } from "../../../core/train/train.ts";
import { temporary } from "../../helpers/cli.ts";
import { DENSE_CONFIG, denseProject, fingerprintOf, SMALL_CONFIG, smallProject } from "../../helpers/small_run.ts";

function load(folder: string, overrides: readonly string[] = [], dense = false) {
  const path = dense ? denseProject(folder, DENSE_CONFIG) : smallProject(folder, SMALL_CONFIG);
  const { config } = loadConfig({ file: path, overrides, cwd: folder });
  return { config, source: openSource(config.data) };
}

Deno.test("pca: components of sparse and of dense rows are orthonormal, and their variances fall", async () => {
  for (const dense of [false, true]) {
    using folder = temporary();
    const { config, source } = load(folder.path, [], dense);
    const fit = (await fitPca(source, config, 5, { threads: 2 }))!;
    assertEquals([fit.count, fit.rows], [5, source.partRows.train]);
    const row = (k: number) => fit.components.subarray(k * source.columns, (k + 1) * source.columns);
    for (let a = 0; a < 5; a++) {
      assert(a === 0 || fit.variances[a]! <= fit.variances[a - 1]!);
      for (let b = 0; b <= a; b++) {
        const product = row(a).reduce((sum, value, j) => sum + value * row(b)[j]!, 0);
        assertAlmostEquals(product, a === b ? 1 : 0, 1e-5);
      }
    }
  }
});

Deno.test("pca: with as many components as columns nothing is left, and more components explain more", async () => {
  using folder = temporary();
  const { config, source } = load(folder.path, [], true);
  const explained: number[] = [];
  for (const components of [1, 4, 1000]) {
    const fit = (await fitPca(source, config, components, { threads: 1 }))!;
    const found = await evaluatePca(fit, source, config, { threads: 1 });
    assertEquals(found.components, Math.min(components, source.columns));
    assertEquals(found.train!.rows, source.partRows.train);
    explained.push(found.train!.r2);
  }
  assert(explained[0]! < explained[1]! && explained[1]! < explained[2]!);
  assertAlmostEquals(explained[2]!, 1, 1e-6);
});

Deno.test("pca: a function of data and seed, not of the threads; it can be stopped; one row has none", async () => {
  using folder = temporary();
  const { config, source } = load(folder.path);
  const one = await fitPca(source, config, 3, { threads: 1 });
  assertEquals(await fitPca(source, config, 3, { threads: 3 }), one);
  await assertRejects(() => fitPca(source, config, 3, { threads: 1, stopped: () => true }), Stopped);
  const single = { ...source, partRows: { ...source.partRows, train: 1 } };
  assertEquals(await fitPca({ ...single, files: [] }, config, 3, { threads: 1 }), null);
});

Deno.test("pca: a run has it in its summary, unless the config says otherwise, and trains the same bits", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const prints = [];
  for (const pca of [true, false]) {
    const runDir = join(folder.path, `run-${pca}`);
    const { summary } = await train({ config, overrides: [`evaluation.pca=${pca}`], runDir });
    prints.push(fingerprintOf(runDir));
    const found = summary.baseline?.pca;
    assertEquals(found !== undefined, pca);
    if (found) {
      assertEquals(found!.components, 6);
      assertEquals(found!.validation!.rows, summary.metrics.validation!.rows);
      assert(found!.train!.r2 > 0 && found!.train!.r2 < 1);
    }
  }
  assertEquals(prints[0], prints[1]);
});

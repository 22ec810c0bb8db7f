/** Errors by latent size: means and intervals by hand, beside PCA of the same size, and what is left out. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { bySize, commonPart, latentSizeOf } from "../../../core/analysis/latent_sizes.ts";
import type { Summary } from "../../../core/runs/types.ts";
import { temporary } from "../../helpers/cli.ts";

const summary = (mse: number, components: number | null = null, part = "test") =>
  ({
    metrics: { train: { mse: 9, r2: 0 }, validation: null, test: null, [part]: { mse, r2: 1 - mse } },
    baseline: components === null ? null : { pca: { components, [part]: { rows: 1, mse: 2 * mse, r2: 1 - 2 * mse } } },
  }) as unknown as Summary;

Deno.test("latent sizes: rising, with means, intervals and PCA of the same size", () => {
  const runs = [
    { size: 8, summary: summary(0.1, 8) },
    { size: 4, summary: summary(0.2, 4) },
    { size: 4, summary: summary(0.3, 4) },
    { size: 4, summary: summary(0.4, 4) },
    { size: 16, summary: summary(0.05, 8) }, // a PCA of another size is none
    { size: null, summary: summary(0.1) },
    { size: 8, summary: summary(NaN) },
    { size: 8, summary: null },
  ];
  const found = bySize(runs, "test");
  assertEquals(found.map(({ size, mse, pca }) => [size, mse.values.length, pca !== null]), [
    [4, 3, true],
    [8, 1, true],
    [16, 1, false],
  ]);
  const [four, eight] = found;
  assertAlmostEquals(four!.mse.mean, 0.3, 1e-12);
  // t(0.975, 2) = 4.302653, of a standard deviation of 0.1 over the root of 3
  assertAlmostEquals(four!.mse.t_interval![1] - 0.3, 4.302653 * 0.1 / Math.sqrt(3), 1e-6);
  assertAlmostEquals(four!.pca!.mse.mean, 0.6, 1e-12);
  assertAlmostEquals(four!.r2.mean, 0.7, 1e-12);
  assertEquals(eight!.mse.t_interval, null);
});

Deno.test("latent sizes: the part is one that all runs have", () => {
  assertEquals(commonPart([summary(1), summary(2)]), "test");
  assertEquals(commonPart([summary(1), summary(2, null, "validation")]), "train");
  assertEquals(commonPart([summary(1, null, "validation")]), "validation");
  assertEquals(commonPart([]), null);
});

Deno.test("latent sizes: the outputs of the encoder's last layer, as far as model.json has them", async () => {
  using folder = temporary();
  assertEquals(await latentSizeOf(folder.path), null);
  const row = (name: string, outputs: number) => ({
    name,
    kind: "linear",
    detail: "",
    inputs: 3,
    outputs,
    parameters: 0,
  });
  Deno.writeTextFileSync(
    join(folder.path, "model.json"),
    JSON.stringify([row("encoder.0", 9), row("encoder.1", 5), row("decoder.0", 3)]),
  );
  assertEquals(await latentSizeOf(folder.path), 5);
  Deno.writeTextFileSync(join(folder.path, "model.json"), "{");
  assertEquals(await latentSizeOf(folder.path), null);
});

/** The readers on real files, where they are there: NARROWS_DATA, or shared/data beside the checkout. */
import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { hdf5 } from "../../../../core/data/readers/hdf5.ts";
import { idx } from "../../../../core/data/readers/idx.ts";
import { image } from "../../../../core/data/readers/image.ts";
import { numpy } from "../../../../core/data/readers/numpy.ts";
import { UserError } from "../../../../core/errors.ts";
import { exists } from "../../../../core/missing.ts";
import { readAll } from "./read_all.ts";

const DATA = Deno.env.get("NARROWS_DATA") ?? fromFileUrl(new URL("../../../../../shared/data", import.meta.url));
const onData = (name: string, body: (path: string) => Promise<void>) => {
  const path = join(DATA, name);
  Deno.test({ name: `real data: ${name}`, ignore: !exists(path), fn: () => body(path) });
};
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

onData("olivetti/png", async (path) => {
  const { rows, shape, values } = await readAll(image, path);
  assertEquals([rows, shape], [400, [1, 64, 64]]);
  // The first values of scikit-learn's documentation, and the mean that it publishes.
  [0.30991736, 0.3677686, 0.41735536].forEach((value, i) => assertAlmostEquals(values[i]!, value, 0.5 / 255));
  assertAlmostEquals(mean(values), 0.547, 5e-4);
});

onData("cifar10_rgb", async (path) => {
  const { rows, shape, rowTables } = await readAll(image, path);
  assertEquals([rows, shape], [600, [3, 32, 32]]);
  assertEquals(new Set(rowTables.get("class")).size, 10);
});

onData("pngsuite", async (path) => {
  const settings = { size: [32, 32], fit: "resize" };
  const { rows } = await readAll(image, join(path, "files", "[a-wyz]*.png"), { settings });
  assertEquals(rows, 161);
  // Files that are damaged on purpose: each is refused.
  const damaged = [...Deno.readDirSync(join(path, "files"))].map(({ name }) => name).filter((name) => /^x/.test(name));
  assertEquals(damaged.length, 14);
  for (const name of damaged) await assertRejects(() => readAll(image, join(path, "files", name)), UserError);
});

onData("fashion_mnist", async (path) => {
  const { rows, shape, rowTables } = await idx.open(path, {});
  assertEquals([rows, shape, rowTables.get("label")?.length], [70_000, [1, 28, 28], 70_000]);
  const train = await readAll(idx, join(path, "train-images-idx3-ubyte.gz"), {}, 10_000);
  assertEquals([train.rows, train.rowTables.get("label")!.filter((label) => label === "3").length], [60_000, 6_000]);
  // As published: mean 0.2860, standard deviation 0.3530.
  const average = mean(train.values);
  assertAlmostEquals(average, 0.286, 5e-5);
  assertAlmostEquals(
    Math.sqrt(train.values.reduce((sum, v) => sum + (v - average) ** 2, 0) / train.values.length),
    0.353,
    5e-5,
  );
});

onData("muscle_rf/rf_dataset.hdf5", async (path) => {
  const source = await readAll(hdf5, path, { member: "data/rf_data/*/shot_1", settings: { rate: "data/f_sampling" } });
  assertEquals([source.rows, source.shape, source.rate], [384, [1, 1408], 2e7]);
  // The first values, and the rails of the converter.
  assertEquals(source.values.slice(0, 5), [100, 82, -142, -152, 150]);
  assertEquals(source.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0), 16384);
});

onData("lit3rick", async (path) => {
  const source = await readAll(numpy, join(path, "npz"));
  assertEquals([source.shape, source.rowTables.get("GAIN")!.length], [[1, 8192], source.rows]);
  // The same records are rows of the array beside them.
  const { values } = await readAll(numpy, join(path, "gaintests_352x8192_int32.npy"));
  const rows = new Set(Array.from({ length: 352 }, (_, row) => values.slice(8192 * row, 8192 * (row + 1)).join()));
  for (let row = 0; row < source.rows; row++) {
    assertEquals(rows.has(source.values.slice(8192 * row, 8192 * (row + 1)).join()), true, source.rowNames![row]);
  }
});

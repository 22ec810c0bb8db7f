/**
 * Trains a small network for every layer and every loss, exports each as ONNX and for PyTorch, and writes what `embed` and
 * `reconstruct` give, all into one folder; exports.py computes the same with ONNX Runtime and PyTorch.
 *
 *     deno run -A tests/peer/exports.ts FOLDER && python tests/peer/exports.py FOLDER
 *
 * Texts after FOLDER choose the cases whose names have one of them.
 */
import { join } from "@std/path";
import { exportRun } from "../../core/export/export.ts";
import { writeNpy } from "../../core/formats/npy.ts";
import { embed, reconstruct } from "../../core/train/results.ts";
import { restoreRun } from "../../core/train/restore.ts";
import { categoryOf, dataOf, exportCases, ROWS, trainCase } from "../helpers/every_export.ts";
import { COLUMNS } from "../helpers/every_type.ts";

const [folder, ...chosen] = Deno.args;
if (folder === undefined) throw new Error("give a folder");

const isChosen = (name: string) => chosen.length === 0 || chosen.some((text) => name.includes(text));

for (const one of exportCases().filter(({ name }) => isChosen(name))) {
  const at = join(folder, one.name.replaceAll(" ", "_"));
  Deno.mkdirSync(at, { recursive: true });
  const run = await trainCase(one, at);
  await exportRun(run, join(at, "model.onnx"));
  await exportRun(run, join(at, "model.py"));
  using restored = await restoreRun(run, { data: dataOf(one) });
  const latent = await embed(restored), reconstruction = await reconstruct(restored);
  await writeNpy(join(at, "rows.npy"), "f32", [ROWS, COLUMNS], one.values);
  const categories = [...new Set(Array.from({ length: ROWS }, (_, row) => categoryOf(row)))].sort();
  const numbers = Array.from({ length: ROWS }, (_, row) => BigInt(categories.indexOf(categoryOf(row))));
  await writeNpy(join(at, "category.npy"), "i64", [ROWS], BigInt64Array.from(numbers));
  await writeNpy(join(at, "latent.npy"), "f32", [ROWS, latent.columns], latent.values);
  await writeNpy(join(at, "reconstruction.npy"), "f32", [ROWS, COLUMNS], reconstruction.values);
}

/** The folder that SAELens reads, against the network that it was made of. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { exportRun } from "../../../core/export/export.ts";
import { UserError } from "../../../core/errors.ts";
import { SafetensorsFile } from "../../../core/formats/safetensors.ts";
import { tensorSizes } from "../../../core/formats/tensor.ts";
import { reconstruct } from "../../../core/train/results.ts";
import { restoreRun } from "../../../core/train/restore.ts";
import { temporary } from "../../helpers/cli.ts";
import { dataOf, type ExportCase, ROWS, rowsOf, trainCase } from "../../helpers/every_export.ts";
import { COLUMNS } from "../../helpers/every_type.ts";

const caseOf = (decoder: unknown, encoder: unknown = { sparse_code: 40, k: 5 }): ExportCase => ({
  name: "dictionary",
  config: {
    ...{ name: "exported", seed: 3, training: { max_steps: 6, epochs: 6 }, evaluation: { pca: false } },
    data: { batch_size: 16 },
    model: { encoder: [encoder], decoder: [decoder] },
  },
  values: rowsOf(false),
});

async function tensorsOf(path: string): Promise<Record<string, { shape: readonly number[]; values: Float32Array }>> {
  using file = await SafetensorsFile.open(path);
  const all: Record<string, { shape: readonly number[]; values: Float32Array }> = {};
  for (const [name, tensor] of file.tensors) {
    const bytes = new Uint8Array(tensorSizes(tensor).bytes);
    await file.read(name, 0, tensorSizes(tensor).rows, bytes);
    all[name] = { shape: tensor.shape, values: new Float32Array(bytes.buffer) };
  }
  return all;
}

for (const bias of [true, false]) {
  Deno.test(`saelens: the formula of SAELens gives the reconstruction${bias ? "" : ", without a bias"}`, async () => {
    using folder = temporary();
    const one = caseOf({ dictionary: "output", bias });
    const run = await trainCase(one, folder.path), out = join(folder.path, "sae");
    const done = await exportRun(run, out, { format: "saelens" });
    assertEquals(done.files, [out, join(out, "cfg.json"), join(out, "sae_weights.safetensors")]);
    const config = JSON.parse(Deno.readTextFileSync(join(out, "cfg.json")));
    assertEquals(
      [config.architecture, config.d_in, config.d_sae, config.k, config.dtype, config.apply_b_dec_to_input],
      ["topk", COLUMNS, 40, 5, "float32", bias],
    );
    const { W_enc, b_enc, W_dec, b_dec } = await tensorsOf(join(out, "sae_weights.safetensors"));
    assertEquals([W_enc, b_enc, W_dec, b_dec].map((tensor) => tensor!.shape), [
      [COLUMNS, 40],
      [40],
      [40, COLUMNS],
      [COLUMNS],
    ]);
    using restored = await restoreRun(run, { data: dataOf(one) });
    const { values } = await reconstruct(restored);
    let compared = 0;
    for (let row = 0; row < ROWS; row++) {
      const x = one.values.subarray(row * COLUMNS, (row + 1) * COLUMNS);
      const before = Array.from({ length: 40 }, (_, u) => {
        return x.reduce(
          (sum, value, i) =>
            sum + (value - (config.apply_b_dec_to_input ? b_dec!.values[i]! : 0)) * W_enc!.values[i * 40 + u]!,
          b_enc!.values[u]!,
        );
      });
      const kept = before.map((value, unit) => ({ value, unit })).sort((a, b) => b.value - a.value).slice(0, config.k);
      for (let i = 0; i < COLUMNS; i++) {
        const made = kept.reduce(
          (sum, { value, unit }) => sum + Math.max(0, value) * W_dec!.values[unit * COLUMNS + i]!,
          b_dec!.values[i]!,
        );
        assert(Math.abs(made - values[row * COLUMNS + i]!) <= 1e-4, `row ${row}, value ${i}: ${made}`);
        compared++;
      }
    }
    assertEquals(compared, ROWS * COLUMNS);
  });
}

Deno.test("saelens: other networks are refused, and nothing is written", async () => {
  using folder = temporary();
  const run = await trainCase(caseOf({ linear: "output" }, { linear: 6 }), folder.path), out = join(folder.path, "sae");
  const error = await assertRejects(() => exportRun(run, out, { format: "saelens" }), UserError);
  assertEquals(
    error.message,
    "--format saelens: holds networks of a sparse_code and a dictionary alone; this one has the layers linear, linear",
  );
  assertEquals([...Deno.readDirSync(folder.path)].some(({ name }) => name === "sae"), false);
});

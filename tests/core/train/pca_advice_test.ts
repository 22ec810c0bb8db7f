/** What may help where principal components explain more than the network. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { ensureEngine } from "../../../core/build/ensure.ts";
import { loadConfig } from "../../../core/config/mod.ts";
import { pcaAdvice } from "../../../core/train/pca_advice.ts";
import type { Summary } from "../../../core/runs/types.ts";

await ensureEngine({ quiet: true });

const metrics = (r2: number) => ({ rows: 10, loss: 1, mse: 1, r2 }) as Summary["metrics"]["test"];
const pca = { components: 3, rows: 10, train: null, validation: { rows: 10, mse: 1, r2: 0.9 }, test: null };

function advice(r2: number, change: Record<string, unknown>): string | null {
  const flat = { encoder: [{ linear: 3 }], decoder: [{ linear: "output" }] };
  const { config } = loadConfig({ text: JSON.stringify({ data: { path: "/" }, model: flat, ...change }) });
  return pcaAdvice(config, { columns: 16 }, { train: null, validation: metrics(r2), test: null }, pca);
}

const SHAPED = {
  encoder: [{ conv1d: 2, kernel: 3 }, { linear: 3 }],
  decoder: [{ linear: 16 }, { unflatten: [1, 16] }, { conv1d: 1, kernel: 1 }],
};

Deno.test("advice: what may help depends on the loss and on how the network began", () => {
  assertEquals(advice(0.9, {}), null);
  assertEquals(advice(0.95, { model: SHAPED }), null);
  assertEquals(advice(0.8, { model: SHAPED }), "model.start: pca begins there");
  const coded = { ...SHAPED, encoder: [{ conv1d: 2, kernel: 3 }, { variational: 3 }] };
  assertStringIncludes(advice(0.8, { model: coded })!, "more epochs");
  assertStringIncludes(advice(0.8, { loss: { kind: "mae" } })!, "the network another loss, mae");
  assertStringIncludes(advice(0.8, {})!, "more rows");
  assertStringIncludes(advice(0.8, { checkpoint: { best: false } })!, "checkpoint.best: true");
});

/** `data.steps`: records go through the steps when their source is prepared, once, and rows say where they come from. */
import { assertAlmostEquals, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../../core/build/ensure.ts";
import { loadConfig } from "../../../core/config/mod.ts";
import { openData } from "../../../core/data/open.ts";
import type { OpenSource } from "../../../core/data/readers/reader.ts";
import { stepped } from "../../../core/data/stepped.ts";
import { prepareSteps, readSteps } from "../../../core/data/steps/mod.ts";
import { UserError } from "../../../core/errors.ts";
import { embed, train } from "../../../mod.ts";
import { temporary } from "../../helpers/cli.ts";
import { npy } from "../../helpers/npz.ts";

await ensureEngine({ quiet: true });

const ROWS = 40, SAMPLES = 64;
const STEPS = ["remove_dc", { envelope: null }, { window: 16 }];

/** Bursts at places that differ from row to row, above a constant. */
function signals(): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: ROWS * SAMPLES }, (_, i) => {
    const row = Math.floor(i / SAMPLES), t = i % SAMPLES - 10 - row;
    return 5 + Math.sin(t) * Math.exp(-t * t / 40);
  });
}

function configOf(folder: string, steps: unknown, more: Record<string, unknown> = {}) {
  const path = join(folder, "lines.npy");
  Deno.writeFileSync(path, npy("<f4", `${ROWS}, ${SAMPLES}`, new Uint8Array(signals().buffer)));
  return {
    name: "steps",
    data: { format: "numpy", path, reader: { axes: ["row", "sample"], rate: 1e6 }, steps, batch_size: 16, ...more },
    model: { encoder: [{ linear: 3 }], decoder: [{ linear: "output" }] },
    training: { epochs: 1 },
    paths: { runs: join(folder, "runs"), cache: join(folder, "cache") },
  };
}

const open = (config: unknown) => openData(loadConfig({ text: JSON.stringify(config) }).config);

Deno.test("steps: rows are the steps' results, named after their record and window, and a run embeds new files the same way", async () => {
  using folder = temporary();
  const config = configOf(folder.path, STEPS);
  const source = await open(config);
  assertEquals([source.rows, source.columns, source.shape], [ROWS * 4, 16, [1, 16]]);
  assertEquals(source.rowNames, null);
  const chosen = readSteps(STEPS);
  const prepared = prepareSteps(chosen, { shape: [1, SAMPLES], rate: 1e6 });
  const first = prepared.run(signals().subarray(0, SAMPLES));
  const stored = new Float32Array(Deno.readFileSync(source.files[0]!.path).buffer.slice(-ROWS * 4 * 16 * 4));
  for (let i = 0; i < first.length; i++) assertAlmostEquals(stored[i]!, first[i]!, 1e-6);
  const { path } = await train({ config });
  assertEquals((await embed(path, { data: config.data.path })).rows, ROWS * 4);
});

Deno.test("steps: pictures are normalised each by itself, and keep their shape", async () => {
  using folder = temporary();
  const reader = { axes: ["row", "channel", "height", "width"] };
  const config = configOf(folder.path, ["normalise"], { reader });
  const shaped = npy("<f4", `${ROWS}, 1, 8, ${SAMPLES / 8}`, new Uint8Array(signals().buffer));
  Deno.writeFileSync(config.data.path, shaped);
  const source = await open(config);
  assertEquals([source.shape, source.columns], [[1, 8, SAMPLES / 8], SAMPLES]);
  const stored = new Float32Array(Deno.readFileSync(source.files[0]!.path).buffer.slice(-ROWS * SAMPLES * 4));
  for (let row = 0; row < ROWS; row++) {
    const values = [...stored.subarray(row * SAMPLES, (row + 1) * SAMPLES)];
    assertAlmostEquals(values.reduce((sum, value) => sum + value, 0) / SAMPLES, 0, 1e-5);
    assertAlmostEquals(values.reduce((sum, value) => sum + value * value, 0) / SAMPLES, 1, 1e-5);
  }
  await assertRejects(() => open(configOf(folder.path, ["envelope"], { reader })), UserError);
  Deno.writeFileSync(config.data.path, shaped);
  const wrong = { ...config, data: { ...config.data, steps: ["envelope"] } };
  await assertRejects(() => open(wrong), UserError, "envelope is for signals, but the records");
});

Deno.test("steps: what cannot be is refused in one line, with what to do", async () => {
  using folder = temporary();
  const refusal = async (steps: unknown, more: Record<string, unknown> = {}) =>
    (await assertRejects(() => open(configOf(folder.path, steps, more)), UserError)).message;
  assertStringIncludes(await refusal(["envelop"]), "data.steps.0");
  assertStringIncludes(await refusal([{ window: 100 }]), "100 samples are more than the 64");
  assertStringIncludes(await refusal([{ band_pass: [1, 9e5] }]), "below half the rate");
  const chunks = await refusal(["envelope"], { format: "dense_npy", reader: {} });
  assertStringIncludes(chunks, "is trained on as it is");
});

Deno.test("steps: names of columns stay where each value is made of the one in its place", () => {
  const source = (shape: readonly number[]): OpenSource => ({
    ...{ rows: 1, columns: 4, sparse: false, shape, rowNames: null, columnNames: ["a", "b", "c", "d"] },
    ...{ rowTables: new Map(), members: [], notes: [], close: () => {} },
    async *read() {
      yield await Promise.resolve({ rows: 1, values: Float32Array.of(1, 2, 3, 4) });
    },
  });
  const namesOf = (shape: readonly number[], step: unknown) => stepped("a", source(shape), [step]).columnNames;
  assertEquals(namesOf([4], "remove_dc"), ["a", "b", "c", "d"]);
  assertEquals(namesOf([4], { tokens: 2 }), null);
  assertEquals(namesOf([2, 2], { channels: [1, 0] }), null);
});

/** Principal components of latent vectors: the leading ones of wide tables, by the engine, beside those of the whole matrix. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { tableComponents } from "../../../core/baseline/table.ts";
import { ensureEngine } from "../../../core/build/ensure.ts";
import type { DiagnosticContext } from "../../../core/diagnostics/diagnostic.ts";
import { latent } from "../../../core/diagnostics/latent.ts";
import { principalComponents } from "../../../core/diagnostics/pca.ts";
import { uniforms } from "../../../core/uniforms.ts";

await ensureEngine({ quiet: true });

/** Rows of which each has few values other than 0, in columns that are the more common the lower their number is. */
function sparseRows(rows: number, width: number, each: number): Float32Array<ArrayBuffer> {
  const random = uniforms(7), values = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < each; k++) values[row * width + Math.floor(random() ** 3 * width)] = random() * 3;
  }
  return values;
}

Deno.test("principal components of a table: the leading ones are those of the whole matrix, with any threads", async () => {
  const rows = 200, width = 120, count = 16, values = sparseRows(rows, width, 10);
  const whole = await principalComponents(values, rows, width, 4);
  const { scores, explained } = await tableComponents(values, width, count, 1);
  assertEquals([scores.length, explained.length], [rows * count, count]);
  for (let k = 0; k < 4; k++) {
    assertAlmostEquals(explained[k]!, whole.explained[k]!, 1e-4 * whole.explained[k]!);
    const largest = Math.max(...whole.scores.map((row) => Math.abs(row[k]!)));
    for (const [row, own] of whole.scores.entries()) {
      assertAlmostEquals(scores[row * count + k]!, own[k]!, 5e-3 * largest);
    }
  }
  assertEquals(await tableComponents(values, width, count, 2), { scores, explained });
});

/** The latent map of a table of latent vectors. */
function mapOf(values: Float32Array<ArrayBuffer>, width: number) {
  const context = {
    ...{ epoch: 1, latentSize: width, maxRows: 2000, settings: { columns: 0 } },
    data: { labels: null, names: null, columns: 1, shape: null },
    sums: { variation: new Float64Array(1) },
    choose: () => ({ rows: Array.from({ length: values.length / width }, (_, i) => i) }),
    embed: () => Promise.resolve(values),
    components: (table: Float32Array<ArrayBuffer>, columns: number, count: number) =>
      tableComponents(table, columns, count, 2),
  };
  return latent.run(context as unknown as DiagnosticContext);
}

Deno.test("the map of wide codes has the leading components, those of few rows, and none of codes that are not finite", async () => {
  const rows = 300, width = 2048, values = sparseRows(rows, width, 16);
  const { scores, explained } = (await mapOf(values, width))!;
  assertEquals([scores.length, scores[0]!.length, explained.length], [rows, 2, 32]);
  assert(explained.every((share, k) => share > 0 && (k === 0 || share <= explained[k - 1]!)));
  const sum = (k: number) => scores.reduce((all, row) => all + row[k]! ** 2, 0);
  assertAlmostEquals(sum(1) / sum(0), explained[1]! / explained[0]!, 1e-3);

  const line = new Float32Array(5 * 300);
  for (let row = 0; row < 5; row++) line[row * 300 + 7] = row;
  const one = (await mapOf(line, 300))!;
  assertAlmostEquals(one.explained[0]!, 1, 1e-6);
  assertEquals(
    one.scores.map(([first, second]) => [Math.round(first!), Math.round(1e4 * second!)]),
    [
      ...[[-2, 0], [-1, 0], [0, 0], [1, 0], [2, 0]],
    ].map(([first, second]) => [first! + 0, second! + 0]),
  );

  const same = (await mapOf(new Float32Array(5 * 300).fill(2), 300))!;
  assert(same.explained.every((share) => share === 0));
  values[7] = NaN;
  const none = (await mapOf(values, width))!;
  assert(none.explained.length === 0 && none.scores.every((row) => row.every(Number.isNaN)));
});

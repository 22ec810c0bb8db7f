/** Principal components of latent vectors: the leading ones of wide tables beside those of the whole matrix. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { leadingComponents } from "../../../core/diagnostics/leading.ts";
import { LEADING, principalComponents, WHOLE_WIDTH } from "../../../core/diagnostics/pca.ts";
import { uniforms } from "../../../core/uniforms.ts";

/** Rows of which each has few values other than 0, in columns that are the more common the lower their number is. */
function sparseRows(rows: number, width: number, each: number): Float32Array {
  const random = uniforms(7), values = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < each; k++) values[row * width + Math.floor(random() ** 3 * width)] = random() * 3;
  }
  return values;
}

Deno.test("principal components: the leading ones are those of the whole matrix", () => {
  const rows = 200, width = 120, values = sparseRows(rows, width, 10);
  const whole = principalComponents(values, rows, width, 4);
  const { values: squares, axes, total } = leadingComponents(values, rows, width, whole.mean, 16);
  assertEquals([squares.length, axes.length], [16, 16]);
  for (let k = 0; k < 4; k++) {
    assertAlmostEquals(squares[k]! / total, whole.explained[k]!, 1e-7);
    const angle = axes[k]!.reduce((sum, value, j) => sum + value * whole.axes[k]![j]!, 0);
    assertAlmostEquals(Math.abs(angle), 1, 1e-5);
  }
});

Deno.test("principal components of wide codes: the leading ones, in a time that a run can spare", () => {
  const rows = 500, width = 4096, values = sparseRows(rows, width, 16), began = performance.now();
  const { scores, explained, axes } = principalComponents(values, rows, width, 2);
  assert(width > WHOLE_WIDTH && performance.now() - began < 20_000);
  assertEquals([scores.length, scores[0]!.length, axes.length, explained.length], [rows, 2, 2, LEADING]);
  const variance = (k: number) => scores.reduce((sum, row) => sum + row[k]! ** 2, 0);
  assertAlmostEquals(variance(1) / variance(0), explained[1]! / explained[0]!, 1e-6);
  assert(explained.every((share, k) => share > 0 && (k === 0 || share <= explained[k - 1]!)));
});

Deno.test("principal components of wide rows that span little, or nothing", () => {
  const width = 300, one = new Float32Array(5 * width);
  for (let row = 0; row < 5; row++) one[row * width + 7] = row;
  const line = principalComponents(one, 5, width, 2);
  assertAlmostEquals(line.explained[0]!, 1, 1e-9);
  assertAlmostEquals(line.axes[0]![7]!, 1, 1e-9);
  assertEquals(line.scores.map(([, second]) => Math.abs(second!) < 1e-9), Array(5).fill(true));
  const none = principalComponents(new Float32Array(5 * width).fill(2), 5, width, 2);
  assertEquals(none.scores, Array.from({ length: 5 }, () => [0, 0]));
  assert(none.explained.every((share) => share === 0));
});

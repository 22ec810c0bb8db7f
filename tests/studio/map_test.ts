/** The map of latent vectors: what it is made of, and that the studio goes on answering meanwhile. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { principalComponents } from "../../core/diagnostics/pca.ts";
import { mapOf } from "../../studio/questions/map.ts";

/** Latent vectors along two strong directions, and numbers that are nearly noise along all of them. */
function codesOf(count: number, width: number): Float32Array {
  const codes = new Float32Array(count * width);
  let state = 1;
  const next = () => (state = (state * 69069 + 1) % 2 ** 31) / 2 ** 31 - 0.5;
  for (let i = 0; i < count; i++) {
    const a = 8 * next(), b = 4 * next();
    for (let k = 0; k < width; k++) codes[i * width + k] = 0.3 + a * Math.cos(k) + b * Math.sin(2 * k) + 0.1 * next();
  }
  return codes;
}

const rowsTo = (count: number) => Array.from({ length: count }, (_, i) => i);

Deno.test("studio: the map of few rows has their principal components", async () => {
  const [count, width] = [900, 5], codes = codesOf(count, width);
  const labels = rowsTo(count).map((row) => `kind ${row % 3}`);
  const map = await mapOf({ rows: rowsTo(count), codes, labels, step: 7 });
  const { scores, axes, explained, mean } = await principalComponents(codes, count, width, 2);
  assertEquals([map.step, map.names], [7, ["kind 0", "kind 1", "kind 2"]]);
  assertEquals([...map.labels.slice(0, 4)], [0, 1, 2, 0]);
  assertEquals([...map.axes], axes.flat().map(Math.fround));
  assertEquals([...map.mean], [...mean].map(Math.fround));
  assertAlmostEquals(map.share, explained[0]! + explained[1]!, 1e-12);
  for (const [i, [x, y]] of scores.entries()) {
    assertAlmostEquals(map.x[i]!, x!, 1e-5);
    assertAlmostEquals(map.y[i]!, y!, 1e-5);
  }
  const first = Float32Array.from({ length: count }, (_, i) => codes[i * width]!).sort();
  assert(map.low[0]! >= first[7]! && map.low[0]! <= first[10]!, "1 % lie below");
  assert(map.high[0]! >= first[889]! && map.high[0]! <= first[892]!, "1 % lie above");
  // A network of one latent unit has one axis.
  const line = await mapOf({ rows: [0, 1, 2], codes: Float32Array.of(1, 2, 6), labels: null, step: 0 });
  assertEquals([[...line.x], [...line.y], [...line.axes]], [[-2, -1, 3], [0, 0, 0], [1, 0]]);
});

Deno.test("studio: while a map of 200,000 rows is made, the event loop is free again and again", async () => {
  const [count, width] = [200_000, 64], codes = codesOf(count, width);
  let last = performance.now(), longest = 0;
  const look = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const timer = setInterval(look, 1);
  const map = await mapOf({ rows: rowsTo(count), codes, labels: null, step: 0 });
  look();
  clearInterval(timer);
  assert(longest < 1500, `nothing was done for ${longest.toFixed(0)} ms`);
  assertEquals([map.x.length, map.y.length], [count, count]);
  assert(map.share > 0.99, `${map.share} of the variance`);
  for (const i of [0, 99_999, 199_999]) {
    let x = 0;
    for (let k = 0; k < width; k++) x += map.axes[k]! * (codes[i * width + k]! - map.mean[k]!);
    assertAlmostEquals(map.x[i]!, x, 1e-3);
  }
});

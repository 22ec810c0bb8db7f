import { assert, assertEquals } from "@std/assert";
import * as f from "../../reports/format.ts";
import { codeBlock, flatten, valueText, yaml } from "../../reports/config_view.ts";
import { bin, keepExtremes, quantile, smooth, spread, thin } from "../../reports/series.ts";
import { uniform } from "./fixture.ts";

Deno.test("numbers as a reader wants them", () => {
  assertEquals([0.0123456, 1234.5, 12345678, 1.2e-7, 1e-9, -0.5, 0, 1e12].map((v) => f.number(v)), [
    "0.01235",
    "1,235",
    "12,345,678",
    "1.2×10⁻⁷",
    "10⁻⁹",
    "−0.5000",
    "0",
    "10¹²",
  ]); // deno-fmt-ignore
  assertEquals([NaN, Infinity, -Infinity, null, undefined].map((v) => f.number(v)), ["not a number", "∞", "−∞", "–", "–"]);
  assertEquals(f.number(999.96), "1,000");
  assertEquals([47192, -1234567, 0, NaN].map(f.count), ["47,192", "−1,234,567", "0", "–"]);
  assertEquals([0.6423, 0.00001, 1, 0, NaN].map((v) => f.percent(v).replace("\u202f", " ")), [
    "64.2 %",
    "< 0.1 %",
    "100.0 %",
    "0.0 %",
    "–",
  ]);
  assertEquals([0.0042, 0.84, 42.13, 59.97, 185, 7625].map((v) => f.duration(v).replaceAll("\u00a0", " ")), [
    "4.2 ms",
    "0.84 s",
    "42.1 s",
    "1 min 00 s",
    "3 min 05 s",
    "2 h 07 min",
  ]); // deno-fmt-ignore
  assertEquals([0, 999, 1000, 1.24e9, 431_220_480].map(f.bytes), ["0 B", "999 B", "1.00 kB", "1.24 GB", "431 MB"]);
  assertEquals([14_123_474, 2000, 1.5, 123_456].map(f.compact), ["14.1 M", "2,000", "1.50", "123 k"]);
  assertEquals(f.date("2026-05-12T09:41:03.000Z"), "12 May 2026, 09:41 UTC");
  assertEquals(f.date("no time"), "no time");
  const begin = "2026-05-12T09:41:03.000Z";
  assertEquals(f.dateRange(begin, "2026-05-12T10:01:00Z"), "12 May 2026, 09:41 to 10:01 UTC");
  assertEquals(f.dateRange(begin, "2026-05-13T10:01:00Z"), "12 May 2026, 09:41 UTC to 13 May 2026, 10:01 UTC");
  assertEquals([f.dateRange(begin, ""), f.dateRange(begin, begin)], [f.date(begin), f.date(begin)]);
  assertEquals([f.plural(1, "step"), f.plural(2000, "step")], ["1 step", "2,000 steps"]);
});

Deno.test("fewer points keep the ends and every spike", () => {
  const random = uniform(3);
  const points = Array.from({ length: 5000 }, (_, x) => ({ x, y: random() }));
  points[1234] = { x: 1234, y: 50 };
  points[4321] = { x: 4321, y: -50 };
  const kept = keepExtremes(points, 300);
  assert(kept.length <= 300 && kept.length > 250, `${kept.length}`);
  assertEquals([kept[0], kept.at(-1)], [points[0], points.at(-1)]);
  assert(kept.includes(points[1234]!) && kept.includes(points[4321]!));
  assert(kept.every((p, i) => i === 0 || p.x > kept[i - 1]!.x));
  assertEquals(keepExtremes(points.slice(0, 10), 300).length, 10);
  assertEquals(thin(points, 50).length, 50);
  assertEquals(thin(points, 50).at(-1), points.at(-1));
});

Deno.test("smoothing keeps a straight line's middle and a constant, and narrows noise", () => {
  const constant = Array.from({ length: 40 }, (_, x) => ({ x, y: 3 }));
  assert(smooth(constant, 5).every((p) => Math.abs(p.y - 3) < 1e-12));
  const line = Array.from({ length: 100 }, (_, x) => ({ x, y: x }));
  const smoothed = smooth(line, 4);
  assert(smoothed.slice(0, 80).every((p) => Math.abs(p.y - p.x) < 1e-9), "also at the steep beginning");
  const random = uniform(5);
  const noise = smooth(Array.from({ length: 500 }, (_, x) => ({ x, y: random() })), 10).slice(50);
  assert(noise.every((p) => Math.abs(p.y - 0.5) < 0.25));
  assertEquals(bin(line, 10).map((p) => p.y), [4.5, 14.5, 24.5, 34.5, 44.5, 54.5, 64.5, 74.5, 84.5, 94.5]);
});

Deno.test("quantiles and labels moved apart", () => {
  assertEquals([0, 0.25, 0.5, 1].map((q) => quantile([4, 1, 3, 2, NaN], q)), [1, 1.75, 2.5, 4]);
  assert(Number.isNaN(quantile([], 0.5)));
  assertEquals(spread([50, 50, 90], 14, 0, 100), [50, 64, 90]);
  assertEquals(spread([99, 100], 14, 0, 100), [86, 100]);
  assertEquals(spread([0, -3], 10, 0, 100), [10, 0]);
});

Deno.test("YAML is coloured, its text unchanged", () => {
  const text = `# c\na: 1e-3 # rest\n"q": [true, null, "x # y"]\npath: data/pbmc3k-2\nb: { c: -2.5 }`;
  const coloured = yaml(text).text;
  assertEquals(coloured.replace(/<[^>]+>/g, "").replaceAll("&quot;", '"'), text);
  const of = (kind: string) => [...coloured.matchAll(new RegExp(`"${kind}">(.*?)</span>`, "g"))].map((m) => m[1]);
  assertEquals(of("yc"), ["# c", "# rest"]);
  assertEquals(of("yk"), ["a", "path", "b", "c"]);
  assertEquals(of("yn"), ["1e-3", "-2.5"]);
  assertEquals(of("yb"), ["true", "null"]);
  assertEquals(codeBlock("<a>").text, `<pre tabindex="0"><code>&lt;a&gt;</code></pre>\n`);
});

Deno.test("config values in one line", () => {
  assertEquals([...flatten({ a: { b: 1, c: { d: [1] } }, e: null })], [["a.b", 1], ["a.c.d", [1]], ["e", null]]);
  const layers = [{ kind: "linear", size: 512 }, { linear: 64 }, "relu", { kind: "leaky_relu", slope: 0.01 }];
  assertEquals(valueText(layers, "model.encoder"), "linear 512 → linear 64 → relu → leaky_relu 0.01");
  assertEquals([valueText([0.9, 0.999]), valueText(undefined), valueText(20000), valueText(20000, "seed")], [
    "0.9, 0.999",
    "–",
    "20,000",
    "20000",
  ]); // deno-fmt-ignore
});

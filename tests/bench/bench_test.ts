/** The bench's own arithmetic and its page: a measurement is worth what its harness is. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { checkAutoencoder, near } from "../../bench/check.ts";
import { npzBytes, skewedCsr, syntheticCsr, touchedColumns } from "../../bench/chunks.ts";
import { denseFloorMs, denseInputFloorMs, factoredFloorMs } from "../../bench/limits.ts";
import { ofFloor, shown, spread, table } from "../../bench/print.ts";
import { Reference } from "../../bench/reference.ts";
import { markdownTable, page, plotFile } from "../../bench/render.ts";
import type { Result } from "../../bench/run.ts";
import { byTurns, ratio, timing } from "../../bench/stats.ts";
import { median } from "../../core/analysis/statistics.ts";
import { CheckFailed } from "../../bench/types.ts";
import { beginOf, END, withSeries } from "../../bench/locality_page.ts";
import { outcomeOf as layersOutcome } from "../../bench/workloads/layers.ts";
import { outcomeOf } from "../../bench/workloads/locality.ts";
import { secondsTo } from "../../bench/workloads/converge.ts";
import { BatchCreator } from "../../ffi/batches.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { engine } from "../../ffi/library.ts";
import { testInFolder } from "../temp.ts";

engine(); // opened before the tests, which count what stays open

Deno.test("medians, extremes and ratios in the direction that is better", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 2, 3]), 2.5);
  assert(Number.isNaN(median([])));
  const [ours, theirs] = [timing([2, 4, 3]), timing([9, 6, 12])];
  assertEquals(ours, { median: 3, min: 2, max: 4, runs: 3 });
  assertEquals(ratio(ours, theirs, "less"), 3);
  assertEquals(ratio(ours, theirs, "more"), 1 / 3);
  assertEquals(ratio(ours, null, "less"), null);
});

Deno.test("sides take turns", async () => {
  const order: string[] = [];
  const side = (name: string, value: number) => () => (order.push(name), Promise.resolve(value));
  assertEquals(await byTurns(2, [side("a", 1), null, side("b", 2)]), [[1, 1], [], [2, 2]]);
  assertEquals(order, ["a", "b", "a", "b"]);
});

Deno.test("the floor is the products at the peak and the output layer's traffic", () => {
  const limits = { threads: 1, f32_gflops: 100, bf16_gflops: 400, memory_gbps: 10 };
  const shape = { columns: 1000, hidden: 10, latent: 0, batch: 50, nnzPerRow: 0 };
  const gflop = 3 * 2 * 50 * 1000 * 10 * 1e-9, gbyte = 6 * 4 * 1000 * 10 * 1e-9;
  near("floor", denseFloorMs(shape, limits), 1e3 * (gflop / 100 + gbyte / 10), 1e-12);
  near("with rows of the input", denseInputFloorMs(shape, 500, limits), 1e3 * (gflop / 100 + 1.5 * gbyte / 10), 1e-12);
});

Deno.test("the factored floor is the touched rows, the non-zeros and the products in double", () => {
  const limits = { threads: 1, f32_gflops: 100, bf16_gflops: 400, memory_gbps: 10 };
  const shape = { columns: 1000, hidden: 9, latent: 0, batch: 50, nnzPerRow: 0 };
  const doubles = 2e-9 * (7 * 50 * 100 + 50 * 50 * 10 + 1000 / 6), gbyte = 4e-9 * 300 * (6 * 9 + 2 * 10);
  near("no entries", factoredFloorMs(shape, 300, limits), 1e3 * (doubles / 50 + gbyte / 10), 1e-12);
  const gathers = 2 * 2 * 2e-9 * 50 * 20 * 9; // forward and backward of both layers
  const more = factoredFloorMs({ ...shape, nnzPerRow: 20 }, 300, limits) - factoredFloorMs(shape, 300, limits);
  near("entries", more, 1e3 * gathers / 100, 1e-9);
});

Deno.test("a comparison fails on a difference and on NaN", () => {
  near("same", 1.00001, 1, 1e-4);
  assertThrows(() => near("loss", 1.1, 1, 1e-4), CheckFailed, "loss: got 1.1");
  assertThrows(() => near("loss", NaN, 1, 1e9), CheckFailed);
});

Deno.test("the reference's first Adam step, by hand", () => {
  // One weight w = 1 and a bias 0 on x = 2: the output is 2 and the loss 0; with w = 0.5, the error is -1.
  const layer = { inputs: 1, outputs: 1, weight: Float64Array.of(0.5), bias: Float64Array.of(0) };
  const reference = new Reference([layer], [false]);
  assertEquals(reference.train(Float64Array.of(2), 1, 0.1), 1);
  near("weight", layer.weight[0]!, 0.6, 1e-6); // Adam's first step is the rate against the gradient's sign
  near("bias", layer.bias[0]!, 0.1, 1e-6);
});

testInFolder("the engine passes the check that comes before timing, in each solver", async (folder) => {
  for (const solver of ["dense", "factored"] as const) await checkAutoencoder(folder, { solver, threads: 2 });
});

testInFolder("synthetic chunks: exact non-zeros a row, rising columns; every row is taken once", async (folder) => {
  const csr = syntheticCsr(70, 1000, 30, 5);
  assertEquals(csr.indices.length, 70 * 30);
  for (let k = 1; k < 30; k++) assert(csr.indices[k]! > csr.indices[k - 1]!);
  for (const deflated of [false, true]) {
    const path = `${folder}/${deflated}.npz`;
    await Deno.writeFile(path, npzBytes(csr, deflated));
    using chunk = await Chunk.open(path);
    using batches = new BatchCreator([chunk], 2, 2, { batchSize: 32 });
    const taken: number[] = [];
    for (let rows; (rows = await batches.skip()) > 0;) taken.push(rows);
    assertEquals(taken, [32, 32, 6]);
  }
});

Deno.test("seconds to a loss: the first point at or below it", () => {
  const points = [{ x: 1, y: 5 }, { x: 2, y: 3 }, { x: 3, y: 1 }];
  assertEquals(secondsTo(points, 3), 2);
  assertEquals(secondsTo(points, 0.5), null);
});

Deno.test("numbers and tables as they are shown", () => {
  assertEquals([1234.5, 123.45, 12.345, 1.2345, 0.12345].map(shown), ["1,235", "123", "12.3", "1.23", "0.123"]);
  assertEquals(spread(timing([1, 2, 3])), "2.00 (1.00 to 3.00)");
  assertEquals(table(["a", "b", "c"], [["x", "", "y"]]), ["a  c", "x  y"]);
  assertEquals(markdownTable(["a", "b"], [["x|y", ""]]), "| a |\n|---|\n| x\\|y |");
  const row = { what: "w", unit: "ms", narrows: timing([10]), peer: null, ratio: null, floor: 5 } as const;
  assertEquals(ofFloor(row), "50 %");
});

const RESULT: Result = {
  name: "sparse",
  title: "A step",
  mode: "full",
  seconds: 1,
  machine: {
    measured_at: "2026-01-02T03:04:05.000Z",
    narrows: "0.1.0",
    git_commit: null,
    deno: "2.9.6",
    compiler: "g++ 12",
    isa: "avx512",
    cpu: "A processor",
    cores: 2,
    memory_bytes: 24e9,
    threads: 2,
    limits: { threads: 2, f32_gflops: 480, bf16_gflops: 0, memory_gbps: 50 },
    peer: null,
    command: "deno task bench",
  },
  rows: [{ what: "dense", unit: "ms", narrows: timing([10, 12]), peer: timing([30, 33]), ratio: 2.86, floor: 9 }],
  goals: [
    { work: "dense", wanted: "2.5 x", got: "2.9 x", reached: true },
    { work: "bf16", wanted: "2.5 x", got: null, reached: null },
  ],
  plots: [{
    file: "columns.svg",
    title: "Time",
    x: "columns",
    y: "ms",
    log: true,
    curves: [{ name: "narrows", points: [{ x: 1e4, y: 5 }, { x: 1e6, y: 7 }] }],
  }],
  notes: ["a note"],
};

Deno.test("the page has the goals with their verdicts, the rows, the plots and the machine", () => {
  const text = page([RESULT]);
  assert(text.includes("| dense | 2.5 x | 2.9 x | reached |"), text);
  assert(text.includes("| bf16 | 2.5 x |  | not measured |"), text);
  assert(text.includes("| dense | ms | 11.0 (10.0 to 12.0) | 31.5 (30.0 to 33.0) | 2.86 x | 9.00 | 82 % |"), text);
  assert(text.includes("![Time](performance/columns.svg)"));
  assert(text.includes("A processor, 2 cores, 24 GB"));
});

Deno.test("a plot is an SVG that stands alone in light and dark", () => {
  const svg = plotFile(RESULT.plots[0]!);
  assert(svg.startsWith("<svg ") && svg.trimEnd().endsWith("</svg>"));
  assert(svg.includes("prefers-color-scheme:dark"));
  assert(svg.includes("10,000") && svg.includes("1,000,000"), svg);
});

Deno.test("skewed chunks: exact non-zeros a row, rising columns, frequent ones in every row, like 20 Newsgroups", () => {
  for (const [columns, nnz] of [[2000, 1500], [130_107, 154]] as const) {
    const csr = skewedCsr(128, columns, nnz, 3), seen = new Uint32Array(columns);
    for (let row = 0; row < csr.rows; row++) {
      const own = csr.indices.subarray(csr.indptr[row], csr.indptr[row + 1]);
      assertEquals(own.length, nnz);
      own.forEach((column, k) => assert(column < columns && (k === 0 || column > own[k - 1]!)));
      for (const column of own) seen[column]!++;
    }
    assertEquals(touchedColumns(csr, 128), seen.filter((count) => count > 0).length);
    if (nnz === 1500) assert(seen.filter((count) => count === 128).length > 100);
  }
  // As many different columns as 128 rows of that data set have, within a tenth.
  const touched = touchedColumns(skewedCsr(128, 130_107, 154, 1), 128);
  assert(Math.abs(touched / 7290 - 1) < 0.1, `${touched}`);
});

Deno.test("the locality series: speeds between forms, two threads beside one, and the table in its page", () => {
  const form = (name: string, threads: number, ms: number) => ({
    ...{ name, threads, error: 2e-7 },
    ...{ forward: [ms, 2 * ms, 3 * ms], backward: [2 * ms, 4 * ms, 6 * ms], update: [0, 0, 0] },
  });
  const outcome = outcomeOf({
    network: { neurons: 10, connections: 20, rounds: 3, rows: 4, kernels: "plain" },
    forms: [
      form("objects", 1, 100),
      form("parts", 1, 10),
      form("parts", 2, 6),
      form("last", 1, 5),
      form("last", 2, 2.5),
    ],
  });
  assertEquals(outcome.rows.map(({ what }) => what)[2], "parts, 2 threads");
  assertEquals(outcome.rows[3]!.narrows, { median: 10, min: 5, max: 15, runs: 3 });
  assert(outcome.rows[3]!.note!.includes("20.0 x the speed of the objects; 2.00 x that of the form before"));
  assert(outcome.rows[4]!.note!.includes("2.40 x that of the form before"));
  assert(!outcome.rows[2]!.note!.includes("form before"), "none before it has two threads");
  assertEquals(outcome.goals.map(({ got, reached }) => [got, reached]), [["2.00 x", true], ["2.00 x", true]]);
  const machine = { cpu: "CPU", cores: 2, compiler: "g++", measured_at: "2026-01-01T00:00:00Z" };
  const result = { name: "locality", mode: "quick", machine, ...outcome } as unknown as Result;
  const written = withSeries(`# Page\n\n${beginOf("locality")}\nbefore\n${END}\nrest\n`, result, markdownTable);
  assert(written.startsWith("# Page") && written.endsWith(`${END}\nrest\n`) && !written.includes("before\n<"));
  assert(written.includes("| parts, 2 threads | ms |") && written.includes("rough estimate"));
  assertEquals(withSeries(written, result, markdownTable), written);
  assertThrows(() => withSeries("# Page", result, markdownTable), Error, "has no lines");
});

Deno.test("layers: gains, shares of the limits, and what bounds a pass", () => {
  const layer = {
    kind: "linear",
    input: "8",
    rows: 4,
    forward_terms: 5e8,
    backward_terms: 1e9,
    forward_bytes: 1e6,
    backward_bytes: 3e6,
  };
  const copy = {
    kind: "relu",
    input: "8",
    rows: 4,
    forward_terms: 0,
    backward_terms: 0,
    forward_bytes: 1e8,
    backward_bytes: 1e7,
  };
  const measured = {
    kernels: "plain",
    missing: ["new"],
    layers: [
      { ...layer, forward: [[20, 22], [10, 11]], backward: [[30, 30], [20, 20]] },
      { ...copy, forward: [[10], [10]], backward: [[10], [8]] },
    ] as const,
  };
  const limits = { threads: 2, f32_gflops: 200, bf16_gflops: 0, memory_gbps: 20 };
  const { rows, goals, notes } = layersOutcome(measured, limits);
  assertEquals(rows.map(({ what }) => what), ["linear, 8 x 4", "relu, 8 x 4"]);
  // 1 GFLOP in 10.5 ms is 95 of 200 GFLOP/s, twice as much in 20 ms 100 of them.
  assert(rows[0]!.note!.startsWith("forward 2.00 x, 48 % of the arithmetic"), rows[0]!.note);
  assert(rows[0]!.note!.includes("backward 1.50 x, 50 % of the arithmetic, 1 % of the memory's rate (arithmetic)"));
  // 0.1 GB in 10 ms is half of 20 GB/s; 0.01 GB in 8 ms is 6 %.
  assertEquals(
    rows[1]!.note,
    "forward 1.00 x, 50 % of the memory's rate (memory); backward 1.25 x, 6 % of the memory's rate",
  );
  assertEquals(goals.map(({ got, reached }) => [got, reached]), [["1.50 x", false]]);
  assert(notes.at(-1)!.includes("new"));
});

/** Labels told by nearest neighbours, against NumPy and SciPy and by hand. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { neighbours, neighbourScores, rowsCompared } from "../../../core/diagnostics/neighbours.ts";

const golden = JSON.parse(
  Deno.readTextFileSync(fromFileUrl(new URL("../../golden/neighbours.json", import.meta.url))),
);

Deno.test("neighbours: accuracies and silhouette are those of NumPy and SciPy", () => {
  const { width, labels, told } = golden;
  const values = Float32Array.from(golden.values), label = Uint32Array.from(golden.label);
  const everyone = told.map(() => true);
  for (const [of, whose] of [["held_out", told], ["leave_one_out", everyone]] as const) {
    const options = { neighbours: golden.neighbours, leaveOneOut: of === "leave_one_out" };
    const found = neighbourScores(values, width, label, labels, whose, options);
    assertAlmostEquals(found.accuracy, golden[of].accuracy, 1e-6);
    assertAlmostEquals(found.silhouette, golden.silhouette, 1e-5);
    found.by_label.forEach((share, l) => {
      const wanted = golden[of].by_label[l];
      if (wanted === null) assert(Number.isNaN(share));
      else assertAlmostEquals(share, wanted, 1e-6);
    });
  }
});

Deno.test("neighbours: of equally frequent labels that of the nearest row counts, and silhouettes by hand", () => {
  // On a line: labels a at 0 and 1, b at 2 and 10. The two nearest of row 1 are 0 (a) and 2 (b), at the same distance.
  const values = Float32Array.from([0, 1, 2, 10]), label = Uint32Array.from([0, 0, 1, 1]);
  const all = [true, true, true, true];
  const { accuracy, by_label, silhouette } = neighbourScores(values, 1, label, 2, all, {
    neighbours: 2,
    leaveOneOut: true,
  });
  assertEquals([accuracy, by_label], [0.75, [1, 0.5]]); // row 2 has 1 (a) nearest
  const s = [(6 - 1) / 6, (5 - 1) / 5, (1.5 - 8) / 8, (9.5 - 8) / 9.5];
  assertAlmostEquals(silhouette, s.reduce((sum, value) => sum + value, 0) / 4, 1e-5);
});

Deno.test("neighbours: rows that all have labels of their own, and rows all in one place, have no silhouette but 0", () => {
  const one = neighbourScores(new Float32Array(3), 1, Uint32Array.from([0, 1, 2]), 3, [true, true, true], {
    neighbours: 1,
    leaveOneOut: true,
  });
  assert(Number.isNaN(one.silhouette));
  const same = neighbourScores(new Float32Array(4), 1, Uint32Array.from([0, 0, 1, 1]), 2, [true, true, true, true], {
    neighbours: 1,
    leaveOneOut: true,
  });
  assertEquals(same.silhouette, 0);
});

Deno.test("neighbours: asked where there are labels, without an answer where they tell nothing", async () => {
  const about = { kind: "table", columns: 1, shape: null, rate_hz: null, names: null } as const;
  assert(!neighbours.automatic({ ...about, labels: null }));
  const rows = [0, 1, 2, 3];
  const unasked = () => Promise.reject(new Error("not asked"));
  const context = (labels: readonly string[] | null) => ({
    ...{ epoch: 1, part: "train", latentSize: 1, maxRows: 10, maxColumns: 1, settings: { neighbours: 1 } } as const,
    data: { ...about, labels },
    sums: {
      rows: 4,
      sum: new Float64Array(1),
      sse: new Float64Array(1),
      variation: new Float64Array(1),
      active: null,
      divergence: null,
    },
    choose: () => ({ rows }),
    firstBatch: () => ({ rows }),
    only: () => ({ rows: [0] }),
    layers: [],
    parameters: () => [],
    ...{
      decode: unasked,
      decoderJacobian: unasked,
      encoderJacobian: unasked,
      layerOutputs: unasked,
      components: unasked,
      updateRatio: unasked,
      gradients: unasked,
    },
    partsOf: () => rows.map(() => "train" as const),
    embed: () => Promise.resolve(Float32Array.from([0, 0.1, 5, 5.1])),
    scores: () => Promise.resolve(null),
    ...{ values: unasked, reconstruct: unasked, input: unasked, rowNumbered: () => null },
  });
  for (const labels of [null, ["a", "a", "a", "a"], ["a", "b", "c", "d"], ["", "", "", ""]]) {
    assertEquals(await neighbours.run(context(labels)), null);
  }
  // Rows without a label are left out.
  const found = (await neighbours.run(context(["a", "a", "b", "b"])))!;
  assertEquals([found.of, found.rows, found.reference_rows, found.latent.accuracy], ["leave_one_out", 4, 3, 1]);
  assertEquals(neighbours.decode(JSON.parse(JSON.stringify(found)), ""), found);
});

Deno.test("neighbours: fewer rows are compared where latent vectors are wide", () => {
  assertEquals([2, 160, 161, 512, 16_384].map(rowsCompared), [5000, 5000, 4984, 2795, 494]);
});

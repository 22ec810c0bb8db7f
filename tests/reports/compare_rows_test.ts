/** The same rows of several runs side by side: which rows, which runs, and what is left out. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseHTML } from "linkedom";
import type { RunData } from "../../core/runs/types.ts";
import { renderComparison } from "../../reports/comparison.ts";
import { SIDE_BY_SIDE } from "../../reports/compare_rows.ts";
import { makeRun, uniform } from "./fixture.ts";
import { assertWellFormed } from "./well_formed.ts";

const EVIL = `"><script>alert(1)</script>`;

const shown = (row: number, size: number, seed: number, label: string | null = null) => {
  const truth = uniform(row + 1), made = uniform(1000 * seed + row);
  return {
    row,
    label,
    mse: 0.25 * seed,
    truth: Array.from({ length: size }, () => truth()),
    reconstruction: Array.from({ length: size }, () => made()),
  };
};

/** Runs whose worst, median and best rows are others in each, and whose rows for comparisons are the same. */
function compared(
  count: number,
  shape: readonly number[] | null,
  more: { same?: boolean; label?: string } = {},
): RunData[] {
  const size = shape?.reduce((product, n) => product * n, 1) ?? 3;
  return Array.from({ length: count }, (_, i): RunData => {
    const run = makeRun({
      epochs: 2,
      stepsPerEpoch: 3,
      columns: 10,
      latentRows: 4,
      seed: 1,
      name: `run ${i}`,
      floor: 0.05 + i / 100,
    });
    const examples = ["worst", "median", "best"].map((rank, k) => ({ rank, ...shown(100 * (i + 1) + k, size, i + 1) }));
    const same = [7, 12].map((row) => shown(row, size, i + 1, more.label ?? null));
    const rows = {
      ...{
        epoch: 2,
        split: "validation",
        rows: 50,
        shape,
        rate_hz: null,
        median: 1,
        columns: shape ? null : [["a", "b", "c"]],
        ...shape ? {} : { same_columns: same.map(() => ["x", EVIL, `only of ${i}`]) },
      },
      ...{ errors: { min: 0, max: 1, counts: [1] }, examples: shape ? examples : examples.slice(0, 1) },
      ...more.same === false ? {} : { same },
    };
    return { ...run, diagnostics: { rows } };
  });
}

function sectionOf(runs: readonly RunData[]): Element | null {
  const text = renderComparison(runs);
  assertWellFormed(text);
  assert(!text.includes("<script"));
  return parseHTML(text).document.querySelector("#rows") as unknown as Element | null;
}

const table = (section: Element) =>
  [...section.querySelectorAll("tbody tr")].map((row) =>
    [...row.querySelectorAll("th,td")].map((cell) => cell.textContent)
  );

Deno.test("pictures of the same rows: truth, each run's reconstruction, and its error", () => {
  const section = sectionOf(compared(3, [4, 4], { label: EVIL }))!;
  // Two rows, each with the truth, three reconstructions and three errors.
  assertEquals(section.querySelectorAll("image").length, 2 * 7);
  const texts = [...section.querySelectorAll("svg.chart text")].map((text) => text.textContent);
  assertEquals(texts.slice(0, 4), ["truth", "A", "B", "C"]);
  assertEquals(table(section), [7, 12].map((row) => [`row ${row} (${EVIL})`, "0.2500", "0.5000", "0.7500"]));
});

Deno.test("waveforms of the same rows over one another, with the lines of the runs", () => {
  const section = sectionOf(compared(2, [16]))!;
  assertEquals([...section.querySelectorAll("h3 span")].map((title) => title.textContent), ["row 7", "row 12"]);
  assertEquals([...section.querySelectorAll(".legend li")].map((item) => item.textContent!.trim()), [
    "truth",
    "A",
    "B",
  ]);
  assertEquals(table(section).length, 2);
});

Deno.test("profiles of the same rows without a shape: the columns that all runs have, as bars and marks", () => {
  const runs = compared(3, null);
  const section = sectionOf(runs)!;
  assertEquals([...section.querySelectorAll("h3 span")].map((title) => title.textContent), ["row 7", "row 12"]);
  const legend = [...section.querySelectorAll(".legend li")].map((item) => item.textContent!.trim());
  assertEquals(legend, ["truth", "A", "B", "C"]);
  assertEquals(table(section), [7, 12].map((row) => [`row ${row}`, "0.2500", "0.5000", "0.7500"]));
  const [chart] = section.querySelectorAll("svg.chart");
  const titles = [...chart!.querySelectorAll("title")].map((title) => title.textContent);
  // Two columns, each with the truth and what three runs make of it.
  assertEquals(titles.length, 2 * 4);
  assertEquals(titles.filter((title) => title!.startsWith("x, ")).length, 4);
  // deno-lint-ignore no-explicit-any -- an answer as it was written before rows without a shape were kept
  for (const { diagnostics } of runs) delete (diagnostics.rows as any).same_columns;
  assertEquals(sectionOf(runs), null);
});

Deno.test("rows that are not the same are not drawn side by side", () => {
  assertEquals(sectionOf(compared(2, [4, 4], { same: false })), null);
  assertEquals(sectionOf(compared(1, [4, 4]).concat(compared(1, [2, 8]))), null);
  const [a, b] = compared(2, [4, 4]) as [RunData, RunData];
  const other = structuredClone(b);
  // deno-lint-ignore no-explicit-any -- a spoiled answer
  (other.diagnostics.rows as any).same[0].truth[3] += 1;
  assertEquals(table(sectionOf([a, other])!).map(([row]) => row), ["row 12"]);
  assertEquals(sectionOf([a, { ...b, diagnostics: { rows: { epoch: 1 } } }]), null);
  assertEquals(sectionOf([a, { ...b, config: { ...b.config, data: { path: "elsewhere" } } }]), null);
  // Large pictures: as many rows as a page can hold.
  assertEquals(sectionOf(compared(8, [300, 300])), null);
});

Deno.test("of many runs the first are drawn, and the page says so", () => {
  const section = sectionOf(compared(SIDE_BY_SIDE + 3, [4, 4]))!;
  assertEquals(section.querySelectorAll("image").length, 2 * (1 + 2 * SIDE_BY_SIDE));
  assertStringIncludes(section.textContent!, "3 runs of the same data are not drawn");
});

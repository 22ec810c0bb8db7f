import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseHTML } from "linkedom";
import type { RunData } from "../../core/runs/types.ts";
import { differingKeys, renderComparison } from "../../reports/comparison.ts";
import { emptyRun, makeRun } from "./fixture.ts";
import { assertWellFormed } from "./well_formed.ts";

const options = { epochs: 4, stepsPerEpoch: 6, columns: 50, latentRows: 20 };
const runs = [
  makeRun({ ...options, seed: 1, name: "small", latentSize: 16, floor: 0.06 }),
  makeRun({ ...options, seed: 1, name: "large", latentSize: 64, floor: 0.04 }),
  makeRun({ ...options, seed: 1, name: "fast <b>", latentSize: 64, learningRate: 0.01, floor: 0.05 }),
];

function page(of: readonly RunData[]): Document {
  const text = renderComparison(of);
  assertWellFormed(text);
  assert(!text.includes("<script"));
  return parseHTML(text).document as unknown as Document;
}

Deno.test("the keys that differ, and no others", () => {
  assertEquals(differingKeys(runs), ["model.encoder", "optimizer.learning_rate"]);
  assertEquals(differingKeys(runs.slice(0, 1)), []);
  assertEquals(differingKeys([{ ...runs[0]!, config: { a: { b: 1 } } }, { ...runs[0]!, config: { a: {} } }]), ["a.b"]);
});

Deno.test("metrics with the best in bold, curves with a letter a run, configs below", () => {
  const document = page(runs);
  const rows = [...document.querySelectorAll("#runs tbody tr")];
  assertEquals(rows.map((r) => r.querySelector("b")!.textContent), ["A", "B", "C"]);
  assertStringIncludes(rows[2]!.textContent!, "fast <b>");
  const head = [...document.querySelectorAll("#runs thead th")].map((h) => h.textContent);
  const test = head.indexOf("test MSE");
  assert(test > 0);
  const cell = (row: Element, i: number) => row.querySelectorAll("th,td")[i]!;
  assertEquals(rows.map((r) => cell(r, test).querySelector(".best") !== null), [false, true, false]);
  assertEquals(rows.map((r) => cell(r, head.indexOf("optimizer.learning_rate")).textContent), [
    "0.001",
    "0.001",
    "0.01",
  ]);
  assertEquals(document.querySelectorAll("#loss svg.chart").length, 4);
  for (const svg of document.querySelectorAll("#loss svg.chart")) {
    const texts = [...svg.querySelectorAll("text")].map((t) => t.textContent);
    for (const tag of ["A", "B", "C"]) assert(texts.includes(tag), `${svg.getAttribute("aria-label")} lacks ${tag}`);
  }
  assertStringIncludes(document.querySelector("#configs")!.textContent!, "linear 512 → leaky_relu 0.01 → linear 16");
  assertStringIncludes(document.querySelector(".lede")!.textContent!, "run B, large");
});

Deno.test("runs without losses, and without validation", () => {
  const none = page([emptyRun("a"), emptyRun("b")]);
  assertEquals(none.querySelectorAll("svg.chart").length, 0);
  assertStringIncludes(none.querySelector("#loss .missing")!.textContent!, "None of these runs");
  assertStringIncludes(none.querySelector("#configs .missing")!.textContent!, "are the same");
  const blind = { ...runs[0]!, epochs: runs[0]!.epochs.map((e) => ({ ...e, validation_loss: null })) };
  const mixed = page([blind, runs[1]!, emptyRun("c")]);
  assertEquals(mixed.querySelectorAll("#loss svg.chart").length, 3);
  assertStringIncludes(mixed.querySelector("#loss figcaption")!.textContent!, "Training loss by epoch");
  assertStringIncludes(mixed.querySelector("#loss figcaption")!.textContent!, "1 run without a finite loss");
});

Deno.test("thirty runs: colours repeat with other dashes, letters go on", () => {
  const many = Array.from({ length: 30 }, (_, i) => ({ ...runs[i % 3]!, name: `run ${i}` }));
  const document = page(many);
  assertEquals([...document.querySelectorAll("#runs tbody b")].filter((b) => b.textContent === "AD").length, 1);
  assert(document.querySelectorAll("#loss svg.chart")[0]!.innerHTML.includes("stroke-dasharray"));
});

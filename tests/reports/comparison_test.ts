import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseHTML } from "linkedom";
import type { RunData } from "../../core/runs/types.ts";
import { dataDifferences, lossDifferences, sameMachine } from "../../reports/comparable.ts";
import { byImportance } from "../../reports/settings_order.ts";
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

Deno.test("rows of the table of runs can be stacked: each cell knows its column's name", () => {
  const table = page(runs).querySelector("#runs table")!;
  assertEquals(table.getAttribute("class"), "stacked");
  const head = [...table.querySelectorAll("thead th")].map((h) => h.textContent);
  const cells = [...table.querySelectorAll("tbody tr")[1]!.querySelectorAll("td")];
  assertEquals(cells.map((td) => td.getAttribute("data-name")), head.slice(1));
});

Deno.test("figures of a sample are named as such", () => {
  const [a, b] = runs as [RunData, RunData];
  const test = { ...a.summary!.metrics.test!, sampled_from: 1_000_000 };
  const sampled = { ...a, summary: { ...a.summary!, metrics: { ...a.summary!.metrics, test } } };
  const caption = (of: readonly RunData[]) => page(of).querySelector("#runs caption")!.textContent!;
  assertStringIncludes(caption([sampled, b]), "The test metrics of run A were measured on a sample of the test rows.");
  assert(!caption([a, b]).includes("sample"));
});

Deno.test("runs without losses, and without validation", () => {
  const none = page([emptyRun("a"), emptyRun("b")]);
  assertEquals(none.querySelectorAll("svg.chart").length, 0);
  assertStringIncludes(none.querySelector("#loss .missing")!.textContent!, "None of these runs");
  assertStringIncludes(none.querySelector("#configs .missing")!.textContent!, "are the same");
  const alone = page([runs[0]!, emptyRun("c")]);
  assertStringIncludes(alone.querySelector("#loss .missing")!.textContent!, "No two of these runs have the same data");
  const blind = { ...runs[0]!, epochs: runs[0]!.epochs.map((e) => ({ ...e, validation_loss: null })) };
  const mixed = page([blind, runs[1]!, { ...runs[2]!, epochs: [] }]);
  assertEquals(mixed.querySelectorAll("#loss svg.chart").length, 3);
  assertStringIncludes(mixed.querySelector("#loss figcaption")!.textContent!, "Training loss by epoch");
  assertStringIncludes(
    mixed.querySelector("#loss figcaption")!.textContent!,
    "1 run without a finite loss is left out",
  );
});

const setData = (run: RunData, change: Record<string, unknown>): RunData => ({
  ...run,
  config: { ...run.config, data: { ...(run.config.data as Record<string, unknown>), ...change } },
});

Deno.test("only what is comparable is compared: the same data, the same rows, the same loss", () => {
  const other = setData(runs[1]!, { split: { by: "rows", train: 0.8, validation: 0.1, test: 0.1, seed: 8 } });
  const summed: RunData = { ...runs[2]!, config: { ...runs[2]!.config, loss: { kind: "mse", reduction: "sum" } } };
  const batch = setData(runs[0]!, { batch_size: 7, workers: 9, labels: null });
  assertEquals(dataDifferences(runs[0]!, other), ["data.split.seed"]);
  assertEquals([dataDifferences(runs[0]!, summed), lossDifferences(runs[0]!, summed)], [[], ["loss.reduction"]]);
  assertEquals(lossDifferences(runs[0]!, batch), []);
  const wider = { ...runs[0]!, summary: { ...runs[0]!.summary!, columns: 51 } };
  assertEquals(dataDifferences(runs[0]!, wider), ["number of columns"]);
  assertEquals(dataDifferences(runs[0]!, { ...runs[0]!, summary: null, model: [] }), [], "not known is not different");

  const sampled = { ...runs[0]!, config: { ...runs[0]!.config, evaluation: { test_max_rows: 100 } } };
  assertEquals(dataDifferences(runs[0]!, sampled), ["evaluation.test_max_rows"]);
  const known = (run: RunData, content: string) => ({ ...run, data: { files: [{ name: "a.npz", rows: 9, content }] } });
  const moved = setData(runs[0]!, { path: "/elsewhere/pbmc3k" });
  assertEquals(dataDifferences(runs[0]!, moved), ["data.path"]);
  assertEquals(dataDifferences(known(runs[0]!, "crc32:1"), known(moved, "crc32:1")), [], "the same files elsewhere");
  assertEquals(dataDifferences(known(runs[0]!, "crc32:1"), known(runs[0]!, "crc32:2")), ["content of the data"]);
  assertEquals(dataDifferences(known(runs[0]!, "crc32:1"), moved), ["data.path"]);

  const document = page([runs[0]!, other, summed, batch]);
  const notes = [...document.querySelectorAll(".alert li")].map((li) => li.textContent!);
  assertEquals(notes.length, 2);
  assertStringIncludes(notes[0]!, "Run B was measured on other values");
  assertStringIncludes(notes[0]!, "data.split.seed");
  assertStringIncludes(notes[1]!, "Run C was trained with another loss");
  const tags = (svg: Element) =>
    [...svg.querySelectorAll("text")].map((t) => t.textContent!).filter((t) => /^[A-D]$/.test(t));
  const charts = [...document.querySelectorAll("#loss svg.chart")];
  assertEquals(charts.slice(0, 3).map((svg) => tags(svg).sort()), [["A", "D"], ["A", "D"], ["A", "D"]]);
  assertEquals(tags(charts[3]!).sort(), ["A", "C", "D"], "throughput: the same data");
  assertStringIncludes(
    document.querySelector("#loss")!.textContent!,
    "The losses of runs B and C are not drawn with the others",
  );
  assert(!document.querySelector(".lede")!.textContent!.includes("run B"));
  // B's errors are the lowest, but of other rows: the best of the others is in bold.
  const head = [...document.querySelectorAll("#runs thead th")].map((h) => h.textContent);
  const cells = [...document.querySelectorAll("#runs tbody tr")].map((r) =>
    r.querySelectorAll("th,td")[head.indexOf("test MSE")]!
  );
  assertEquals(cells.map((c) => c.querySelector(".best") !== null), [false, false, true, false]);

  const none = page([runs[0]!, other]);
  assertEquals(none.querySelectorAll("svg.chart").length, 0);
  assertStringIncludes(none.querySelector(".lede")!.textContent!, "none is called the best");
});

Deno.test("settings that differ stand in the order of their importance", () => {
  const keys = [
    "paths.cache",
    "logging.every_steps",
    "data.workers",
    "training.epochs",
    "optimizer.eps",
    "optimizer.learning_rate",
    "seed",
    "data.batch_size",
    "data.path",
    "loss.kind",
    "model.encoder",
    "unknown.key",
  ]; // deno-fmt-ignore
  assertEquals(byImportance(keys), [
    "model.encoder",
    "loss.kind",
    "data.path",
    "data.batch_size",
    "seed",
    "optimizer.learning_rate",
    "optimizer.eps",
    "training.epochs",
    "unknown.key",
    "data.workers",
    "logging.every_steps",
    "paths.cache",
  ]);
});

Deno.test("speeds of other machines are not ranked", () => {
  const there = { ...runs[1]!, environment: { ...runs[1]!.environment, host: "lab-04" } };
  assert(sameMachine(runs) && !sameMachine([runs[0]!, there]));
  const document = page([runs[0]!, there]);
  assertStringIncludes(document.querySelector("#loss")!.textContent!, "not all made on the same machine");
  const head = [...document.querySelectorAll("#runs thead th")].map((h) => h.textContent);
  for (const row of document.querySelectorAll("#runs tbody tr")) {
    assertEquals(row.querySelectorAll("th,td")[head.indexOf("rows/s")]!.querySelector(".best"), null);
  }
});

Deno.test("thirty runs: colours repeat with other dashes, letters go on", () => {
  const many = Array.from({ length: 30 }, (_, i) => ({ ...runs[i % 3]!, name: `run ${i}` }));
  const document = page(many);
  assertEquals([...document.querySelectorAll("#runs tbody b")].filter((b) => b.textContent === "AD").length, 1);
  assert(document.querySelectorAll("#loss svg.chart")[0]!.innerHTML.includes("stroke-dasharray"));
});

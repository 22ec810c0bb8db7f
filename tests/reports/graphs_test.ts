/** Parts of networks of neurons: counted, read back and drawn. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { parseHTML } from "linkedom";
import { readRun } from "../../core/runs/read.ts";
import { countParts, GRAPHS_FILE } from "../../core/runs/graph_parts.ts";
import { renderRunReport } from "../../reports/run_report.ts";
import { testInFolder } from "../temp.ts";
import { makeRun } from "./fixture.ts";
import { assertWellFormed } from "./well_formed.ts";

const run = makeRun({ epochs: 2, stepsPerEpoch: 4, columns: 20, latentRows: 10, clusters: 2 });
// 0 and 1 are part 0, the others part 1: 0 > 1, 1 > 0, 2 > 3, 1 > 2, 3 > 0.
const counted = countParts(
  "encoder.0",
  "METIS",
  Uint32Array.of(0, 0, 1, 1, 1),
  Uint32Array.of(0, 1, 1, 0, 2, 3, 1, 2, 3, 0),
);

function sectionOf(graphs: typeof run.graphs): Element {
  const text = renderRunReport({ ...run, graphs });
  assertWellFormed(text);
  return parseHTML(text).document.querySelector("#parts") as unknown as Element;
}

Deno.test("parts are counted", () => {
  assertEquals(counted, {
    ...{ layer: "encoder.0", neurons: 5, connections: 5, by: "METIS", sizes: [2, 3], within: 3 },
    between: [[2, 1], [1, 1]],
  });
  const many = countParts("decoder.1", "engine", Uint32Array.from({ length: 200 }, (_, n) => n), new Uint32Array());
  assertEquals([many.sizes.length, many.between.length, many.within], [200, 0, 0]);
});

Deno.test("a run without networks of neurons has no section of parts", () => {
  assertEquals(sectionOf([]), null);
});

Deno.test("the connections from part to part are a square each, with its number where there are few", () => {
  const section = sectionOf([counted]);
  const squares = [...section.querySelectorAll("svg rect title")].map((title) => title.textContent);
  assertEquals(squares, [
    "part 1 to part 1: 2 connections",
    "part 1 to part 2: 1 connection",
    "part 2 to part 1: 1 connection",
    "part 2 to part 2: 1 connection",
  ]);
  const caption = section.querySelector("figcaption")!.textContent!.replaceAll(/\s+/g, " ");
  assertStringIncludes(caption, "its 5 neurons are divided by METIS into 2 parts of 2 to 3. 3 of 5 connections (60");
  const opacity = [...section.querySelectorAll("svg rect")].map((rect) => Number(rect.getAttribute("fill-opacity")));
  assert(opacity[0]! > opacity[1]! && opacity[1] === opacity[2]);
});

Deno.test("many parts are squares without numbers, and more than are counted are a sentence", () => {
  const part = Uint32Array.from({ length: 64 }, (_, n) => n % 32);
  const section = sectionOf([
    countParts("encoder.0", "engine", part, Uint32Array.from({ length: 128 }, (_, i) => i % 64)),
  ]);
  assertEquals(section.querySelectorAll("svg rect title").length, 32 * 32);
  const all = Uint32Array.from({ length: 200 }, (_, n) => n);
  assertStringIncludes(
    sectionOf([countParts("encoder.0", "engine", all, Uint32Array.of(0, 1))]).textContent!,
    "too many to be drawn",
  );
});

Deno.test("numbers that do not fit together are no figure", () => {
  for (const wrong of [{ between: [[1]] }, { between: [[1, 2], [3]] }, { connections: NaN }, { sizes: [] }]) {
    assertStringIncludes(
      sectionOf([{ ...counted, ...wrong }]).textContent!,
      "could not be drawn: graphs.json has other",
    );
  }
});

testInFolder("graphs.json is read with a run, and what is wrong in it is a problem of the run", async (folder) => {
  await Deno.writeTextFile(join(folder, "config.yaml"), "name: a\n");
  assertEquals((await readRun(folder)).graphs, []);
  await Deno.writeTextFile(join(folder, GRAPHS_FILE), JSON.stringify([counted]));
  assertEquals((await readRun(folder)).graphs, [counted]);
  await Deno.writeTextFile(join(folder, GRAPHS_FILE), JSON.stringify([{ ...counted, sizes: 3 }]));
  const { graphs, problems } = await readRun(folder);
  assertEquals([graphs.length, problems.length], [0, 1]);
  assertStringIncludes(problems[0]!, "graphs.json: [0].sizes: expected a list, got 3");
});

/** Latent maps of rows that crowd, and those in the colours of columns. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseHTML } from "linkedom";
import type { LatentDiagnostic, RunData } from "../../core/runs/types.ts";
import { renderRunReport } from "../../reports/run_report.ts";
import { makeRun } from "./fixture.ts";
import { assertWellFormed } from "./well_formed.ts";

const EVIL = `"><script>alert(1)</script>&`;
const run = makeRun({ epochs: 3, stepsPerEpoch: 5, columns: 40, latentRows: 30, clusters: 3 });
const crowd = makeRun({ epochs: 3, stepsPerEpoch: 5, columns: 40, latentRows: 9000, clusters: 3, latentSize: 8 });

/** The section of the latent space, and the figures in it. */
function sectionOf(latent: LatentDiagnostic, more: Partial<RunData> = {}) {
  const text = renderRunReport({ ...run, latent, ...more });
  assertWellFormed(text);
  assert(!text.includes("<script"));
  assert(!/NaN|undefined/.test(text.replace(/href="data:[^"]*"/g, "")));
  const section = parseHTML(text).document.querySelector("#latent")!;
  const said = (element: Element) => element.textContent!.replace(/\s+/g, " ");
  return { section, figures: [...section.querySelectorAll("figure")], said };
}

const legendOf = (figure: Element) =>
  [...figure.querySelectorAll(".legend li")].map((item) => item.textContent!.trim());
/** Numbers of markers and hexagons in a chart. */
const marksOf = (figure: Element) =>
  [...figure.querySelector("svg.chart")!.querySelectorAll("path")].map((path) => path.getAttribute("d")!)
    .reduce((sum, d) => sum + (d.match(/M[^M]*(?:h0|z)/g) ?? []).length, 0);

Deno.test("latent map: rows that crowd are marks by hexagons, with their numbers in words and in the legend", () => {
  const { figures, said } = sectionOf(crowd.latent!);
  const legend = legendOf(figures[0]!);
  assertEquals(legend.length, 3 + 4);
  assert(/^\d+ to \d+ rows in a hexagon$/.test(legend.at(-1)!), legend.at(-1));
  assert(marksOf(figures[0]!) < 1500, `${marksOf(figures[0]!)} marks`);
  const most = /(\d+) rows in a hexagon/.exec(legend.at(-1)!)![1]!;
  assertStringIncludes(
    said(figures[0]!),
    `all rows in its hexagon of the map, up to ${most} of them: the larger, the more.`,
  );
  assert(/As points, \d\d % of the rows would lie on others/.test(said(figures[0]!)), said(figures[0]!));
  const mixed = crowd.latent!.labels!.map((label, i) => i % 10 === 0 ? "rare" : label);
  const other = sectionOf({ ...crowd.latent!, labels: mixed });
  assert(/8\d\d rows \((8|9)\.\d %\) have another/.test(other.said(other.figures[0]!)), other.said(other.figures[0]!));
});

Deno.test("latent map: without labels the hexagons have the colour of their number of rows", () => {
  const { figures, said } = sectionOf({ ...crowd.latent!, labels: null });
  const legend = legendOf(figures[0]!);
  assertEquals([legend.length, legend[0]], [6, "1 row"]);
  assertStringIncludes(said(figures[0]!), "its colour says how many there are");
  const fills = new Set([...figures[0]!.querySelectorAll("path")].map((path) => path.getAttribute("fill")));
  assertEquals([...fills].filter((fill) => fill?.includes("--s")).length, 6);
});

Deno.test("latent map: few rows are points, and so are many that do not lie on each other", () => {
  const spread = Array.from({ length: 2500 }, (_, i) => [i % 50, Math.floor(i / 50)]);
  const latent = { ...run.latent!, scores: spread, rows: spread.map((_, i) => i), labels: null };
  for (const [data, rows] of [[run.latent!, 30], [latent, 2500]] as const) {
    const { figures, said } = sectionOf(data);
    assert(!said(figures[0]!).includes("hexagon"));
    assertEquals(marksOf(figures[0]!), rows);
  }
});

Deno.test("latent map: if one epoch's rows crowd, the maps of all epochs are by hexagons", () => {
  const apart = crowd.latent!.scores.map((_, i) => [i % 95, Math.floor(i / 95)]);
  const history = [{ epoch: 1, diagnostics: { latent: { ...crowd.latent!, epoch: 1, scores: apart } } }];
  const { figures, said } = sectionOf({ ...crowd.latent!, epoch: 3 }, { history });
  const maps = figures.at(-1)!;
  assertStringIncludes(said(maps), "Each mark stands for the rows of a hexagon");
  for (const svg of maps.querySelectorAll("svg.chart")) assertStringIncludes(svg.textContent!, "As points");
});

Deno.test("latent map: columns have maps of their own, with a scale and a legend, and names stay text", () => {
  const columnOf = (name: string, latent: LatentDiagnostic) => ({
    ...{ column: 1, name, r2: 0.5 },
    values: latent.scores.map((_, i) => i % 7),
  });
  for (const latent of [run.latent!, crowd.latent!]) {
    const columns = [columnOf(EVIL, latent), columnOf("MYH3", latent), { ...columnOf("none", latent), values: [] }];
    const { section, figures, said } = sectionOf({ ...latent, columns, unknown_columns: [EVIL] });
    const figure = figures.find((one) => said(one).includes("in the colours of the values of 2 columns"))!;
    assertEquals([...figure.querySelectorAll("h3")].map(said), [`${EVIL}R² 0.500`, "MYH3R² 0.500"]);
    for (const svg of figure.querySelectorAll("svg.chart")) {
      assertEquals(svg.querySelectorAll("rect").length, 6);
      assertEquals([...svg.querySelectorAll("text")].map((text) => text.textContent), ["0", "6"]);
    }
    assertStringIncludes(said(section), `The data have no column ${EVIL}`);
    assertEquals(said(figure).includes("mean of its rows"), latent === crowd.latent);
    assertEquals(section.querySelectorAll("script").length, 0);
  }
  assert(!sectionOf(run.latent!).section.textContent!.includes("colours of the values"));
});

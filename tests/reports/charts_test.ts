import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { assertSnapshot } from "@std/testing/snapshot";
import { axis, prefersLog } from "../../reports/charts/axis.ts";
import { chunkWait } from "../../reports/charts/chunk_wait.ts";
import { columnError, drawnColumns } from "../../reports/charts/column_error.ts";
import { columnR2 } from "../../reports/charts/column_r2.ts";
import { compareLines } from "../../reports/charts/compare_lines.ts";
import { explainedVariance } from "../../reports/charts/explained_variance.ts";
import { hourglass } from "../../reports/charts/hourglass.ts";
import { latentFrame, latentScatter } from "../../reports/charts/latent_scatter.ts";
import { firstIsOutside, lossByEpoch } from "../../reports/charts/loss_by_epoch.ts";
import { frameOf, place, spacedTicks, textWidth } from "../../reports/charts/plot.ts";
import { reconstructionPanel } from "../../reports/charts/reconstruction_panel.ts";
import { timeBar } from "../../reports/charts/time_bar.ts";
import { trace } from "../../reports/charts/trace.ts";
import { groupsOf } from "../../reports/groups.ts";
import { makeRun } from "./fixture.ts";
import { assertWellFormed } from "./well_formed.ts";

const run = makeRun({
  epochs: 6,
  stepsPerEpoch: 12,
  chunks: 2,
  columns: 120,
  latentRows: 60,
  clusters: 4,
  latentSize: 8,
});
const columns = run.columns!.name!.map((name, i) => ({
  name,
  variance: run.columns!.variance[i]!,
  mse: run.columns!.mse[i]!,
}));
const traceOf = (points: { x: number; y: number }[]) =>
  trace({
    title: "Trace",
    description: "A trace.",
    points,
    xLabel: "step",
    yLabel: "loss",
    stroke: "teal",
    scale: "auto",
    smoothed: true,
    whole: true,
  });

const CHARTS: Readonly<Record<string, () => string>> = {
  loss_by_epoch: () =>
    lossByEpoch(
      run.epochs.map((e) => ({ epoch: e.epoch, train: e.train_loss, validation: e.validation_loss })),
      run.summary!.best_epoch,
      "mean squared error",
    ),
  trace: () => traceOf(run.steps.map((s) => ({ x: s.step, y: s.loss }))),
  time_bar: () => timeBar([{ name: "a", seconds: 3, fill: "red" }, { name: "b", seconds: 1, fill: "blue" }]),
  chunk_wait: () =>
    chunkWait(run.chunks.map((c) => ({
      firstStep: c.first_step,
      steps: c.steps,
      openWaitMs: c.open_wait_ms,
      batchWaitMs: c.wait_ms,
    }))),
  column_error: () => columnError(columns, columns.slice(0, 5), "unit²"),
  column_r2: () => columnR2(columns.map((c) => 1 - c.mse / c.variance)),
  latent_scatter: () => latentScatter(groupsOf(run.latent!), run.latent!.explained, false).svg,
  explained_variance: () => explainedVariance(run.latent!.explained),
  reconstruction_panel: () => {
    const { name, truth, reconstruction, r2 } = run.reconstruction!.columns[0]!;
    return reconstructionPanel(name, truth.slice(0, 40), reconstruction.slice(0, 40), r2, "log(1 + counts)");
  },
  hourglass: () => hourglass([120, 512, 8, 512, 120], 2),
  compare_lines: () =>
    compareLines([
      { name: "one", tag: "A", stroke: "teal", dash: null, points: [{ x: 1, y: 3 }, { x: 2, y: 0.2 }] },
      { name: "two", tag: "B", stroke: "tan", dash: "6,3", points: [{ x: 1, y: 2 }, { x: 2, y: 0.21 }] },
    ], { title: "Loss", xLabel: "epoch", yLabel: "loss", whole: true, scale: "auto" }),
};

for (const [name, draw] of Object.entries(CHARTS)) {
  Deno.test(`chart ${name}: the same text every time, as in the snapshot`, async (t) => {
    const svg = draw();
    assertEquals(draw(), svg);
    assert(!/NaN|Infinity|undefined/.test(svg), "a coordinate is not a number");
    assert(!/ id=/.test(svg), "ids of several charts would meet in one page");
    assertStringIncludes(svg, 'role="img" aria-label="');
    assertStringIncludes(svg, "<desc>");
    assertStringIncludes(svg, 'xmlns="http://www.w3.org/2000/svg"');
    assertWellFormed(svg);
    await assertSnapshot(t, svg);
  });
}

Deno.test("charts escape what data name", () => {
  const evil = `</title><script>alert("1")</script>`;
  const drawn = [
    columnError([{ name: evil, variance: 2, mse: 1 }, { name: "b", variance: 1, mse: 0.3 }], [
      { name: evil, variance: 2, mse: 1 },
    ], evil),
    reconstructionPanel(evil, [0, 1], [0, 1], 1, evil),
    latentScatter(
      [{ name: evil, fill: "red", shape: "circle", points: [{ x: 0, y: 1 }] }, {
        name: "b",
        fill: "red",
        shape: "square",
        points: [{ x: 1, y: 1 }],
      }],
      [0.5, 0.5],
      false,
    ).svg,
    timeBar([{ name: evil, seconds: 1, fill: "red" }]),
    compareLines([{ name: evil, tag: "A", stroke: "red", dash: null, points: [{ x: 0, y: 1 }] }], {
      title: evil,
      xLabel: evil,
      yLabel: evil,
    }),
  ];
  for (const svg of drawn) {
    assertStringIncludes(svg, "&lt;script&gt;");
    assert(!svg.includes("<script"));
    assertWellFormed(svg);
  }
});

Deno.test("charts leave out what is not finite", () => {
  const points = [{ x: 1, y: 2 }, { x: 2, y: NaN }, { x: 3, y: Infinity }, { x: 4, y: 1 }];
  const svg = traceOf(points);
  assertEquals(svg.match(/<circle/g)?.length, 2);
  const epochs = [{ epoch: 1, train: 2, validation: NaN }, { epoch: 2, train: NaN, validation: null }];
  for (const text of [svg, lossByEpoch(epochs, 1, "loss"), lossByEpoch(epochs, null, "loss")]) {
    assert(!/NaN|Infinity/.test(text.replace(/<desc>.*?<\/desc>/, "")), text);
  }
});

Deno.test("ticks at very large and very small numbers can be told apart, and those of a log axis are short", () => {
  for (const ends of [[1.022e29, 1.068e29], [1e12, 1.00001e12], [2e-7, 9e-7]]) {
    const { ticks, format } = axis(ends);
    const labels = ticks.map(format);
    assertEquals(new Set(labels).size, ticks.length, labels.join(", "));
  }
  const far = axis([0.2, 1e29], { type: "log", ticks: 5 });
  assert(far.ticks.map(far.format).every((label) => label.length <= 9), far.ticks.map(far.format).join(", "));
});

Deno.test("labels of a horizontal axis do not lie on each other: those at multiples from 0 are kept", () => {
  const x = axis([-0.0047, 0.0047], { ticks: 5, pad: 0.01 });
  assertEquals(x.ticks, [-0.004, -0.002, 0, 0.002, 0.004]);
  assertEquals(spacedTicks(x, { left: 40, right: 400 }), x.ticks);
  assertEquals(spacedTicks(x, { left: 40, right: 200 }), [-0.004, 0, 0.004]);
  assertEquals(spacedTicks(x, { left: 40, right: 60 }), [0]);
  const counts = axis([3, 27], { ticks: 5 });
  assertEquals(spacedTicks(counts, { left: 0, right: 400 }), counts.ticks);
});

Deno.test("a log axis where it reads better, and never with zeros", () => {
  assert(prefersLog([1, 0.1, 0.05]));
  assert(prefersLog([0.2, 0.06, 0.055, 0.052, 0.05, 0.05]));
  assert(!prefersLog([0.06, 0.055, 0.05]));
  assert(!prefersLog([1, 0.1, 0]));
  assert(!prefersLog([]));
  const a = axis([0.5, 0.05], { type: "log" });
  assertEquals(a.ticks.map(a.format), ["0.05", "0.1", "0.2", "0.5"]);
  const b = axis([1e-9, 1e-2], { type: "log" });
  assertEquals(b.ticks.map(b.format), ["10⁻⁹", "10⁻⁷", "10⁻⁵", "0.001"]);
});

Deno.test("linear ticks: round numbers, few, inside the domain, also for one value and for none", () => {
  let compared = 0;
  for (const values of [[0, 1], [1, 20000], [0.001, 0.0012], [-3, 8], [5], [0], [], [1e-12, 3e-12], [1e9, 4e9]]) {
    const { ticks, domain, format } = axis(values);
    assert(ticks.length >= 2 && ticks.length <= 8, `${values}: ${ticks}`);
    for (const tick of ticks) {
      const slack = (domain[1] - domain[0]) * 1e-6;
      assert(tick >= domain[0] - slack && tick <= domain[1] + slack, `${values}: ${tick} outside ${domain}`);
      compared++;
    }
    assertEquals(new Set(ticks.map(format)).size, ticks.length, `${values}: ${ticks.map(format)}`);
  }
  assert(compared > 20);
  assertEquals(axis([1, 40], { whole: true, pad: 0.02 }).ticks, [10, 20, 30, 40]);
  assertEquals(axis([1, 3], { whole: true, pad: 0.02 }).ticks, [1, 2, 3]);
});

Deno.test("labels in natural order, numbers as numbers; a few that all are numbers coloured low to high", () => {
  const named = (labels: string[]) => groupsOf({ ...run.latent!, scores: labels.map((_, i) => [i, 0]), labels });
  const hours = named(["48 h", "48 h", "48 h", "0 h", "120 h", "120 h", "24 h"]);
  assertEquals(hours.map((g) => [g.name, g.points.length]), [["0 h", 1], ["24 h", 1], ["48 h", 3], ["120 h", 2]]);
  assertEquals(new Set(hours.map((g) => g.fill)).size, 4);
  assertEquals(named(["b", "a", "a", "c"]).map((g) => g.name), ["a", "b", "c"]);
  assertEquals(named(["10 h", "2 h", "b10", "b2", "-1"]).map((g) => g.name), ["-1", "2 h", "10 h", "b2", "b10"]);
});

Deno.test("twenty labels: twenty marks, each another", () => {
  const labels = Array.from({ length: 20 }, (_, i) => String(i));
  const groups = groupsOf({ ...run.latent!, scores: labels.map((_, i) => [i, 0]), labels });
  assertEquals(groups.map((g) => g.name), labels);
  assertEquals(new Set(groups.map((g) => `${g.fill} ${g.shape}`)).size, 20);
});

Deno.test("axes say their unit, and that a scale is logarithmic", () => {
  const svg = CHARTS.column_error!();
  assertEquals(svg.match(/>unit²; log scale</g)?.length, 2);
  assertStringIncludes(CHARTS.reconstruction_panel!(), ">log(1 + counts)<");
  assert(!CHARTS.column_r2!().includes("log scale"));
  for (const [name, draw] of Object.entries(CHARTS)) {
    if (name !== "time_bar") assert(!/ opacity="|stroke-opacity="0/.test(draw()), `${name}: points fade into the page`);
  }
});

Deno.test("the label of the last tick does not reach beyond the chart", () => {
  const label = (of: ReturnType<typeof axis>) => ({ ...of, label: "" });
  const x = label(axis([0, 14_000_000], { whole: true })), y = label(axis([0, 1]));
  const last = x.ticks.at(-1)!;
  const { left, right } = frameOf({ x, y, width: 440 });
  const center = place(x, last, left, right);
  assert(center + textWidth(x.format(last)) / 2 <= 440, `${x.format(last)} at ${center}`);
  assertEquals(frameOf({ y }).right, 440 - 14);
});

Deno.test("a few rows far off are left out of the latent map, and counted", () => {
  const points = Array.from({ length: 400 }, (_, i) => ({ x: i % 20, y: Math.floor(i / 20) }));
  const group = (extra: { x: number; y: number }[]) => [{
    name: "rows",
    fill: "red",
    shape: "circle" as const,
    points: [...points, ...extra],
  }];
  assertEquals(latentFrame(group([])).outside, 0);
  assertEquals(latentFrame(group([{ x: 25, y: 5 }])).outside, 0);
  const { inside, outside } = latentFrame(group([{ x: 900, y: 5 }]));
  assertEquals([outside, inside({ x: 900, y: 5 }), inside({ x: 19, y: 19 })], [1, false, true]);
});

Deno.test("a line is broken where steps are missing, not where every tenth is logged", () => {
  const every = Array.from({ length: 40 }, (_, i) => ({ x: 10 * i, y: 1 + i }));
  const paths = (points: { x: number; y: number }[]) => traceOf(points).match(/<path d="M[^"]*" ?\/?>/g)!.join("");
  const moves = (text: string) => (text.match(/M/g) ?? []).length;
  const whole = moves(paths(every));
  assertEquals(moves(paths([...every.slice(0, 15), ...every.slice(25)])), whole + 2, "once in each of both lines");
});

Deno.test("a first training loss far above all others is left out of the frame", () => {
  const losses = (first: number) => [first, 1.2, 1.1, 1].map((train, i) => ({ epoch: i + 1, train, validation: 1.3 }));
  assert(firstIsOutside(losses(2)));
  assert(!firstIsOutside(losses(1.5)));
  assert(!firstIsOutside(losses(2).slice(0, 3)));
  assert(!firstIsOutside(losses(NaN)));
  assert(!lossByEpoch(losses(20), 4, "loss").includes(">20<"));
});

Deno.test("columns of next to no variance are not drawn where they would stretch the axes", () => {
  const of = (variances: number[]) => variances.map((variance, i) => ({ name: `c${i}`, variance, mse: 1 }));
  const ordinary = Array.from({ length: 400 }, (_, i) => 1 + i / 400);
  assertEquals(drawnColumns(of([...ordinary, 0.01])).length, 401);
  assertEquals(drawnColumns(of([...ordinary, 1e-60, 1e-50])).every((c) => c.variance >= 1), true);
  assertEquals(drawnColumns(of([...ordinary, 0])).length, 400);
});

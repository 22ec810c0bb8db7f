import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { parseHTML } from "linkedom";
import { UserError } from "../../core/errors.ts";
import { isSweepFolder, readSweepFolder } from "../../core/sweep/read.ts";
import { renderSweep } from "../../reports/sweep_report.ts";
import { temporary } from "../helpers/cli.ts";
import { makeSweepFolder } from "./sweep_fixture.ts";
import { assertWellFormed } from "./well_formed.ts";

const RATES = [0.001, 0.004, 0.016], SIZES = [4, 8];
const GRID = RATES.flatMap((rate) => SIZES.map((size) => [rate, size]));
const KEYS = ["optimizer.learning_rate", "model.encoder.4.linear"];
const loss = ([rate, size]: readonly unknown[]) =>
  0.1 / Number(size) + 0.001 * Math.abs(Math.log(Number(rate) / 0.004));

async function page(folder: string): Promise<Document> {
  const text = renderSweep(await readSweepFolder(folder));
  assertWellFormed(text);
  assert(!text.includes("<script"));
  return parseHTML(text).document as unknown as Document;
}

Deno.test("a sweep's report names the best point, what failed, and which parameter matters", async () => {
  using folder = temporary();
  const ends = {
    "1 2": { status: "failed", error: "the loss is not finite at step 3", folder: true },
    "6 3": { status: "failed", error: "cannot start", folder: false },
    "5 1": { status: "waiting", error: "", folder: false },
  };
  const at = makeSweepFolder(folder.path, "digits", { keys: KEYS, points: GRID, seeds: 3, loss, ends });
  const sweep = await readSweepFolder(at);
  assertEquals([sweep.keys, sweep.metric, sweep.runs.length], [KEYS, "validation.loss", 18]);
  const document = await page(at);
  const text = (selector: string) => document.querySelector(selector)!.textContent!.replaceAll(/\s+/g, " ");
  assertStringIncludes(text(".lede"), "learning_rate 0.004, encoder.4.linear 8");
  assertStringIncludes(text(".alert"), "2 of 18 runs failed");
  assertStringIncludes(text(".alert"), "the loss is not finite at step 3");
  assertStringIncludes(text(".alert"), "1 run is not finished (waiting: 1)");
  const bars = [...document.querySelectorAll('svg[aria-label="Importance of the parameters"] text')].map((t) =>
    t.textContent
  );
  assertEquals(bars.indexOf("model.encoder.4.linear"), 0, "the most important one comes first");
  assertEquals(document.querySelectorAll('svg[aria-label^="validation.loss by"] rect').length, 6);
  assertEquals(document.querySelectorAll('svg[aria-label="Parallel coordinates of the points"]').length, 1);
  // Each of the five best points has a chart of its own: its band, and the lines of the others behind it.
  const best = [...document.querySelectorAll("#best .multiples svg.chart")];
  assertEquals(best.length, 5);
  for (const chart of best) {
    assertEquals(chart.querySelectorAll("path[fill-opacity], g[fill-opacity] path").length, 1);
    assertEquals(chart.querySelectorAll('[stroke-opacity="0.6"] path, path[stroke-opacity="0.6"]').length, 4);
  }
  // The statistics count what failed and what is open.
  const rows = [...document.querySelectorAll("#statistics table")[0]!.querySelectorAll("tbody tr")]
    .map((row) => [...row.querySelectorAll("th,td")].map((cell) => cell.textContent).slice(0, 5));
  assertEquals(rows[0], ["0.001", "4", "2", "1", "0"]);
  assertEquals(rows[4], ["0.016", "4", "2", "0", "1"]);
  assertEquals(rows[5], ["0.016", "8", "2", "1", "0"]);
});

Deno.test("the same folder gives the same page, and a metric that is larger if better is ranked so", async () => {
  using folder = temporary();
  const options = { keys: KEYS, points: GRID, seeds: 2, loss };
  const at = makeSweepFolder(folder.path, "a", options);
  assertEquals(renderSweep(await readSweepFolder(at)), renderSweep(await readSweepFolder(at)));
  const r2 = makeSweepFolder(folder.path, "b", { ...options, metric: "validation.r2" });
  assertStringIncludes((await page(r2)).querySelector(".kicker")!.textContent!, "larger is better");
});

Deno.test("random points with names and many parameters are drawn, names are data", async () => {
  using folder = temporary();
  const keys = ["optimizer.name", "<b>.x", ...Array.from({ length: 12 }, (_, i) => `data.k${i}`)];
  const points = Array.from({ length: 15 }, (_, i) => [
    i % 2 ? "adam" : "</script><script>alert(1)</script>",
    `<img src=x onerror=alert(${i})>`,
    ...Array.from({ length: 12 }, (_, k) => i * (k + 1) / 7),
  ]);
  const at = makeSweepFolder(folder.path, "<i>x", { keys, points, seeds: 1, loss: (v) => v[0] === "adam" ? 1 : 2 });
  const document = await page(at);
  assertEquals(document.querySelectorAll("img, script, i, main b[onerror]").length, 0);
  assertStringIncludes(document.querySelector("h1")!.textContent!, "<i>x");
  assertStringIncludes(document.querySelector("#parameters")!.textContent!, "less important parameters are not drawn");
});

Deno.test("a sweep of which nothing is finished, without parameters, or with a broken table", async () => {
  using folder = temporary();
  const ends = { "1 1": { status: "failed", error: "no", folder: true } };
  const none = makeSweepFolder(folder.path, "none", { keys: KEYS, points: [GRID[0]!], seeds: 1, loss, ends });
  assertStringIncludes((await page(none)).querySelector(".lede")!.textContent!, "No run has finished yet");
  const bare = makeSweepFolder(folder.path, "bare", { keys: [], points: [[]], seeds: 3, loss: () => 1 });
  assertStringIncludes((await page(bare)).querySelector("#parameters")!.textContent!, "Fewer than two points");
  assert(isSweepFolder(bare) && !isSweepFolder(folder.path));

  const results = join(bare, "results.csv");
  const lines = Deno.readTextFileSync(results).split("\n");
  Deno.writeTextFileSync(
    results,
    [lines[0], "1,2", lines[1]!.replace(/001-seed-1-\d+/, "../../elsewhere"), ...lines.slice(1)].join("\n"),
  );
  const sweep = await readSweepFolder(bare);
  assertEquals(sweep.runs.length, 3);
  assertEquals(sweep.problems.map((text) => text.slice(text.lastIndexOf("/") + 1)), [
    "results.csv:2: is not a line about a run",
    "results.csv:3: is not a line about a run",
  ]);
  Deno.writeTextFileSync(results, "a,b\n1,2\n");
  await assertRejects(() => readSweepFolder(bare), UserError, "results.csv:1: there is no column seed");
  Deno.removeSync(results);
  await assertRejects(() => readSweepFolder(bare), UserError, "is not there yet");
});

Deno.test("where the latent size varies, errors are drawn by it, of the best point of each size", async () => {
  using folder = temporary();
  const options = { keys: KEYS, points: GRID, seeds: 3, loss };
  const document = await page(makeSweepFolder(folder.path, "sizes", { ...options, latent: 1 }));
  const section = document.querySelector("#sizes")!;
  assertEquals(section.querySelectorAll("figure").length, 2);
  assertEquals(section.querySelectorAll('svg[aria-label$=" by latent size"]').length, 2);
  const rows = [...section.querySelectorAll("tbody tr")]
    .map((row) => [...row.querySelectorAll("th,td")].map((cell) => cell.textContent).slice(0, 3));
  assertEquals(rows, [
    ["4 values", "3: learning_rate 0.004, encoder.4.linear 4", "3"],
    ["8 values", "4: learning_rate 0.004, encoder.4.linear 8", "3"],
  ]);
  assertStringIncludes(section.textContent!, "Of each size the point with the smallest mean validation.loss is drawn.");
  for (
    const other of [{ ...options, latent: 0 }, {
      ...options,
      points: GRID.filter(([, size]) => size === 4),
      latent: 1,
    }, options]
  ) {
    const name = `other-${[...Deno.readDirSync(folder.path)].length}`;
    // Fractions are no sizes, one size is no curve, and without model.json no size is known.
    assertEquals((await page(makeSweepFolder(folder.path, name, other))).querySelector("#sizes"), null);
  }
});

Deno.test("variational codes: KL divergence against the error, and the points that no other beats in both", async () => {
  using folder = temporary();
  const options = {
    keys: ["model.encoder.1.weight"],
    points: [[0.1], [1], [10], [3]],
    seeds: 2,
    loss: ([weight]: readonly unknown[]) => weight === 3 ? 9 : Math.sqrt(Number(weight)),
  };
  const document = await page(
    makeSweepFolder(folder.path, "rates", { ...options, kl: ([weight]) => 10 / Number(weight) }),
  );
  const section = document.querySelector("#rate")!;
  assert(section.querySelector('svg[aria-label="mean squared error by KL divergence"]'));
  const rows = [...section.querySelectorAll("tbody tr")].map((row) =>
    [...row.querySelectorAll("td, th")].map((cell) => cell.textContent.trim())
  );
  assertEquals(rows.map((cells) => cells[0]!.split(":")[0]), ["3", "4", "2", "1"], "by rising divergence");
  assertEquals(rows.map((cells) => cells.at(-1)), ["no", "yes", "no", "no"]);
  assertEquals((await page(makeSweepFolder(folder.path, "others", options))).querySelector("#rate"), null);
});

Deno.test("runs by which points were chosen are in no figure, and a parameter may have no value", async () => {
  using folder = temporary();
  const at = makeSweepFolder(folder.path, "pruned", { keys: KEYS, points: GRID.slice(0, 3), seeds: 2, loss });
  const results = join(at, "results.csv");
  const [head, ...lines] = Deno.readTextFileSync(results).trim().split("\n");
  const roles = lines.map((line) => {
    const [point, seed] = line.split(",");
    if (point === "3") return `${line.replace("finished", "paused")},selection`;
    return seed === "2" ? `${line},selection` : `${line},report`;
  });
  const empty = roles.map((line) => line.startsWith("1,") ? line.replace(/^(1,\d,[^,]*),[^,]*/, "$1,") : line);
  Deno.writeTextFileSync(results, [`${head},role`, ...empty, ""].join("\n"));
  const document = await page(at);
  const text = (selector: string) => document.querySelector(selector)!.textContent!.replaceAll(/\s+/g, " ");
  assertStringIncludes(text(".tiles"), "and 1 left out by prune");
  assertStringIncludes(text("#runs"), "4 runs by which points were chosen are in no figure of this page");
  const rows = [...document.querySelectorAll("#statistics table")[0]!.querySelectorAll("tbody tr")]
    .map((row) => [...row.querySelectorAll("th,td")].map((cell) => cell.textContent).slice(0, 3));
  assertEquals(rows, [["0.001", "8", "1"], ["0.001", "–", "1"]]);
});

Deno.test("the rounds of prune are drawn, with what they compared, and lines that are none are named", async () => {
  using folder = temporary();
  const at = makeSweepFolder(folder.path, "rounds", { keys: KEYS, points: GRID, seeds: 1, loss });
  assertEquals((await page(at)).querySelector("#rounds"), null);
  const rounds = [
    "round,point,epoch,loss seed 1,loss seed 2,mean,kept",
    ...[[1, 0.5, "no"], [2, 0.4, "yes"], [3, "", "no"], [4, 0.3, "yes"], [5, 0.6, "no"], [6, 0.7, "no"]]
      .map(([point, loss, kept]) => `1,${point},2,${loss},,${loss},${kept}`),
    "2,2,end,0.35,0.25,0.3,no",
    "2,4,end,0.2,0.22,0.21,yes",
    "two,4,end,0.2,0.22,0.21,yes",
    "",
  ];
  Deno.writeTextFileSync(join(at, "rounds.csv"), rounds.join("\n"));
  const sweep = await readSweepFolder(at);
  assertEquals(sweep.rounds.map(({ number, compared }) => [number, compared.length]), [[1, 6], [2, 2]]);
  assertEquals(sweep.rounds[1]!.compared[1], { point: 4, mean: 0.21, seeds: 2, epoch: null, kept: true });
  assertEquals(sweep.problems.map((text) => text.slice(text.lastIndexOf("/") + 1)), [
    "rounds.csv:10: is not a line about a point in a round",
  ]);
  const section = (await page(at)).querySelector("#rounds")!;
  assertStringIncludes(section.querySelector("desc")!.textContent!, "round 1: 5 points; round 2: 2 points");
  assertStringIncludes(section.textContent!, "1 point with a run that failed is not drawn");
  const rows = [...section.querySelectorAll("tbody tr")]
    .map((row) => [...row.querySelectorAll("th,td")].map((cell) => cell.textContent));
  assertEquals(rows[1], [
    ...["round 2", "at their end", "2", "2", "0.2100", "0.2100", "1"],
    "4: learning_rate 0.004, encoder.4.linear 8",
  ]);
  Deno.writeTextFileSync(join(at, "rounds.csv"), "a,b\n1,2\n");
  assertStringIncludes((await page(at)).querySelector(".alert")!.textContent!, "is not the head of a table of rounds");
});

/** `sweep`: killed and started again, it ends with every run, and none twice; what fails, what is refused, and signals. */
import { assert, assertAlmostEquals, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../core/build/ensure.ts";
import { ROOT, run, temporary } from "../helpers/cli.ts";
import { fingerprintOf, SMALL_CONFIG } from "../helpers/small_run.ts";
import { csv, interrupted, json, logged, runsIn, SWEEP, sweepProject as project } from "../helpers/sweeps.ts";

const NAMES = 8;

Deno.test("a sweep that is killed twice and started again ends with every run, none twice, with the same bits", async () => {
  await ensureEngine({ quiet: true });
  using folder = temporary();
  const { config, at } = project(folder.path);
  await interrupted([config, "--quiet", "--jobs", "2"], "SIGKILL", () => logged(at) >= 1);
  await interrupted([config, "--quiet", "--jobs", "2"], "SIGKILL", () => logged(at) >= 4);
  const last = await run("sweep", [config, "--json", "--jobs", "2"]);
  assertEquals(last.code, 0, last.stderr);
  const names = runsIn(at);
  assertEquals(names.length, NAMES);
  assertEquals(new Set(names.map((name) => name.split("-").at(-1))).size, NAMES);
  const results = csv(join(at, "results.csv"));
  assertEquals(results.map(({ run }) => run).sort(), names);
  assertEquals(new Set(results.map(({ status }) => status)), new Set(["finished"]));
  for (const { run: name, ...row } of results) {
    const summary = json(join(at, name!, "summary.json"));
    assertEquals([summary.name, String(summary.metrics.validation.loss)], [name, row["validation.loss"]]);
    const steps = csv(join(at, name!, "steps.csv")).map(({ step }) => Number(step));
    assertEquals(steps, Array.from({ length: summary.steps }, (_, i) => i + 1));
  }
  const points = csv(join(at, "points.csv"));
  assertEquals(points.map(({ runs, finished }) => [runs, finished]), Array(4).fill(["2", "2"]));

  // The sweep has its own report, which can be written again anywhere.
  const end = JSON.parse(last.stdout.trim().split("\n").at(-1)!);
  assertEquals(end.report, join(at, "report.html"));
  const elsewhere = join(folder.path, "again.html");
  const reported = await run("report", ["--run", at, "--output", elsewhere]);
  assertEquals([reported.code, reported.stderr], [0, ""]);
  assertEquals(Deno.readTextFileSync(elsewhere), Deno.readTextFileSync(end.report));
  assertStringIncludes(Deno.readTextFileSync(elsewhere), "sweep report");
  const refused = await run("evaluate", ["--run", at]);
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.stderr, "is the folder of a sweep, not a run folder");

  // A run that was begun anew, without interruption and by itself, has the same bits.
  const sample = names.at(2)!;
  const alone = join(folder.path, "alone");
  const trained = await run("train", [
    join(at, "configs", `${sample}.yaml`),
    "--run-dir",
    alone,
    "--quiet",
    "--no-report",
  ]);
  assertEquals(trained.code, 0, trained.stderr);
  assertEquals(fingerprintOf(join(at, sample)), fingerprintOf(alone));

  // Once more nothing is left to do, and no run folder is touched.
  const before = names.map((name) => Deno.statSync(join(at, name, "summary.json")).mtime!.getTime());
  const again = await run("sweep", [config, "--json"]);
  const events = again.stdout.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(events.filter(({ event }) => event === "run_started"), []);
  assertEquals(events.filter(({ event, before }) => event === "run_ended" && before).length, NAMES);
  assertEquals(names.map((name) => Deno.statSync(join(at, name, "summary.json")).mtime!.getTime()), before);

  // With another value of a parameter the old runs are kept.
  Deno.writeTextFileSync(config, SWEEP.replace("[8, 16]", "[4, 8, 16]"));
  const planned = await run("sweep", [config, "--dry-run"]);
  assertStringIncludes(planned.stdout, "12 runs, 8 of them finished");

  const analysis = await run("analyze", [at, "--group-by", "optimizer.learning_rate", "--json"]);
  const { groups, comparisons } = JSON.parse(analysis.stdout);
  assertEquals(groups.map(({ runs, failed }: { runs: number; failed: number }) => [runs, failed]), [[4, 0], [4, 0]]);
  assertEquals(comparisons.length, 1);
  assertEquals(comparisons[0].seeds, [7, 8]);
  const text = await run("analyze", [at]);
  assertMatch(
    text.stdout,
    /^validation\.loss \(smaller is better\)\n {2}linear +learning_rate +n +failed/,
  );
  assertStringIncludes(text.stdout, "2 seeds cannot have a p value below 0.5");
  // By default the metric is the sweep's own.
  const record = join(at, "sweep.json"), recorded = JSON.parse(Deno.readTextFileSync(record));
  Deno.writeTextFileSync(record, JSON.stringify({ ...recorded, metric: "train.r2" }));
  assertMatch((await run("analyze", [at])).stdout, /^train\.r2 \(larger is better\)\n/);
  const tables = await Promise.all([run("analyze", [at, "--csv"]), run("analyze", [at, "--latex"])]);
  assertEquals(tables[0].stdout.trim().split("\n").length, 5);
  assertStringIncludes(tables[1].stdout, "\\begin{tabular}{llrrrrrr}");

  // Learning curves, time to a loss, cost and latent spaces of the same groups.
  const more = await run("analyze", [
    at,
    "--json",
    "--curves",
    "step",
    "--time-to",
    "1e9",
    "--cost",
    "--sizes",
    "--latent",
  ]);
  assertEquals(more.code, 0, more.stderr);
  const found = JSON.parse(more.stdout);
  assertEquals(found.curves.filter(({ values }: { values: string[] }) => values[0] === "8").at(-1).n, 2);
  assertEquals(
    found.time_to_loss.map(({ runs, reached }: Record<string, number>) => [runs, reached]),
    Array(4).fill([2, 2]),
  );
  const seconds = results.reduce((sum, { seconds }) => sum + Number(seconds), 0);
  assertAlmostEquals(
    found.cost.reduce((sum: number, each: { seconds: number }) => sum + each.seconds, 0),
    seconds,
    1e-6,
  );
  assertEquals(
    found.sizes.map(({ latent_size, n }: Record<string, number>) => [latent_size, n]),
    Array(4).fill([6, 2]),
  );
  for (const { mse, mse_low, mse_high, r2, pca_mse } of found.sizes) {
    assert(mse_low < mse && mse < mse_high && r2 < 1 && pca_mse > 0);
  }
  assertEquals(found.latents.length, 4);
  for (const { rows, pairs } of found.latents) {
    assertEquals([rows, pairs.length, pairs[0].latents], [360, 1, 6]);
    assert(pairs[0].cka > 0 && pairs[0].cka < 1 && pairs[0].procrustes > 0 && pairs[0].procrustes < 1);
  }
  const csvOf = await run("analyze", [at, "--csv", "--latent"]);
  assertEquals(csvOf.stdout.trim().split("\n").length, 5, csvOf.stderr);
  assertEquals((await run("analyze", [at, "--csv", "--latent", "--cost"])).code, 2);
  assertMatch((await run("analyze", [at, "--time-to", "x"])).stderr, /--time-to: takes a number, got x/);
});

Deno.test("a signal ends a sweep after its runs have saved, and the same command goes on", async () => {
  await ensureEngine({ quiet: true });
  using folder = temporary();
  const { config, at } = project(
    folder.path,
    SWEEP.replace("epochs: 6", "epochs: 2000").replace("seeds: 2", "seeds: 1"),
  );
  const { code, stderr } = await interrupted([config], "SIGTERM", () => logged(at) === 1);
  assertEquals(code, 143, stderr);
  assertMatch(stderr, /narrows: stopped by SIGTERM; go on with: .*sweep/);
  const [name, ...others] = runsIn(at);
  assertEquals(others, []);
  assertEquals(json(join(at, name!, "summary.json")).status, "stopped");
  const stopped = json(join(at, name!, "summary.json")).steps;
  assert(stopped > 0);
  assertEquals(csv(join(at, "results.csv")).map(({ status }) => status), ["stopped", "stopped", "stopped", "stopped"]);
  const again = await interrupted(
    [config, "--json"],
    "SIGINT",
    () => (json(join(at, name!, "sessions.json"))).length === 2,
  );
  assertEquals(again.code, 130, again.stderr);
});

Deno.test("a run that fails is told at once; the others go on, or stop with --on-fail stop", async () => {
  await ensureEngine({ quiet: true });
  using folder = temporary();
  const sweep = SWEEP.replace("learning_rate: [0.001, 0.003]", "learning_rate: [1000, 0.003]")
    .replace("seeds: 2", "seeds: 1").replace("[8, 16]", "[8]");
  const base = SMALL_CONFIG.replace("gradient_clip: 1.0", "gradient_clip: null").replace("adamw", "sgd");
  const { config, at } = project(folder.path, sweep, base);
  const stopped = await run("sweep", [config, "--on-fail", "stop"]);
  assertEquals(stopped.code, 1, stopped.stderr);
  assertEquals(csv(join(at, "results.csv")).map(({ status }) => status), ["failed", "stopped"]);
  const result = await run("sweep", [config]);
  assertEquals(result.code, 1, result.stderr);
  assertMatch(result.stderr, /narrows: 001-seed-7-\w+ \(learning_rate 1000, linear 8, seed 7\): .*(finite|diverge)/);
  assertStringIncludes(result.stderr, "narrows: 1 of 2 runs failed");
  assertEquals(csv(join(at, "results.csv")).map(({ status }) => status), ["failed", "finished"]);
  assertStringIncludes(result.stdout, "1 of 2 runs finished, 1 failed");
});

Deno.test("mistakes are refused before anything starts", async () => {
  await ensureEngine({ quiet: true });
  using folder = temporary();
  const cases: [string, string[], RegExp][] = [
    [
      SWEEP.replace("learning_rate", "learning_rat"),
      [],
      /rates\.yaml:5:3: unknown key .*did you mean optimizer\.learning_rate\?/,
    ],
    [SWEEP.replace("[8, 16]", "[8, 0]"), [], /rates\.yaml:6:31: model\.encoder\.0\.linear must be a whole number/],
    [
      SWEEP,
      ["--override", "optimizer.learning_rate=1"],
      /"optimizer\.learning_rate=1": .* is a parameter of the sweep/,
    ],
    [SWEEP, ["--override", "data.path=elsewhere"], /there is no such file or folder: .*elsewhere/],
    [SWEEP.replace("small.yaml", "smal.yaml"), [], /did you mean small\.yaml\?/],
  ];
  for (const [text, options, message] of cases) {
    const { config } = project(join(folder.path), text);
    const result = await run("sweep", [config, ...options]);
    assertEquals(result.code, 2, result.stderr);
    assertMatch(result.stderr, message);
    Deno.removeSync(join(folder.path, "chunks"), { recursive: true });
  }
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name).sort(), ["rates.yaml", "small.yaml"]);
});

Deno.test("the example sweeps can be planned, and a dry run leaves nothing behind", async () => {
  await ensureEngine({ quiet: true });
  using folder = temporary();
  const runs = join(folder.path, "runs");
  const cases = [
    ["digits", /\n12 runs, 0 of them finished/],
    ["digits_kl", /\n10 runs, 0 of them finished/],
    ["digits_tpe", /\n16 more points are chosen by the results of those before\n8 runs, 0 of them finished/],
    [
      "digits_prune",
      /\n +3 +2 +9 +3 +1\n[^]*about 19\.0 whole runs; all points with all seeds would be 90\.\n18 runs in the first round/,
    ],
  ] as const;
  assertEquals([...Deno.readDirSync(`${ROOT}configs/sweeps`)].length, cases.length);
  for (const [name, message] of cases) {
    const args = [`${ROOT}configs/sweeps/${name}.yaml`, "--dry-run", "--override", `paths.runs=${runs}`];
    const result = await run("sweep", args);
    assertEquals(result.code, 0, result.stderr);
    assertMatch(result.stdout, message);
  }
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

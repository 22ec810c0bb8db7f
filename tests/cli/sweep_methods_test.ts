/** Sweeps that choose points by results: `tpe` and `prune`, interrupted and not. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../core/build/ensure.ts";
import { run, temporary } from "../helpers/cli.ts";
import { fingerprintOf } from "../helpers/small_run.ts";
import { csv, interrupted, json, logged, runsIn, sweepProject } from "../helpers/sweeps.ts";

const TPE = `
name: rates
base: small.yaml
method: tpe
points: 7
tpe: {random: 3, parallel: 2}
parameters:
  optimizer.name: [adamw, sgd]
  optimizer.learning_rate: {min: 0.0001, max: 0.1, scale: log}
  optimizer.momentum: {min: 0, max: 0.99, when: {optimizer.name: sgd}}
  model.encoder.0.linear: {min: 4, max: 32, scale: log}
overrides: {training.epochs: 2}
`;

Deno.test("tpe: the points are the same with any number of jobs, and after two kills", async () => {
  await ensureEngine({ quiet: true });
  using folder = temporary();
  using other = temporary();
  const { config, at } = sweepProject(folder.path, TPE);
  const planned = await run("sweep", [config, "--dry-run"]);
  assertStringIncludes(planned.stdout, "4 more points are chosen by the results of those before");
  await interrupted([config, "--quiet", "--jobs", "2"], "SIGKILL", () => logged(at) >= 2);
  await interrupted([config, "--quiet", "--jobs", "1"], "SIGKILL", () => logged(at) >= 5);
  const last = await run("sweep", [config, "--json"]);
  assertEquals(last.code, 0, last.stderr);
  const whole = sweepProject(other.path, TPE);
  const once = await run("sweep", [whole.config, "--quiet", "--jobs", "3"]);
  assertEquals(once.code, 0, once.stderr);
  const table = (path: string) =>
    csv(join(path, "results.csv")).map((row) => [row.name, row.learning_rate, row.identity, row["validation.loss"]]);
  assertEquals(table(at).length, 7);
  assertEquals(table(at), table(whole.at));
  assertEquals(runsIn(at).length, 7);
  const { points } = json(join(at, "sweep.json"));
  assertEquals(points.length, 7);
  for (const { values } of points) {
    assertEquals(values["optimizer.momentum"] === null, values["optimizer.name"] === "adamw");
  }
});

const PRUNE = `
name: rates
base: small.yaml
seeds: 2
prune: {factor: 2, seeds: 2}
parameters:
  optimizer.learning_rate: [0.00001, 0.003, 0.001]
  model.encoder.0.linear: [8, 16]
overrides: {training.epochs: 4}
`;

Deno.test("prune: killed twice, it ends as without interruption: rounds, survivors, bits; nothing is trained twice", async () => {
  await ensureEngine({ quiet: true });
  using folder = temporary();
  using other = temporary();
  const { config, at } = sweepProject(folder.path, PRUNE);
  const planned = await run("sweep", [config, "--dry-run"]);
  assertMatch(
    planned.stdout,
    /round +points +epochs +seeds +points that go on\n +1 +6 +2 +1 +3\n +2 +3 +4 +1 +2\n +3 +2 +4 +2 +1\n/,
  );
  assertStringIncludes(
    planned.stdout,
    "Points are chosen with seeds 7, 8. The figures of the point that is left are of seeds 9, 10.",
  );
  await interrupted([config, "--quiet", "--jobs", "2"], "SIGKILL", () => logged(at) >= 3);
  await interrupted([config, "--quiet", "--jobs", "2"], "SIGKILL", () => logged(at) >= 7);
  const last = await run("sweep", [config, "--json", "--jobs", "2"]);
  assertEquals(last.code, 0, last.stderr);
  const whole = sweepProject(other.path, PRUNE);
  const once = await run("sweep", [whole.config, "--jobs", "2"]);
  assertEquals(once.code, 0, once.stderr);

  assertEquals(csv(join(at, "rounds.csv")), csv(join(whole.at, "rounds.csv")));
  const rounds = csv(join(at, "rounds.csv"));
  assertEquals(rounds.map(({ round, epoch }) => [round, epoch]), [
    ...Array(6).fill(["1", "2"]),
    ...Array(3).fill(["2", "end"]),
    ...Array(2).fill(["3", "end"]),
  ]);
  const kept = rounds.filter(({ round, kept }) => round === "1" && kept === "yes").map(({ point }) => point);
  const bySize = rounds.slice(0, 6).toSorted((a, b) => Number(a.mean) - Number(b.mean)).slice(0, 3);
  assertEquals(kept, bySize.map(({ point }) => point).sort());

  // 6 points with one seed, 2 of them with another one, and the best one with two seeds that have not chosen it.
  const results = csv(join(at, "results.csv"));
  const shown = (rows: typeof results) =>
    rows.map(({ point, seed, identity, status, role }) => [point, seed, identity, status, role]).sort();
  assertEquals(shown(results), shown(csv(join(whole.at, "results.csv"))));
  assertEquals(results.length, 10);
  assertEquals(runsIn(at).length, 10);
  const status = (role: string) => results.filter((row) => row.role === role).map(({ status }) => status).sort();
  assertEquals(status("selection"), [...Array(5).fill("finished"), ...Array(3).fill("paused")]);
  assertEquals(status("report"), ["finished", "finished"]);
  assertEquals(results.filter(({ role }) => role === "report").map(({ seed }) => seed), ["9", "10"]);
  for (const { run: name, identity } of results) {
    const twin = csv(join(whole.at, "results.csv")).find((row) => row.identity === identity)!;
    const steps = csv(join(at, name!, "steps.csv")).map(({ step }) => Number(step));
    assertEquals(steps, Array.from({ length: steps.length }, (_, i) => i + 1));
    assertEquals(fingerprintOf(join(at, name!)), fingerprintOf(join(whole.at, twin.run!)));
  }

  // The tables have the figures of the seeds that did not choose, and the analysis takes these as well.
  const best = csv(join(at, "points.csv")).filter(({ runs }) => runs !== "0");
  assertEquals(best.map(({ runs, finished }) => [runs, finished]), [["2", "2"]]);
  const analysis = await run("analyze", [at, "--json"]);
  const { groups } = JSON.parse(analysis.stdout);
  assertEquals(groups.map(({ runs }: { runs: number }) => runs), [2]);
  assertMatch(analysis.stderr, /8 runs .* are left out/);

  const again = await run("sweep", [config, "--json"]);
  const events = again.stdout.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(events.filter(({ event }) => event === "run_started"), []);
  assert(events.some(({ event, kept }) => event === "round_ended" && kept.length === 1));
});

Deno.test("train --until-epoch ends with a save, and a resume ends with the bits of a run without the pause", async () => {
  await ensureEngine({ quiet: true });
  using folder = temporary();
  sweepProject(folder.path);
  const config = join(folder.path, "small.yaml");
  const [paused, whole] = [join(folder.path, "paused"), join(folder.path, "whole")];
  const options = ["--config", config, "--override", "training.epochs=4", "--no-report"];
  const first = await run("train", [...options, "--run-dir", paused, "--until-epoch", "2"]);
  assertEquals(first.code, 0, first.stderr);
  assertMatch(first.stdout, /stopped: 2 epochs, .*\(as --until-epoch says\)[^]*resume +.*--resume/);
  const { status, reason, epochs } = json(join(paused, "summary.json"));
  assertEquals([status, reason, epochs], ["stopped", "until_epoch", 2]);
  assertEquals((await run("train", ["--resume", paused, "--quiet", "--no-report"])).code, 0);
  assertEquals((await run("train", [...options, "--run-dir", whole, "--quiet"])).code, 0);
  assertEquals(fingerprintOf(paused), fingerprintOf(whole));
});

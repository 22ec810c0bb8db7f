/** Draws reports of runs whose logs hold absurd numbers. A program of its own, so that one that does not end can be ended. */
import { renderComparison } from "../../reports/comparison.ts";
import { renderRunReport } from "../../reports/run_report.ts";
import { makeRun, uniform } from "./fixture.ts";
import type { RunData } from "../../core/runs/types.ts";

const ABSURD = [
  NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  5e-324,
  1e-310,
  1e15,
  2 ** 53,
  1e300,
  -1e300,
  Number.MAX_VALUE,
  -1,
  0.5,
];

/** Replaces numbers below `value` in place, each with probability `share`. */
function spoil(value: unknown, random: () => number, share: number): void {
  if (typeof value !== "object" || value === null) return;
  const record = value as Record<string, unknown>;
  for (const [key, below] of Object.entries(record)) {
    if (typeof below !== "number") spoil(below, random, share);
    else if (random() < share) record[key] = ABSURD[Math.floor(random() * ABSURD.length)];
  }
}

function absurdRun(seed: number): RunData {
  const run = structuredClone(makeRun({ name: `run${seed}`, seed, epochs: 6 }));
  const random = uniform(seed);
  const share = [0.001, 0.02, 0.3, 1][seed % 4]!;
  for (const part of [run.steps, run.chunks, run.epochs]) spoil(part, random, share);
  if (seed % 3 === 0) spoil(run.summary, random, share);
  if (seed % 5 === 0) return { ...run, steps: run.steps.slice(0, Math.floor(random() * 4)) };
  return run;
}

for (let seed = Number(Deno.args[0]); seed < Number(Deno.args[1]); seed++) {
  const begun = performance.now();
  const run = absurdRun(seed);
  renderRunReport(run);
  renderComparison([run, absurdRun(seed + 1000)]);
  console.log(`${seed} ${Math.round(performance.now() - begun)}`);
}

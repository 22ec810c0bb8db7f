/** The program as a user starts it: time to the first step, the dry run, who waits for whom, peak memory. */
import { join } from "@std/path";
import { ROOT } from "../../core/build/tree.ts";
import { near } from "../check.ts";
import { writeChunks } from "../chunks.ts";
import { type Autoencoder, cannot, configOf } from "../narrows.ts";
import { peerStep } from "../peer.ts";
import { ratio, timing } from "../stats.ts";
import { finish, overrides, start, trained, waiting } from "../trained.ts";
import { CheckFailed, type Context, type Goal, type Outcome, type Row, type Timing, type Workload } from "../types.ts";

const SIZES = { hidden: 512, latent: 64 };
const QUICKSTART = join(ROOT, "configs", "quickstart.yaml");

/** Seconds of several runs of `body`, after one to warm up. */
async function several(count: number, body: () => Promise<number>): Promise<Timing> {
  await body();
  const seconds: number[] = [];
  for (let i = 0; i < count; i++) seconds.push(await body());
  return timing(seconds);
}

async function dryRun(): Promise<number> {
  const begun = performance.now();
  await finish(start(["--config", QUICKSTART, "--dry-run"]));
  return (performance.now() - begun) / 1000;
}

/** Seconds until steps.csv has its first row. */
async function firstStep({ scratch }: Context): Promise<number> {
  const folder = await Deno.makeTempDir({ dir: scratch });
  const run = join(folder, "run");
  const begun = performance.now();
  const only = overrides({ "training.max_steps": 1, "diagnostics.every_epochs": 0 });
  const child = start(["--config", QUICKSTART, "--run-dir", run, "--no-report", ...only]);
  let ended = false;
  const end = finish(child).finally(() => ended = true);
  let seconds = NaN;
  while (!ended) {
    const text = await Deno.readTextFile(join(run, "steps.csv")).catch(() => "");
    if (text.split("\n").length > 2) {
      seconds = (performance.now() - begun) / 1000;
      break;
    }
    await new Promise((done) => setTimeout(done, 2));
  }
  await end;
  if (!(seconds > 0)) throw new CheckFailed("the quickstart wrote no step into steps.csv");
  return seconds;
}

const alone = (what: string, unit: Row["unit"], narrows: Timing): Row => (
  { what, unit, narrows, peer: null, ratio: null, floor: null }
);

async function peerMemory(context: Context, path: string): Promise<Timing | null> {
  await using peer = await context.peer();
  if (!peer) return null;
  await peer.ask("train", { chunks: [path], batch: 128, learning_rate: 1e-3, ...SIZES, threads: context.threads });
  await peerStep(peer, 3);
  return timing([(await peer.ask<{ bytes: number }>("peak_memory")).bytes / 1e6]);
}

/** A run at 60,664 columns: who waited, and the most memory it had. */
async function wideRuns(context: Context): Promise<{ rows: Row[]; goals: Goal[] }> {
  const rows: Row[] = [], goals: Goal[] = [];
  const [path] = await writeChunks(context.scratch, {
    chunks: 2,
    rowsPerChunk: 1024,
    columns: 60_664,
    nnzPerRow: 1820,
  });
  const other = await peerMemory(context, path!);
  for (const solver of ["dense", "factored"] as const) {
    if (cannot({ solver }) !== null) continue;
    const run = await trained(
      context,
      configOf({ path: join(path!, ".."), ...SIZES, solver, threads: context.threads }),
      {
        "training.epochs": context.mode === "quick" ? 2 : 6,
        "checkpoint.best": false,
        "checkpoint.every_epochs": 0,
      },
    );
    const share = waiting(run);
    rows.push(alone(`share of training that waits for data, ${solver}, 60,664 columns`, "%", timing([share])));
    goals.push({
      work: `share of training that waits for data, ${solver} solver`,
      wanted: "under 2 %",
      got: `${share.toFixed(1)} %`,
      reached: share < 2,
    });
    const narrows = timing([(run.summary?.peak_memory_bytes ?? NaN) / 1e6]);
    rows.push({
      what: `peak memory, ${solver}, 60,664 columns`,
      unit: "MB",
      narrows,
      peer: other,
      ratio: ratio(narrows, other, "less"),
      floor: null,
    });
  }
  return { rows, goals };
}

async function measure(context: Context): Promise<Outcome> {
  const runs = context.mode === "quick" ? 3 : 7;
  const dry = await several(runs, dryRun);
  const rows = [
    alone("train --dry-run of the quickstart", "s", dry),
    alone("train: from start to the first step of the quickstart", "s", await several(runs, () => firstStep(context))),
  ];
  const goals: Goal[] = [{
    work: "train --dry-run of the quickstart",
    wanted: "under 1 s",
    got: `${dry.median.toFixed(2)} s`,
    reached: dry.median < 1,
  }];
  const wide = await wideRuns(context);
  rows.push(...wide.rows);
  goals.push(...wide.goals);
  return {
    rows,
    goals,
    plots: [],
    notes: [
      "Waiting is for files to be opened and for batches, as recorded in a run's chunks.csv. The engine is built and the " +
      "files are in the page cache.",
    ],
  };
}

/** A run in a process of its own ends with the loss that its own logs lead to. */
async function check(context: Context): Promise<void> {
  const [path] = await writeChunks(context.scratch, { chunks: 1, rowsPerChunk: 64, columns: 200, nnzPerRow: 8 });
  const net: Autoencoder = { path: path!, hidden: 8, latent: 2, solver: "dense", batch: 64, threads: 1 };
  const { steps, epochs } = await trained(context, configOf(net), { "training.epochs": 3 });
  if (steps.length !== 3 || epochs.length !== 3) {
    throw new CheckFailed(`3 steps were asked for, ${steps.length} logged`);
  }
  steps.forEach((step, i) => near("loss of an epoch of one step", epochs[i]!.train_loss, step.loss, 1e-6));
}

export const program: Workload = {
  name: "program",
  title: "The program: time to start, waits and memory",
  skip: () => null,
  check,
  measure,
};

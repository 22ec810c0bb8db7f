/** `sweep`: trains a config with many values and seeds. */
import { fromFileUrl } from "@std/path";
import { stringify } from "@std/yaml";
import "./early.ts";
import { engineInfo } from "../ffi/info.ts";
import { analyse } from "../core/analysis/groups.ts";
import { analysedRun } from "../core/analysis/runs.ts";
import { oneLine } from "../core/config/show.ts";
import { ensureEngine } from "../core/build/ensure.ts";
import { makeFolder, writeFileAtomic } from "../core/runs/atomic.ts";
import { commandText } from "../core/runs/command.ts";
import { acquireLock } from "../core/runs/lock.ts";
import { toUser } from "../core/paths.ts";
import { follow, type RoundResult } from "../core/sweep/course.ts";
import { Execution, type SweepObserver } from "../core/sweep/execute.ts";
import { SlurmLauncher } from "../core/sweep/slurm.ts";
import { LocalLauncher } from "../core/sweep/local.ts";
import { type Plan, planSweep } from "../core/sweep/plan.ts";
import { writeResults } from "../core/sweep/results.ts";
import { writeSweepJson } from "../core/sweep/sweep_json.ts";
import { readSweep, type SweepConfig } from "../core/sweep/sweep_config.ts";
import { SIGNAL_STATUS, type StopSignal, takeUserSignals, watchSignals } from "../core/train/signals.ts";
import { textLines } from "./analysis_text.ts";
import { defineCommand, SHARED } from "./command.ts";
import { checkPrograms } from "../core/train/find_run.ts";
import { runCommand } from "./run_command.ts";
import { printPlan, roundLines } from "./sweep_plan.ts";
import { showSweep } from "./sweep_progress.ts";
import { drawn } from "./draw_report.ts";
import { print, tell } from "../core/output.ts";

/** Tasks of a job array that run at the same time where nothing else is said: as many as the cluster starts. */
const TASKS = 1000;

/** The words that start `train` in a process of its own. */
function trainCommand(): string[] {
  if (Deno.build.standalone) return [Deno.execPath(), "train"];
  const main = new URL("train.ts", import.meta.url);
  return [Deno.execPath(), "run", "-A", "--quiet", main.protocol === "file:" ? fromFileUrl(main) : main.href];
}

/** Threads of each child: the cores shared out evenly. */
function threadsOf(plan: Plan, jobs: number): number | null {
  if (!plan.threadsAreFree || jobs === 1) return null;
  return Math.max(1, Math.floor(Number(engineInfo().threads ?? 1) / jobs));
}

/** The sweep's config as it was given; the overrides of the command line are a comment, each in one line. */
function copyOf({ plain }: SweepConfig, overrides: readonly string[]): string {
  return overrides.map((text) => `# --override ${oneLine(text)}\n`).join("") + stringify(plain);
}

const sweep = defineCommand({
  name: "sweep",
  leavesFiles: true,
  positional: ["config"],
  options: {
    config: { ...SHARED.config, required: true, help: "the sweep's config" },
    override: {
      ...SHARED.override,
      help: "set a key of every run's config to a YAML value, e.g. training.epochs=3; repeatable",
    },
    jobs: {
      type: "whole",
      value: "N",
      least: 1,
      help: "runs at the same time, which share the cores (default: the config's jobs, or 1)",
    },
    launcher: {
      type: "choice",
      value: "WHERE",
      values: ["local", "slurm"],
      help:
        "where runs are trained: local, in processes of this machine (default); slurm, as job arrays, whose options the " +
        "config's slurm has",
    },
    "on-fail": {
      type: "choice",
      value: "WHAT",
      values: ["continue", "stop"],
      help: "what to do when a run fails: continue with the others (default), or stop all of them after a save",
    },
    "allow-run": {
      type: "flag",
      help: "let the commands and modules run that the config names in logging.sinks and diagnostics.kinds",
    },
    "no-report": { type: "flag", help: "do not write the sweep's report.html at the end" },
    "dry-run": { type: "flag", help: "list the runs and what has become of them, and start nothing" },
    json: { ...SHARED.json, help: "print JSON objects on stdout, one per line" },
    quiet: { ...SHARED.quiet, help: "print no progress" },
  },
  notes: [
    "The runs are in the folder sweeps/NAME of the runs' folder. The same command again skips what is finished, resumes what " +
    "was interrupted and tries again what failed. A signal ends the sweep after its runs have saved.",
  ],
  async run(
    {
      config: file,
      override,
      jobs: wanted,
      launcher: where = "local",
      "on-fail": onFail = "continue",
      "allow-run": allowRun,
      "no-report": noReport,
      "dry-run": dryRun,
      json,
      quiet,
    },
    args,
  ) {
    takeUserSignals();
    await ensureEngine({ quiet: quiet || json });
    const config = readSweep(file);
    const plan = await planSweep(config, override, quiet || json ? undefined : tell);
    for (const { loaded } of plan.runs) checkPrograms(loaded, allowRun);
    if (dryRun) return await printPlan(plan, json), 0;
    const mode = json ? "json" : quiet ? "quiet" : Deno.stderr.isTerminal() ? "live" : "lines";
    using progress = showSweep(mode, plan);
    await makeFolder(plan.folder);
    using _lock = await acquireLock(plan.folder);
    await writeFileAtomic(`${plan.folder}/sweep.yaml`, copyOf(config, override));
    for (const warning of new Set(plan.runs.flatMap(({ loaded }) => loaded.warnings))) progress.note(warning);
    if (plan.repeated > 0) progress.note(`${plan.repeated} runs are the same as others and are left out`);
    for (const line of await roundLines(plan)) progress.note(line);
    await writeSweepJson(plan);
    const jobs = Math.min(wanted ?? config.jobs ?? 1, plan.stints);
    const observer: SweepObserver = {
      ...progress.observer,
      ended: async (stint, outcome) => {
        progress.observer.ended?.(stint, outcome);
        await saved();
      },
    };
    const started = [...trainCommand(), ...allowRun ? ["--allow-run"] : []];
    const { folder, threadsAreFree } = plan;
    const shared = { folder, observer, trainCommand: started };
    const { name, slurm: sbatch } = config;
    const slurm = where === "local"
      ? null
      : new SlurmLauncher({ ...shared, name, sbatch, threadsAreFree, jobs: wanted ?? config.jobs ?? TASKS });
    const launcher = slurm ?? new LocalLauncher({ ...shared, jobs, threads: threadsOf(plan, jobs) });
    const execution = new Execution({ launcher, onFail, observer });
    const results: RoundResult[] = [];
    // One after the other, so that an older table never replaces a newer one.
    let writing = Promise.resolve();
    const saved = () => writing = writing.then(() => writeResults(plan, execution.outcomes, results));
    let signal: StopSignal | null = null;
    using _watch = watchSignals((received) => {
      signal = received;
      const left = slurm?.jobs ?? [];
      progress.note(
        slurm === null
          ? `${received}: waiting for the runs to save; once more ends at once`
          : left.length > 0
          ? `${received}: the jobs go on; scancel ${left.join(" ")} ends them, with a save`
          : `${received}: no job is left in the queue`,
      );
      execution.stop("signal");
    });
    await follow(plan, execution, {
      ...progress.course,
      compared: async (result) => {
        results.push(result);
        progress.course.compared?.(result);
        await saved();
      },
    });
    await saved();
    progress[Symbol.dispose]();
    const report = noReport
      ? null
      : await drawn(async () => await (await import("../reports/mod.ts")).writeSweepReport(plan.folder));
    return await summed(plan, execution, signal, { json, quiet, command: args, report });
  },
});

export default sweep;

/** Prints how the sweep ended. @returns the exit status */
async function summed(
  plan: Plan,
  { outcomes }: Execution,
  signal: StopSignal | null,
  { json, quiet, command, report }: {
    json: boolean;
    quiet: boolean;
    command: readonly string[];
    report: string | null;
  },
): Promise<number> {
  const count = (kind: string) => [...outcomes.values()].filter((outcome) => outcome.kind === kind).length;
  const [finished, failed, paused, left] = ["finished", "failed", "paused", "stopped"].map(count);
  if (json) {
    const counts = { finished, failed, paused, left };
    print(JSON.stringify({ event: "end", folder: plan.folder, report, runs: plan.runs.length, ...counts }));
  } else if (!quiet) {
    const ended = plan.runs.filter((run) =>
      run.role === "report" && ["finished", "failed"].includes(outcomes.get(run)?.kind ?? "")
    );
    const there = await Promise.all(ended.map(async ({ path }) => {
      const isThere = await Deno.stat(`${path}/config.yaml`).then(() => true, () => false);
      return isThere ? await analysedRun(path) : [];
    }));
    const runs = there.flat();
    if (runs.length > 0) {
      const keys = plan.keys.filter((key) => key !== "seed");
      for (const line of textLines(analyse(runs, plan.metric, keys))) print(line);
      print("");
    }
    const pauses = paused ? `, ${paused} left out before their end` : "";
    print(`${finished} of ${plan.runs.length} runs finished${pauses}${failed ? `, ${failed} failed` : ""}`);
    print(`results    ${toUser(plan.folder)}/results.csv`);
    if (report !== null) print(`report     ${toUser(report)}`);
  }
  const again = `go on with: ${commandText("sweep", ...command)}`;
  if (signal !== null) tell(`narrows: stopped by ${signal}; ${again}`);
  else if (failed) tell(`narrows: ${failed} of ${plan.runs.length} runs failed\n  hint: ${again}`);
  return signal !== null ? SIGNAL_STATUS[signal] : failed ? 1 : 0;
}

if (import.meta.main) Deno.exit(await runCommand(sweep, Deno.args));

/** `train`: from a config to a trained run and its report. */
import { relative } from "@std/path";
import { UserError } from "../core/errors.ts";
import { ensureEngine } from "../core/build/ensure.ts";
import { findRun } from "../core/train/find_run.ts";
import { commandText } from "../core/runs/command.ts";
import { startRun } from "../core/train/start.ts";
import type { SessionResult } from "../core/train/session.ts";
import { commandLine } from "./args.ts";
import { printDryRun } from "./dry_run.ts";
import { printError } from "./print.ts";
import { clock, short, showProgress } from "./progress.ts";
import { QUICKSTART } from "./quickstart.ts";

const HELP = `narrows train: train an autoencoder from a config

  --config F          the config (default: configs/quickstart.yaml)
  --override A.B=V    set a key, typed as YAML; repeatable
  --resume [WHAT]     go on from a run folder or a checkpoint; "auto" (or nothing): the newest unfinished run of this
                      config, or a new one where there is none
  --dry-run           check data, shapes, memory and one batch of each part; leaves nothing behind
  --run-dir D         use D as the run folder
  --set-name N        name of the run
  --no-report         do not write report.html at the end
  --json              one JSON object a line on stdout
  --quiet             no progress`;

const REASONS: Readonly<Record<string, string>> = {
  epochs: "all epochs done",
  max_steps: "step limit reached",
  early_stopping: "no more improvement",
};

function summaryLines(result: SessionResult, runDir: string): string[] {
  const { summary } = result;
  const lines = [
    `${summary.status}: ${summary.epochs} epochs, ${summary.steps} steps, ${clock(summary.seconds.total)} (${
      REASONS[summary.reason] ?? summary.reason
    })`,
  ];
  for (const part of ["train", "validation", "test"] as const) {
    const metrics = summary.metrics[part];
    if (metrics) {
      lines.push(`${part.padEnd(10)} MSE ${short(metrics.mse)}  R2 ${short(metrics.r2)}  (${metrics.rows} rows)`);
    }
  }
  lines.push(`run        ${runDir}`);
  return lines;
}

export async function trainCommand(args: readonly string[]): Promise<number> {
  try {
    const line = commandLine("train", args, {
      text: ["config", "run-dir", "set-name"],
      optional: ["resume"],
      lists: ["override"],
      flags: ["dry-run", "json", "quiet", "no-report"],
    });
    if (line.flags.help) return console.log(HELP), 0;
    const { json, quiet } = line.flags;
    await ensureEngine({ quiet: quiet || json });
    const mode = json ? "json" : quiet ? "quiet" : Deno.stderr.isTerminal() ? "live" : "lines";
    using progress = showProgress(mode);
    const target = await findRun({
      config: line.text.config ?? (line.text.resume === undefined ? QUICKSTART : undefined),
      resume: line.text.resume,
      runDir: line.text["run-dir"],
      setName: line.text["set-name"],
      overrides: line.lists.override ?? [],
      note: progress.note,
    });
    if (line.flags["dry-run"]) return await printDryRun(target.loaded.config, json === true, progress.note);
    const { run, result } = await startRun({
      ...target,
      observer: progress.observer,
      onModel: progress.attach,
      note: progress.note,
      warn: progress.warn,
      commandLine: ["train", ...args],
    });
    progress[Symbol.dispose]();
    const shown = relative(Deno.cwd(), run.path) || run.path;
    const report = line.flags["no-report"] || result.status === "failed" ? null : await drawReport(run.path);
    if (json) console.log(JSON.stringify({ event: "end", run: run.path, report, summary: result.summary }));
    else if (!quiet) {
      for (const text of summaryLines(result, shown)) console.log(text);
      if (report) console.log(`report     ${relative(Deno.cwd(), report) || report}`);
    }
    if (result.status === "stopped") {
      console.error(`narrows: stopped by ${result.signal}; go on with: ${commandText("train", "--resume", shown)}`);
    }
    if (result.error) {
      printError(result.error);
      const hinted = result.error instanceof UserError && result.error.hint !== undefined;
      if (!hinted) console.error(`  hint: go on with: ${commandText("train", "--resume", shown)}`);
    }
    return result.exitStatus;
  } catch (error) {
    return printError(error);
  }
}

/** The report is drawn from the run folder; a failure there must not turn a good run into a failed one. */
async function drawReport(runDir: string): Promise<string | null> {
  try {
    const { writeReport } = await import("../reports/mod.ts");
    return await writeReport(runDir);
  } catch (error) {
    printError(error);
    return null;
  }
}

if (import.meta.main) Deno.exit(await trainCommand(Deno.args));

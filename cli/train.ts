/** `train`: trains a run from a config and writes its report. */
import "./early.ts";
import { UserError } from "../core/errors.ts";
import { ensureEngine } from "../core/build/ensure.ts";
import { findRun } from "../core/train/find_run.ts";
import { takeUserSignals } from "../core/train/signals.ts";
import { startRun } from "../core/train/start.ts";
import { findReplicas, replicasOf } from "../core/train/replicas.ts";
import { defineCommand, SHARED } from "./command.ts";
import { printDryRun } from "./dry_run.ts";
import { showProgress } from "./progress.ts";
import { quickstart } from "./quickstart.ts";
import { dryRuns, runReplicas } from "./replicas.ts";
import { runCommand } from "./run_command.ts";
import { tellEnd } from "./run_end.ts";

const train = defineCommand({
  name: "train",
  leavesFiles: true,
  positional: ["config"],
  options: {
    config: { ...SHARED.config, help: "the config (default: configs/quickstart.yaml)" },
    override: SHARED.override,
    resume: {
      type: "path",
      value: "WHAT",
      values: ["auto"],
      bare: true,
      help:
        "resume a run folder, or from a checkpoint; with auto or without a value: the newest unfinished run of this " +
        "config, or a new run if there is none. The run's own config is used. --override may change what keeps " +
        "it the " +
        "same experiment; differences in --config are listed but not applied",
    },
    fork: {
      type: "path",
      value: "WHAT",
      help: "start a new run from a run's latest checkpoint, or from the checkpoint that is named, with that run's " +
        "config " +
        "or with --config",
    },
    replay: {
      type: "path",
      value: "F",
      help:
        "make the edits of another run's edits.jsonl again, at the same steps; with that run's config, the weights have the same bits",
    },
    "dry-run": {
      type: "flag",
      help: "check the data, shapes, memory and one batch of each part, and leave nothing behind",
    },
    "run-dir": { type: "path", value: "D", help: "use D as the run folder" },
    "set-name": { type: "text", value: "N", help: "set the name of the run" },
    "allow-run": {
      type: "flag",
      help: "let the commands and modules run that the config names in logging.sinks and diagnostics.kinds",
    },
    "until-epoch": {
      type: "whole",
      value: "N",
      least: 1,
      help:
        "end after epoch N with a save, so that the run can be resumed; the config's number of epochs stays as it is",
    },
    "no-report": { type: "flag", help: "do not write report.html at the end" },
    json: { ...SHARED.json, help: "print JSON objects on stdout, one per line" },
    quiet: { ...SHARED.quiet, help: "print no progress" },
    verbose: { type: "flag", help: "also print which engine library is used, and why" },
  },
  async run(options, args) {
    const { json, quiet } = options;
    takeUserSignals();
    await ensureEngine({ quiet: quiet || json });
    const mode = json ? "json" : quiet ? "quiet" : Deno.stderr.isTerminal() ? "live" : "lines";
    using progress = showProgress(mode);
    const request = {
      config: options.config ?? ((options.resume ?? options.fork) === undefined ? await quickstart() : undefined),
      resume: options.resume,
      fork: options.fork,
      runDir: options["run-dir"],
      setName: options["set-name"],
      overrides: options.override,
      allowRun: options["allow-run"],
      note: progress.note,
      warn: progress.warn,
    };
    const common = { commandLine: ["train", ...args], untilEpoch: options["until-epoch"] };
    const output = { json, quiet, report: !options["no-report"] };
    const count = replicasOf(request);
    if (count !== null) {
      if (options.replay !== undefined) {
        const what = `is for one run, and training.replicas stands for ${count}`;
        throw new UserError("--replay", what, "leave it out, or add --override training.replicas=null");
      }
      const replicas = await findReplicas(request, count);
      if (options["dry-run"]) return await dryRuns(replicas, json, progress);
      return await runReplicas(replicas, mode, progress, { ...common, ...output, verbose: options.verbose });
    }
    const target = await findRun(request);
    for (const warning of target.loaded.warnings) progress.note(warning);
    const locate = (error: unknown) => {
      throw target.loaded.locate(error);
    };
    if (options["dry-run"]) {
      const { config } = target.loaded;
      return await printDryRun(config, json, progress.note, progress.observer.preparing).catch(locate);
    }
    const { run, result } = await startRun({
      ...target,
      observer: progress.observer,
      onModel: progress.attach,
      note: progress.note,
      warn: progress.warn,
      detail: options.verbose ? progress.note : undefined,
      ...common,
      replay: options.replay,
    }).catch(locate);
    progress[Symbol.dispose]();
    return await tellEnd({ run: run.path, config: target.loaded.config, result }, { ...output, note: progress.note });
  },
});

export default train;

if (import.meta.main) Deno.exit(await runCommand(train, Deno.args));

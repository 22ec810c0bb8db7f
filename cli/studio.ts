/** `studio`: trains in front of a page that shows the network and takes commands. */
import "./early.ts";
import { ensureEngine } from "../core/build/ensure.ts";
import { UserError } from "../core/errors.ts";
import { readTextFile } from "../core/formats/text_file.ts";
import { print, tell } from "../core/output.ts";
import { toUser } from "../core/paths.ts";
import { resumeCommand } from "../core/runs/command.ts";
import type { SessionResult } from "../core/train/session.ts";
import { takeUserSignals } from "../core/train/signals.ts";
import { runScript } from "../studio/script.ts";
import { serveStudio } from "../studio/server/serve.ts";
import { openingOf } from "../studio/session/opening.ts";
import { Studio } from "../studio/studio.ts";
import { defineCommand, SHARED } from "./command.ts";
import { openPage } from "./open_page.ts";
import { drawReport } from "./draw_report.ts";
import { showProgress } from "./progress.ts";
import { quickstart } from "./quickstart.ts";
import { runCommand } from "./run_command.ts";
import { type Stopped, untilStopped } from "./stop_signals.ts";

const PORT_MAX = 65_535;
/** Of SIGTERM, as a shell has it. */
const TERMINATED = 143;

const studio = defineCommand({
  name: "studio",
  leavesFiles: true,
  positional: ["config"],
  options: {
    config: { ...SHARED.config, help: "the config of a new run (default: configs/quickstart.yaml)" },
    run: {
      ...SHARED.run,
      help: "a run folder: one that was interrupted goes on, and the network of one that is finished can be asked",
    },
    override: SHARED.override,
    "run-dir": { type: "path", value: "D", help: "use D as the run folder" },
    "set-name": { type: "text", value: "N", help: "set the name of the run" },
    "allow-run": {
      type: "flag",
      help: "let the commands and modules run that the config names in logging.sinks and diagnostics.kinds",
    },
    port: { type: "whole", value: "N", help: "the port on 127.0.0.1 (default: any that is free)" },
    "no-open": {
      type: "flag",
      help: "do not open the page in a browser (it is opened only from a terminal, and where there is a screen)",
    },
    script: {
      type: "path",
      value: "F",
      help: "serve nothing: do the lines of F, which are JSON as a page asks, print an answer for each, and end",
    },
    json: { ...SHARED.json, help: "print JSON objects on stdout, one per line" },
    quiet: { ...SHARED.quiet, help: "print no progress" },
  },
  notes: [
    "Training begins paused: the page, or a script, lets it go on. Ctrl-C saves and ends the run, which can be resumed; once the run has ended, it ends the command.",
  ],
  async run(options, args) {
    const { config, run, port, script, json, quiet } = options;
    if (run !== undefined && (config ?? options["run-dir"] ?? options["set-name"]) !== undefined) {
      throw new UserError(`--run ${toUser(run)}`, "is a run with a config of its own", "leave out --config and names");
    }
    if (port !== undefined && script !== undefined) {
      throw new UserError(`--port ${port}`, "is for the page, and --script serves none", "leave out one of them");
    }
    if (port !== undefined && port > PORT_MAX) throw new UserError(`--port ${port}`, `must be at most ${PORT_MAX}`);
    const lines = script === undefined ? null : await readTextFile(script, "--script", SCRIPT_BYTES_MAX);
    takeUserSignals();
    await ensureEngine({ quiet: quiet || json || script !== undefined });
    using progress = showProgress(quiet || script !== undefined ? "quiet" : json ? "json" : "lines");
    const opening = await openingOf(run, {
      config: run === undefined ? config ?? await quickstart() : undefined,
      overrides: options.override,
      runDir: options["run-dir"],
      setName: options["set-name"],
      allowRun: options["allow-run"],
      note: progress.note,
      warn: progress.warn,
    });
    for (const warning of opening.loaded.warnings) progress.note(warning);
    await using open = await Studio.open({
      ...opening,
      observer: progress.observer,
      onModel: progress.attach,
      onEnd: async (path, result) => {
        const report = await drawReport(path, result);
        if (report) progress.note(`report     ${toUser(report)}`);
      },
      note: progress.note,
      warn: progress.warn,
      commandLine: ["studio", ...args],
      signals: true,
    }).catch((error) => {
      throw opening.loaded.locate(error);
    });
    // Until here a signal ends the process, or the session that it has begun.
    using signals = untilStopped();
    if (lines !== null) return await scripted(open, script!, lines, signals);
    await using server = serveStudio(open, port ?? 0);
    if (json) print(JSON.stringify({ event: "studio", url: server.address, run: open.training.path }));
    else print(`studio: ${server.address}\nrun     ${toUser(open.training.path)}`);
    using _page = options["no-open"] ? null : openPage(server.address);
    return await served(open, signals, json);
  },
});

export default studio;

const SCRIPT_BYTES_MAX = 64 << 20;

/** Does the lines until a signal comes. @returns 1 if one failed */
async function scripted(open: Studio, script: string, lines: string, { stopped }: Stopped): Promise<number> {
  const ended = stopped.then((signal) => ({ signal }));
  const done = await Promise.race([ended, runScript(open, toUser(script), lines, print)]);
  if (typeof done === "object") return statusOf(done.signal, await open.ended());
  return done > 0 ? 1 : 0;
}

const statusOf = (signal: "SIGINT" | "SIGTERM", result: SessionResult | null) =>
  result?.signal ? result.exitStatus : signal === "SIGTERM" ? TERMINATED : 0;

/** Serves until a signal comes: the first one ends the run, as in `train`; where none is under way, the command. */
async function served(open: Studio, { stopped }: Stopped, json: boolean): Promise<number> {
  const signal = await stopped;
  const result = await open.ended();
  const command = resumeCommand(open.opening.loaded.config, toUser(open.training.path));
  const how = result?.signal ? `stopped by ${signal}; ` : "";
  if (result?.status === "stopped" && !json) tell(`narrows: ${how}resume with: ${command}`);
  return statusOf(signal, result);
}

if (import.meta.main) Deno.exit(await runCommand(studio, Deno.args));

/** `report`: writes an HTML file about a run or a sweep, or one that compares several runs, or serves it. */
import { UserError } from "../core/errors.ts";
import { toUser } from "../core/paths.ts";
import { isSweep, reportText, writeReportOf } from "../reports/mod.ts";
import { defineCommand, SHARED } from "./command.ts";
import { runCommand } from "./run_command.ts";
import { runTarget } from "./run_target.ts";
import { watchReport } from "./watch_report.ts";
import { print } from "../core/output.ts";

const PORT_MAX = 65_535;

const report = defineCommand({
  name: "report",
  leavesFiles: true,
  positional: ["run"],
  options: {
    run: {
      ...SHARED.run,
      kind: "run or sweep",
      many: true,
      help:
        "a run folder or a sweep's folder (default: the newest run in runs/); several runs are compared on one page",
    },
    runs: { type: "path", value: "DIR", help: "the folder in which the newest run is looked for (default: runs)" },
    output: {
      type: "path",
      value: "F.html",
      help: "the file that is written (default: D/report.html; for several runs, comparison.html beside the first)",
    },
    watch: {
      type: "flag",
      help:
        "serve the report to a browser on this machine, draw it anew while training goes on, and write it at Ctrl-C",
    },
    port: { type: "whole", value: "N", help: "the port of --watch on 127.0.0.1 (default: any that is free)" },
    json: { ...SHARED.json, help: "print JSON objects on stdout, one per line" },
  },
  async run(options) {
    const runs = options.run.length > 0 ? options.run : [await runTarget(undefined, options.runs)];
    const { output, watch, port, json } = options;
    const sweep = runs.length > 1 ? runs.find(isSweep) : undefined;
    if (sweep !== undefined) {
      throw new UserError(`--run ${toUser(sweep)}`, "a sweep has a report of its own", "name it alone, or runs of it");
    }
    if (port !== undefined && !watch) {
      throw new UserError(`--port ${port}`, "is for --watch", "add --watch, or leave it out");
    }
    if (port !== undefined && port > PORT_MAX) throw new UserError(`--port ${port}`, `must be at most ${PORT_MAX}`);
    let status = 0;
    if (watch) {
      await reportText(runs); // what cannot be drawn at all is said at once
      const signal = await watchReport({ folders: runs, port: port ?? 0, json, render: () => reportText(runs) });
      if (signal === "SIGTERM") status = 143;
    }
    const path = await writeReportOf(runs, output);
    if (json) print(JSON.stringify({ report: path, runs }));
    else print(toUser(path));
    return status;
  },
});

export default report;

if (import.meta.main) Deno.exit(await runCommand(report, Deno.args));

/** `report`: writes an HTML file about a run or a sweep, or one that compares several runs. */
import { dirname, join } from "@std/path";
import { UserError } from "../core/errors.ts";
import { toUser } from "../core/paths.ts";
import { isSweep, writeComparison, writeReport, writeSweepReport } from "../reports/mod.ts";
import { defineCommand, SHARED } from "./command.ts";
import { runCommand } from "./run_command.ts";
import { runTarget } from "./run_target.ts";
import { print } from "../core/output.ts";

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
    json: SHARED.json,
  },
  async run(options) {
    const runs = options.run.length > 0 ? options.run : [await runTarget(undefined, options.runs)];
    const { output } = options;
    const sweep = runs.length > 1 ? runs.find(isSweep) : undefined;
    if (sweep !== undefined) {
      throw new UserError(`--run ${toUser(sweep)}`, "a sweep has a report of its own", "name it alone, or runs of it");
    }
    const path = runs.length === 1
      ? await (isSweep(runs[0]!) ? writeSweepReport : writeReport)(runs[0]!, output)
      : await writeComparison(runs, output ?? join(dirname(runs[0]!), "comparison.html"));
    if (options.json) print(JSON.stringify({ report: path, runs }));
    else print(toUser(path));
    return 0;
  },
});

export default report;

if (import.meta.main) Deno.exit(await runCommand(report, Deno.args));

/** `report`: one HTML file about a run, or one that compares several. */
import { dirname, join, relative, resolve } from "@std/path";
import { writeComparison, writeReport } from "../reports/mod.ts";
import { commandLine } from "./args.ts";
import { printError } from "./print.ts";
import { runTarget } from "./run_target.ts";

const HELP = `narrows report: one HTML file about a run, or comparing several

  --run D            a run folder (default: the newest in runs/); given more than once, the runs are compared
  --runs DIR         the folder in which the newest run is looked for (default: runs)
  --output F.html    where to (default: D/report.html; for several runs comparison.html beside the first)
  --json             one JSON object on stdout`;

/** @returns the exit status. */
export async function reportCommand(args: readonly string[]): Promise<number> {
  try {
    const line = commandLine("report", args, { text: ["runs", "output"], lists: ["run"], flags: ["json"] });
    if (line.flags.help) return console.log(HELP), 0;
    const named = (line.lists.run ?? []).map((run) => resolve(run));
    const runs = named.length > 0 ? named : [await runTarget(undefined, line.text.runs)];
    const output = line.text.output && resolve(line.text.output);
    const report = runs.length === 1
      ? await writeReport(runs[0]!, output)
      : await writeComparison(runs, output ?? join(dirname(runs[0]!), "comparison.html"));
    if (line.flags.json) console.log(JSON.stringify({ report, runs }));
    else console.log(relative(Deno.cwd(), report) || report);
    return 0;
  } catch (error) {
    return printError(error);
  }
}

if (import.meta.main) Deno.exit(await reportCommand(Deno.args));

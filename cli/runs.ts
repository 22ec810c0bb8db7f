/** `runs`: lists the run folders, newest first. */
import { isGlob } from "@std/path";
import { UserError } from "../core/errors.ts";
import { missingArgument } from "../core/missing.ts";
import { fromUser, toUser } from "../core/paths.ts";
import { type ListedRun, listRuns } from "../core/runs/list.ts";
import { commandText } from "../core/runs/command.ts";
import { bytesText } from "../core/figures.ts";
import { defineCommand, SHARED } from "./command.ts";
import { table } from "./dry_run.ts";
import { short } from "./progress.ts";
import { runCommand } from "./run_command.ts";
import { print, tell } from "../core/output.ts";

const UNITS: readonly [string, number][] = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

/** 7 s, 12 min, 3 h, 40 d. */
export function age(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [unit, size] = UNITS.find(([, size]) => whole >= 2 * size) ?? UNITS.at(-1)!;
  return `${Math.floor(whole / size)} ${unit}`;
}

function cells(run: ListedRun, now: number): string[] {
  const epochs = run.planned_epochs === null ? String(run.epochs) : `${run.epochs}/${run.planned_epochs}`;
  const best = run.best_loss === null ? "" : `${short(run.best_loss)} (epoch ${run.best_epoch})`;
  const size = `${run.bytes_at_least ? "over " : ""}${bytesText(run.bytes)}`;
  return [run.name, run.status, epochs, best, age((now - Date.parse(run.started_at)) / 1000), size];
}

/** @throws {UserError} where a path was named that is no folder */
function requireFolder(path: string): void {
  if (isGlob(path)) return;
  let isFolder: boolean;
  try {
    isFolder = Deno.statSync(path).isDirectory;
  } catch {
    throw missingArgument("FOLDER", path, "there is no such folder");
  }
  if (!isFolder) throw new UserError(`FOLDER ${toUser(path)}`, "is a file, not a folder of runs", "name the folder");
}

const runs = defineCommand({
  name: "runs",
  positional: ["runs"],
  options: {
    runs: { type: "path", value: "FOLDER", help: "the folder that contains the runs, or a glob (default: runs)" },
    json: { ...SHARED.json, help: "print one JSON object per run, each on a line" },
  },
  notes: [
    "The status is running while a process writes the run; finished, stopped (by a signal) or failed when the " +
    "run has " +
    "ended; and died if the process is gone without having ended the run. train --resume continues a run that " +
    "stopped, " +
    "failed or died. The best loss is the lowest validation loss, or the lowest training loss if there are no " +
    "validation rows.",
  ],
  async run({ runs: folder, json }) {
    const found = await listRuns(folder ?? fromUser("runs"));
    if (found.length === 0) {
      if (folder !== undefined) requireFolder(folder);
      tell(
        `narrows: ${toUser(folder ?? fromUser("runs"))}: there is no run folder; train makes one: ${
          commandText("train")
        }`,
      );
      return 0;
    }
    if (json) {
      const now = Date.now();
      for (const run of found) {
        print(JSON.stringify({ ...run, age_s: Math.round((now - Date.parse(run.started_at)) / 1000) }));
      }
      return 0;
    }
    const head = ["name", "status", "epochs", "best loss", "age", "size"];
    for (const line of table(head, found.map((run) => cells(run, Date.now())), [2, 4, 5])) print(line.slice(2));
    return 0;
  },
});

export default runs;

if (import.meta.main) Deno.exit(await runCommand(runs, Deno.args));

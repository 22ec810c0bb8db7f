/** What embed and reconstruct share: restore a run, write one row of a table for each row of a split. */
import { join } from "@std/path";
import { ensureEngine } from "../core/build/ensure.ts";
import { type Restored, restoreRun } from "../core/train/restore.ts";
import { type CommandLine, commandLine } from "./args.ts";
import { printError } from "./print.ts";
import { runTarget } from "./run_target.ts";

export async function writeRows(
  command: string,
  help: string,
  fileName: string,
  args: readonly string[],
  extra: readonly string[],
  write: (restored: Restored, split: string, path: string, line: CommandLine) => Promise<[number, number]>,
): Promise<number> {
  try {
    const line = commandLine(command, args, {
      text: ["run", "checkpoint", "split", "output", ...extra],
      lists: ["override"],
      flags: ["json"],
    });
    if (line.flags.help) return console.log(help), 0;
    await ensureEngine({ quiet: true });
    const run = await runTarget(line.text.run);
    using restored = await restoreRun(run, {
      checkpoint: line.text.checkpoint,
      overrides: line.lists.override,
      note: (text) => console.error(`narrows: ${text}`),
    });
    const output = line.text.output ?? join(run, fileName);
    const [rows, columns] = await write(restored, line.text.split ?? "all", output, line);
    if (line.flags.json) console.log(JSON.stringify({ output, rows, columns, checkpoint: restored.checkpoint }));
    else console.log(`${output}: ${rows} x ${columns} float32`);
    return 0;
  } catch (error) {
    return printError(error);
  }
}

/** What embed and reconstruct share: restore a run, write one row of a table for each row of a split. */
import { join } from "@std/path";
import { ensureEngine } from "../core/build/ensure.ts";
import { SPLITS } from "../core/data/source.ts";
import { tableKind } from "../core/formats/table.ts";
import { toUser } from "../core/paths.ts";
import { type Restored, restoreRun } from "../core/train/restore.ts";
import { type Options, SHARED, type Values } from "./command.ts";
import { runTarget } from "./run_target.ts";
import { print, tell } from "../core/output.ts";

/** Besides these each has its `output`. */
export const ROW_OPTIONS = {
  run: SHARED.run,
  checkpoint: SHARED.checkpoint,
  split: {
    type: "choice",
    value: "S",
    values: SPLITS,
    help: "train, validation, test or all: every row in file order (default: all)",
  },
  override: { ...SHARED.override, help: "e.g. data.path=... for other data; repeatable" },
  json: SHARED.json,
} as const satisfies Options;

export async function writeRows(
  options: Values<typeof ROW_OPTIONS> & { readonly output: string | undefined },
  fileName: string,
  write: (restored: Restored, split: string, path: string) => Promise<[number, number]>,
): Promise<number> {
  const kind = options.output === undefined ? ".npy" : tableKind(options.output, "--output");
  await ensureEngine({ quiet: true });
  const run = await runTarget(options.run);
  using restored = await restoreRun(run, {
    checkpoint: options.checkpoint,
    overrides: options.override,
    note: (text) => tell(`narrows: ${text}`),
  });
  const output = options.output ?? join(run, fileName);
  const [rows, columns] = await write(restored, options.split ?? "all", output);
  if (options.json) print(JSON.stringify({ output, rows, columns, checkpoint: restored.checkpoint }));
  else {
    const what = kind === ".csv" ? "values, after the number of the row" : "float32";
    print(`${toUser(output)}: ${rows} x ${columns} ${what}`);
  }
  return 0;
}

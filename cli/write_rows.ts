/** What embed and reconstruct share: they restore a run and write one row of a table for each row of a part. */
import { countText } from "../core/figures.ts";
import { join } from "@std/path";
import { ensureEngine } from "../core/build/ensure.ts";
import { UserError } from "../core/errors.ts";
import { orderNote, SPLITS } from "../core/data/source.ts";
import { tableKind } from "../core/formats/table.ts";
import { toUser } from "../core/paths.ts";
import { type Restored, restoreRun } from "../core/train/restore.ts";
import { writeRowTable } from "../core/train/row_table.ts";
import { type Options, SHARED, type Values } from "./command.ts";
import { DATA_OPTIONS, givenData } from "./given_data.ts";
import { runTarget } from "./run_target.ts";
import { print, tell } from "../core/output.ts";

/** The options of both commands; each also has its `output`. */
export const ROW_OPTIONS = {
  run: SHARED.run,
  checkpoint: SHARED.checkpoint,
  split: {
    type: "choice",
    value: "S",
    values: SPLITS,
    help: "train, validation, test or all, in file order (default: all)",
  },
  ...DATA_OPTIONS,
  labels: {
    type: "path",
    value: "F",
    help: "file with the labels of the rows, for --rows (default: the run's labels, for its own data)",
  },
  rows: {
    type: "path",
    kind: "output",
    value: "F.csv",
    help: "also write a table of the rows: file, row, name, label, part",
  },
  override: { ...SHARED.override, help: "set a key of the config, e.g. data.path=...; repeatable" },
  json: SHARED.json,
} as const satisfies Options;

export async function writeRows(
  options: Values<typeof ROW_OPTIONS> & { readonly output: string | undefined },
  fileName: string,
  write: (restored: Restored, split: string, path: string) => Promise<[number, number]>,
): Promise<number> {
  const kind = options.output === undefined ? ".npy" : tableKind(options.output, "--output");
  if (options.labels !== undefined && options.rows === undefined) {
    throw new UserError("--labels", "labels are written to the table of --rows alone", "add --rows F.csv");
  }
  await ensureEngine({ quiet: true });
  const run = await runTarget(options.run);
  const note = (text: string) => tell(`narrows: ${text}`);
  using restored = await restoreRun(run, {
    checkpoint: options.checkpoint,
    overrides: options.override,
    note,
    ...givenData(options),
    labels: options.labels,
  });
  const order = options.rows === undefined ? orderNote(restored.source) : null;
  if (order) note(`${order}; --rows F.csv writes which row is which`);
  if (options.rows !== undefined) await writeRowTable(restored, options.split ?? "all", options.rows, note);
  const output = options.output ?? join(run, fileName);
  const [rows, columns] = await write(restored, options.split ?? "all", output);
  if (options.json) print(JSON.stringify({ output, rows, columns, checkpoint: restored.checkpoint }));
  else {
    const what = kind === ".csv" ? "values, each row after its number" : "float32";
    print(`${toUser(output)}: ${countText(rows)} x ${countText(columns)} ${what}`);
  }
  return 0;
}

/** What embed and reconstruct share: they restore a run and write one row of a table for each row of a part. */
import { countText } from "../core/figures.ts";
import { extname, join } from "@std/path";
import { UserError } from "../core/errors.ts";
import { orderNote } from "../core/data/source.ts";
import { endingOf } from "../core/formats/table.ts";
import { toUser } from "../core/paths.ts";
import type { Restored } from "../core/train/restore.ts";
import { writeRowTable } from "../core/train/row_table.ts";
import { type Options, SHARED, type Values } from "./command.ts";
import { note, restored, restoreOptions } from "./restored.ts";
import { runTarget } from "./run_target.ts";
import { print } from "../core/output.ts";

/** The options of both commands; each also has its `output`. */
export const ROW_OPTIONS = {
  ...restoreOptions("train, validation, test or all, in file order (default: all)"),
  labels: {
    type: "path",
    value: "F",
    help:
      "file with the labels of the rows, or the name of a table of rows that the data have, for --rows (default: the run's labels, for its own data)",
  },
  rows: {
    type: "path",
    kind: "output",
    value: "F.csv",
    help: "also write a table of the rows: file, row, name, label, part",
  },
  json: SHARED.json,
} as const satisfies Options;

/** What the line at the end says of the values of a file, by its ending. */
const HELD: Readonly<Record<string, string>> = {
  ".csv": "values, each row after its number",
  ".h5ad": "float32, as obsm X_narrows in a copy of the data",
  ".npz": "float32, sparse",
  "": "values, a file for each row",
};

/** @param labelled those of the endings whose files have the labels of the rows */
export async function writeRows(
  options: Values<typeof ROW_OPTIONS> & { readonly output: string | undefined },
  fileName: string,
  endings: readonly string[],
  labelled: readonly string[],
  write: (restored: Restored, split: string, path: string) => Promise<[number, number]>,
): Promise<number> {
  const path = options.output ?? fileName;
  const kind = endings.includes("") && extname(path) === "" ? "" : endingOf(path, endings, "--output");
  if (options.labels !== undefined && options.rows === undefined && !labelled.includes(kind)) {
    const hint = ["add --rows F.csv", ...labelled.map((ending) => `write a ${ending} file`)].join(", or ");
    throw new UserError("--labels", `labels are not written to ${kind || "pictures and recordings"}`, hint);
  }
  const folder = await runTarget(options.run);
  using run = await restored(folder, options);
  const order = options.rows === undefined ? orderNote(run.source) : null;
  if (order) note(`${order}; --rows F.csv writes which row is which`);
  if (options.rows !== undefined) await writeRowTable(run, options.split ?? "all", options.rows, note);
  const output = options.output ?? join(folder, fileName);
  const [rows, columns] = await write(run, options.split ?? "all", output);
  if (options.json) print(JSON.stringify({ output, rows, columns, checkpoint: run.checkpoint }));
  else print(`${toUser(output)}: ${countText(rows)} x ${countText(columns)} ${HELD[kind] ?? "float32"}`);
  return 0;
}

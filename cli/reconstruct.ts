/** `reconstruct`: writes reconstructions of the rows as .npy or .csv. */
import { reconstructTo } from "../core/results/reconstruct.ts";
import { TABLE_KINDS } from "../core/formats/table.ts";
import { chosenColumns } from "./columns.ts";
import { defineCommand } from "./command.ts";
import { runCommand } from "./run_command.ts";
import { ROW_OPTIONS, writeRows } from "./write_rows.ts";

const reconstruct = defineCommand({
  name: "reconstruct",
  leavesFiles: true,
  positional: ["run"],
  options: {
    ...ROW_OPTIONS,
    columns: {
      type: "text",
      value: "A,B-C,NAME",
      many: true,
      help: "write only these columns, e.g. 0-9,42,CD3D (numbers from 0, ranges, names); repeatable (default: all)",
    },
    output: {
      type: "path",
      kind: "output",
      value: "F.npy",
      help: "the file for rows x columns float32 values, in the scale of the transformed data (default: " +
        "RUN/reconstructions.npy); .csv writes text with a header and row numbers",
    },
  },
  run: (options) =>
    writeRows(options, "reconstructions.npy", TABLE_KINDS, async (restored, split, path) => {
      const names = restored.columnNames;
      const columns = chosenColumns(options.columns, restored.source.columns, names);
      return await reconstructTo(restored, split, path, columns);
    }),
});

export default reconstruct;

if (import.meta.main) Deno.exit(await runCommand(reconstruct, Deno.args));

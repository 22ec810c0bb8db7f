/** `reconstruct`: writes reconstructions of the rows. */
import { RECONSTRUCT_ENDINGS, reconstructTo } from "../core/results/reconstruct.ts";
import { chosenColumns } from "./columns.ts";
import { UserError } from "../core/errors.ts";
import { defineCommand } from "./command.ts";
import { runCommand } from "./run_command.ts";
import { ROW_OPTIONS, writeRows } from "./write_rows.ts";

function thresholdOf(text: string | undefined): { threshold?: number } {
  if (text === undefined) return {};
  const threshold = text.trim() === "" ? NaN : Number(text);
  if (threshold >= 0 && threshold < Infinity) return { threshold };
  throw new UserError("--threshold", `must be a number of 0 or more, got ${text}`, "--threshold 0.01");
}

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
        "RUN/reconstructions.npy); .csv writes text with a header and row numbers; .npz a sparse matrix, with " +
        "--threshold; .png or .wav a single row; a folder a picture or a recording of each row",
    },
    threshold: {
      type: "text",
      value: "T",
      help: "for .npz: leave out values whose absolute value is below T",
    },
  },
  run: (options) =>
    writeRows(options, "reconstructions.npy", RECONSTRUCT_ENDINGS, [], async (restored, split, path) => {
      const names = restored.columnNames;
      const columns = chosenColumns(options.columns, restored.source.columns, names);
      return await reconstructTo(restored, split, path, columns, thresholdOf(options.threshold));
    }),
});

export default reconstruct;

if (import.meta.main) Deno.exit(await runCommand(reconstruct, Deno.args));

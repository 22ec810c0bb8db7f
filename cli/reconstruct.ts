/** `reconstruct`: reconstructions of a split as .npy. */
import { UserError } from "../core/errors.ts";
import { reconstructTo } from "../core/train/restore.ts";
import { defineCommand } from "./command.ts";
import { runCommand } from "./run_command.ts";
import { ROW_OPTIONS, writeRows } from "./write_rows.ts";

function chosenColumns(text: string | undefined): Uint32Array<ArrayBuffer> | null {
  if (text === undefined) return null;
  return Uint32Array.from(text.split(","), (part) => {
    const column = Number(part.trim() === "" ? NaN : part);
    if (Number.isInteger(column) && column >= 0 && column < 2 ** 32) return column;
    throw new UserError("--columns", `must be whole numbers with commas between, got ${text}`, "--columns 0,7,42");
  });
}

const reconstruct = defineCommand({
  name: "reconstruct",
  leavesFiles: true,
  positional: ["run"],
  options: {
    ...ROW_OPTIONS,
    columns: { type: "text", value: "A,B,...", help: "only these columns, counted from 0 (default: all)" },
    output: {
      type: "path",
      value: "F.npy",
      help: "rows x columns, float32, in the transformed scale (default: RUN/reconstructions.npy)",
    },
  },
  run: (options) =>
    writeRows(
      options,
      "reconstructions.npy",
      (restored, split, path) => reconstructTo(restored, split, path, chosenColumns(options.columns)),
    ),
});

export default reconstruct;

if (import.meta.main) Deno.exit(await runCommand(reconstruct, Deno.args));

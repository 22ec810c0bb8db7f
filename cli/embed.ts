/** `embed`: writes the latent vectors of the rows as .npy or .csv. */
import { embedTo } from "../core/train/restore.ts";
import { defineCommand } from "./command.ts";
import { runCommand } from "./run_command.ts";
import { ROW_OPTIONS, writeRows } from "./write_rows.ts";

const embed = defineCommand({
  name: "embed",
  leavesFiles: true,
  positional: ["run"],
  options: {
    ...ROW_OPTIONS,
    output: {
      type: "path",
      kind: "output",
      value: "F.npy",
      help: "the file for rows x latent float32 values (default: RUN/embeddings.npy); .csv writes text with a " +
        "header and row numbers",
    },
  },
  run: (options) => writeRows(options, "embeddings.npy", embedTo),
});

export default embed;

if (import.meta.main) Deno.exit(await runCommand(embed, Deno.args));

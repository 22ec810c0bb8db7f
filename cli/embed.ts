/** `embed`: writes the latent vectors of the rows. */
import { EMBED_ENDINGS, embedTo } from "../core/results/embed.ts";
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
        "header and row numbers; .parquet a table with names and labels of the rows; .h5ad a copy of the data's .h5ad " +
        "file with obsm X_narrows",
    },
  },
  run: (options) => writeRows(options, "embeddings.npy", EMBED_ENDINGS, embedTo),
});

export default embed;

if (import.meta.main) Deno.exit(await runCommand(embed, Deno.args));

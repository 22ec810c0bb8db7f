/** `embed`: writes the latent vectors of the rows. */
import { join } from "@std/path";
import { countText } from "../core/figures.ts";
import { print } from "../core/output.ts";
import { UserError } from "../core/errors.ts";
import { toUser } from "../core/paths.ts";
import { EMBED_ENDINGS, embedTo, LABELLED_ENDINGS } from "../core/results/embed.ts";
import { writeProjector } from "../core/train/projector.ts";
import { defineCommand, type Values } from "./command.ts";
import { note, restored } from "./restored.ts";
import { runCommand } from "./run_command.ts";
import { runTarget } from "./run_target.ts";
import { ROW_OPTIONS, writeRows } from "./write_rows.ts";

/** Writes the files of TensorBoard's projector into the run folder. */
async function projector(
  options: Values<typeof ROW_OPTIONS> & { readonly output: string | undefined },
): Promise<number> {
  const other = options.output !== undefined ? "--output" : options.rows !== undefined ? "--rows" : null;
  if (other !== null) {
    throw new UserError(
      "--projector",
      `writes files of its own, so that ${other} has no meaning`,
      `leave out ${other}`,
    );
  }
  const run = await runTarget(options.run);
  using open = await restored(run, options);
  const folder = join(run, "tensorboard");
  const { rows, of } = await writeProjector(open, options.split ?? "all", folder, note);
  if (options.json) print(JSON.stringify({ output: folder, rows, columns: open.model.latentSize }));
  else {
    const chosen = rows < of ? `, evenly spread over ${countText(of)}` : "";
    print(
      `${toUser(folder)}: ${countText(rows)} rows${chosen}; tensorboard --logdir ${
        toUser(folder)
      } shows them on PROJECTOR`,
    );
  }
  return 0;
}

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
      help: "the file for rows x latent float32 values (default: RUN/embeddings.npy); .csv and .parquet " +
        "write a table with numbers, names and labels of the rows; .h5ad a copy of the data's .h5ad file with obsm " +
        "X_narrows",
    },
    projector: {
      type: "flag",
      help: "instead write the latent vectors, of at most 10,000 rows, for TensorBoard's projector, to RUN/tensorboard",
    },
  },
  run: (options) =>
    options.projector
      ? projector(options)
      : writeRows(options, "embeddings.npy", EMBED_ENDINGS, LABELLED_ENDINGS, embedTo),
});

export default embed;

if (import.meta.main) Deno.exit(await runCommand(embed, Deno.args));

/** `export`: writes a trained network for other programs. */
import { join } from "@std/path";
import { ensureEngine } from "../core/build/ensure.ts";
import { endingOf, EXPORT_FORMATS, exportRun } from "../core/export/export.ts";
import { UserError } from "../core/errors.ts";
import { countText } from "../core/figures.ts";
import { print } from "../core/output.ts";
import { toUser } from "../core/paths.ts";
import { defineCommand, SHARED } from "./command.ts";
import { note } from "./restored.ts";
import { runCommand } from "./run_command.ts";
import { runTarget } from "./run_target.ts";

const command = defineCommand({
  name: "export",
  leavesFiles: true,
  positional: ["run"],
  options: {
    run: SHARED.run,
    checkpoint: SHARED.checkpoint,
    format: {
      type: "choice",
      value: "FORMAT",
      values: EXPORT_FORMATS,
      help:
        "safetensors or npz: the weights; onnx: the whole autoencoder as a graph; torch: a Python file that builds " +
        "the module, and its weights beside it; saelens: a folder that SAELens reads, of a sparse autoencoder " +
        "(default: what the ending of --output says)",
    },
    output: {
      type: "path",
      kind: "output",
      value: "F",
      help:
        "the file, or the folder for saelens (default: RUN/model with the ending of --format: .safetensors, .npz, .onnx, .py, _saelens)",
    },
    json: SHARED.json,
  },
  async run({ run, checkpoint, format, output, json }) {
    if (format === undefined && output === undefined) {
      throw new UserError("--format", "must be given, or a file by --output", `one of ${EXPORT_FORMATS.join(", ")}`);
    }
    const folder = await runTarget(run);
    const path = output ?? join(folder, `model${endingOf(format!)}`);
    await ensureEngine({ quiet: json });
    const done = await exportRun(folder, path, { checkpoint, format, note });
    if (json) print(JSON.stringify(done));
    else {
      const size = `${countText(done.columns)} columns, ${countText(done.latent)} latent values`;
      print(`${done.files.map((file) => toUser(file)).join(" and ")}: ${done.format} of ${done.checkpoint}, ${size}`);
    }
    return 0;
  },
});

export default command;

if (import.meta.main) Deno.exit(await runCommand(command, Deno.args));

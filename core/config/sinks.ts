/** Loggers: their YAML form. */
import { z } from "zod";
import { namesSchema } from "./fields.ts";

/** One sink as YAML has it. */
export const sinkSchema = z.union([
  namesSchema({
    csv: "steps.csv, chunks.csv and epochs.csv, which are always written",
    jsonl: "events.jsonl, every event as a line of JSON",
    tensorboard: "tensorboard/, for TensorBoard: scalars, histograms, pictures of diagnostics, the config",
    wandb: "wandb/, a run of Weights & Biases that `wandb sync` uploads",
  }),
  z.strictObject({
    command: z.string().min(1).max(4096).describe(
      "what a shell starts to read the events as lines of JSON on its standard input; it runs only if the command line says " +
        "--allow-run",
    ),
  }).meta({ examples: [{ command: "python3 watch.py" }] }),
  z.strictObject({
    module: z.string().min(1).meta({ format: "path" }).describe(
      "a TypeScript file whose default export is called with each event, in a process of its own; it runs only if the command " +
        "line says --allow-run",
    ),
  }).meta({ examples: [{ module: "watch.ts" }] }),
]).meta({ title: "sink", id: "sink" });

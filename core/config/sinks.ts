/** Loggers: their YAML form. */
import { z } from "zod";
import { namesSchema } from "./fields.ts";

/** One sink as YAML has it. */
export const sinkSchema = z.union([
  namesSchema({
    csv: "steps.csv, chunks.csv and epochs.csv, which are always written",
    jsonl: "events.jsonl, every event as a line of JSON",
    tensorboard: "tensorboard/, for TensorBoard: scalars, histograms of the weights, the config",
    wandb: "wandb/, a run of Weights & Biases that `wandb sync` uploads",
  }),
]).meta({ title: "sink", id: "sink" });

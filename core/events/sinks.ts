/** The sinks that a config names. The CSV files are not among them: the run itself writes them, and depends on them. */
import type { Config, LoggingConfig } from "../config/types.ts";
import type { RunFolder } from "../runs/folder.ts";
import { commandSink, moduleSink } from "./command.ts";
import { JsonLinesSink } from "./json_lines.ts";
import type { Sink } from "./sink.ts";
import { TensorBoardSink } from "./tensorboard.ts";
import { WandbSink } from "./wandb.ts";

export function sinksOf({ logging }: Config, run: RunFolder): Sink[] {
  /** Logs are numbered by what they are of. */
  const counts = { command: 0, module: 0 };
  const log = (kind: keyof typeof counts) => run.file(`${kind}-${++counts[kind]}.log`);
  const listed = logging.sinks.flatMap((sink): Sink[] => {
    if (typeof sink === "object") {
      return ["module" in sink ? moduleSink(sink.module, log("module")) : commandSink(sink.command, log("command"))];
    }
    switch (sink) {
      case "jsonl":
        return [new JsonLinesSink(run.file("events.jsonl"))];
      case "tensorboard":
        return [new TensorBoardSink(run.file("tensorboard"))];
      case "csv":
      case "wandb":
        return [];
    }
  });
  const mode = wandbMode(logging);
  if (mode === "disabled") return listed;
  return [...listed, new WandbSink(run.file("wandb"), { ...logging.wandb, upload: mode === "online" })];
}

/** What becomes of W&B: `logging.wandb.mode`, or else whether it is listed. */
export function wandbMode({ sinks, wandb }: LoggingConfig): "offline" | "online" | "disabled" {
  return wandb.mode ?? (sinks.includes("wandb") ? "offline" : "disabled");
}

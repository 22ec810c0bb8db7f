/** The sinks that a config names. The CSV files are not among them: the run itself writes them, and depends on them. */
import type { Config } from "../config/types.ts";
import type { RunFolder } from "../runs/folder.ts";
import { JsonLinesSink } from "./json_lines.ts";
import type { Sink } from "./sink.ts";
import { TensorBoardSink } from "./tensorboard.ts";

export function sinksOf({ logging }: Config, run: RunFolder): Sink[] {
  return logging.sinks.flatMap((sink): Sink[] => {
    switch (sink) {
      case "csv":
        return [];
      case "jsonl":
        return [new JsonLinesSink(run.file("events.jsonl"))];
      case "tensorboard":
        return [new TensorBoardSink(run.file("tensorboard"))];
    }
  });
}

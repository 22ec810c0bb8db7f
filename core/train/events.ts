/** What a session tells its stream of events besides rows. */
import { join, relative } from "@std/path";
import { toPlain } from "../config/yaml.ts";
import type { Source } from "../data/source.ts";
import type { EventStream, StartEvent } from "../events/mod.ts";
import type { RunFolder } from "../runs/folder.ts";
import type { Environment, LayerRow } from "../runs/types.ts";
import type { Diagnosed } from "./diagnose.ts";
import type { SessionOptions } from "./session_options.ts";
import type { TrainState } from "./state.ts";

/** The options with functions that note in the stream, too, what they print. */
export function withNotes(options: SessionOptions, events: EventStream) {
  let step = () => 0;
  const also = (print?: (text: string) => void) => (text: string) => {
    events.note(step(), text);
    print?.(text);
  };
  const { note, warn } = options;
  return {
    options: { ...options, note: also(note), warn: also(warn ?? note) },
    /** What only prints. */
    tell: { note: note ?? (() => {}), warn: warn ?? note ?? (() => {}) },
    /** Says where the number of steps is found, once it is known. */
    setStep: (known: () => number) => {
      step = known;
    },
  };
}

export function startEvent(
  { config, run }: SessionOptions,
  state: TrainState,
  source: Source,
  environment: Environment,
  model: readonly LayerRow[],
): StartEvent {
  const { train, validation, test } = source.partRows;
  return {
    event: "start",
    time: String(environment.started_at),
    run_started_at: state.started_at,
    run: run.name,
    path: run.path,
    name: config.name,
    title: config.title,
    description: config.description,
    group: config.logging.group,
    tags: config.logging.tags,
    step: state.step,
    epoch: state.epoch,
    resumed: state.resumed,
    config: toPlain(config),
    environment,
    model,
    parameters: model.reduce((sum, { parameters }) => sum + parameters, 0),
    data: { rows: { train, validation, test }, columns: source.columns },
  };
}

/** Tells that the diagnostics are written. */
export function tellDiagnostics(
  events: EventStream,
  { folder, found }: Diagnosed,
  run: RunFolder,
  at: { readonly step: number; readonly epoch: number; readonly final: boolean },
): void {
  for (const name of found.keys()) {
    events.emit({ event: "diagnostic", name, ...at, path: relative(run.path, join(folder, `${name}.json`)) });
  }
}

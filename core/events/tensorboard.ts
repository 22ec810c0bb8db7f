/**
 * tensorboard/events.out.tfevents.*: what TensorBoard shows. There is one file. A resume that cuts records off writes the others
 * into a new one, since a TensorBoard that is looking reads on from where it was.
 */
import { stringify } from "yaml";
import { join } from "@std/path";
import { makeFolder, namesIn, removeIfThere, syncFolder, writeAtomically } from "../formats/file.ts";
import type { Message } from "../formats/protobuf.ts";
import { recordOf, recordsIn } from "../formats/tfrecord.ts";
import { type Held, NOTHING_HELD, type Position } from "./course.ts";
import { givingWay, LogFile, readLog } from "./log_file.ts";
import { onceFor } from "./once.ts";
import { pictureOf } from "./pictures.ts";
import { EPOCH_NUMBER, epochScalars, FINAL, finalScalars, STEP_VALUE, stepScalars } from "./scalars.ts";
import type { Sink } from "./sink.ts";
import {
  eventOf,
  type Found,
  histogram,
  image,
  markdown,
  readEvent,
  scalar,
  scalarEvent,
  settings,
  settingsEnd,
  versionEvent,
} from "./tensorboard_messages.ts";
import { checkpointOf, type EndEvent, type RunEvent, type StartEvent } from "./types.ts";
import { histogramsOf, WEIGHTS } from "./weights.ts";

const NAME = /^events\.out\.tfevents\.\d+\.narrows/;

/** Whether a record lies after a position, as {@link isPast} says of events. */
function isPastRecord({ step, tags, scalars }: Found, position: Position): boolean {
  const epoch = scalars.get(EPOCH_NUMBER);
  if (epoch !== undefined) return epoch > position.epoch;
  return step > position.step || tags.some((tag) => tag.startsWith(FINAL) || tag.endsWith("session_end_info"));
}

function heldAfter(held: Held, { step, scalars }: Found): Held {
  const epoch = scalars.get(EPOCH_NUMBER);
  if (epoch !== undefined) return { ...held, epoch };
  return scalars.has(STEP_VALUE) ? { ...held, step } : held;
}

export class TensorBoardSink implements Sink {
  readonly name = "tensorboard";
  #file: LogFile | null = null;
  /** Seconds since 1970 at which the run began, and those of the newest row. */
  #began = 0;
  #now = 0;
  /** The step of the newest histograms. */
  #weightsAt = 0;

  /** @param folder `tensorboard/` of the run */
  constructor(readonly folder: string) {}

  async open(position: Position, start: StartEvent): Promise<Held> {
    this.#began = this.#now = Date.parse(start.run_started_at) / 1000;
    await makeFolder(this.folder);
    const names = (await namesIn(this.folder)).filter((name) => NAME.test(name));
    const newest = names.at(-1);
    const { held, bytes, isWhole } = await this.#kept(newest, position);
    let name = newest;
    if (name === undefined || !isWhole) {
      name = newName(names);
      await writeAtomically(join(this.folder, name), async (file) => {
        await file.write(bytes.length > 0 ? bytes : recordOf(versionEvent(Date.now() / 1000).bytes));
      });
    }
    for (const other of names.filter((other) => other !== name)) await removeIfThere(join(this.folder, other));
    await syncFolder(this.folder);
    this.#file = await LogFile.open(join(this.folder, name), isWhole ? bytes.length : undefined);
    return held;
  }

  /** The records of a file up to a position. `isWhole`: what follows them is at most a torn record. */
  async #kept(name: string | undefined, position: Position) {
    if (name === undefined || position.step === 0) {
      return { held: NOTHING_HELD, bytes: new Uint8Array(0), isWhole: false };
    }
    const bytes = await readLog(join(this.folder, name));
    let held = NOTHING_HELD, length = 0, isWhole = true;
    const giveWay = givingWay();
    for (const { data, end } of recordsIn(bytes)) {
      await giveWay();
      const found = readEvent(data);
      isWhole = !isPastRecord(found, position);
      if (!isWhole) break;
      held = heldAfter(held, found);
      if (found.tags[0]?.startsWith(WEIGHTS)) this.#weightsAt = found.step;
      length = end;
    }
    return { held, bytes: bytes.subarray(0, length), isWhole: isWhole && length > 0 };
  }

  async write(events: readonly RunEvent[]): Promise<void> {
    const records: Uint8Array[] = [];
    for (const event of events) {
      const messages = [...this.#messages(event), ...await this.#read(event)];
      for (const message of messages) records.push(recordOf(message.bytes));
    }
    await this.#file!.write(records);
  }

  /** What is read from the run folder for an event: a picture, or the weights of a checkpoint. */
  async #read(event: RunEvent): Promise<Message[]> {
    const run = join(this.folder, "..");
    if (event.event === "diagnostic") {
      const { name, path, step, final } = event;
      const picture = await onceFor(event, () => pictureOf(name, join(run, path)));
      if (picture === null) return [];
      return [eventOf(this.#now, step, [image(`${final ? FINAL : "diagnostics/"}${name}`, picture)])];
    }
    const checkpoint = checkpointOf(event);
    if (checkpoint === null || checkpoint.step <= this.#weightsAt) return []; // one of the best epoch may be told twice
    const found = await onceFor(event, () => histogramsOf(join(run, checkpoint.path)));
    if (found === null) return [];
    this.#weightsAt = checkpoint.step;
    return [eventOf(this.#now, checkpoint.step, found.map(({ name, ...of }) => histogram(name, of)))];
  }

  #messages(event: RunEvent): Message[] {
    switch (event.event) {
      case "start":
        return [this.#start(event)];
      case "steps":
        return event.step.map((step, row) => {
          return scalarEvent(this.#time(event.elapsed_s[row]!), step, stepScalars(event, row));
        });
      case "epoch":
        return [scalarEvent(this.#time(event.elapsed_s), event.step, epochScalars(event))];
      case "end":
        return [this.#end(event)];
      default:
        return [];
    }
  }

  /** Seconds since 1970 of a row: the run's beginning and the time that it has trained, so that pauses are left out. */
  #time(elapsed: number): number {
    return this.#now = this.#began + elapsed;
  }

  #start(event: StartEvent): Message {
    const { step, run, config, environment, description, tags, group } = event;
    const code = (text: string) => text.trimEnd().split("\n").map((line) => `    ${line}`).join("\n");
    const about = { run, description, group, tags };
    return eventOf(this.#now, step, [
      markdown("config", code(stringify(config, { lineWidth: 0 }))),
      markdown("environment", code(stringify(environment, { lineWidth: 0 }))),
      markdown("run", code(stringify(about, { lineWidth: 0 }))),
      settings(run, this.#began, settingPairs(config)),
    ]);
  }

  #end({ step, time, summary }: EndEvent): Message {
    const parts = finalScalars(summary).map(scalar);
    const at = summary.evaluated?.step ?? step;
    return eventOf(this.#now, at, [...parts, settingsEnd(Date.parse(time) / 1000, summary.status !== "failed")]);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }

  abandon(): void {
    this.#file?.abandon();
    this.#file = null;
  }
}

/** TensorBoard reads files in the order of their names, which begin with the time in seconds. */
function newName(names: readonly string[]): string {
  const after = names.map((name) => Number(/tfevents\.(\d+)/.exec(name)![1]) + 1);
  const seconds = Math.max(Math.floor(Date.now() / 1000), ...after);
  return `events.out.tfevents.${String(seconds).padStart(10, "0")}.narrows`;
}

/** The settings by which runs are compared, flat: those of the network in words, and scalars of other sections. */
export function settingPairs(config: Readonly<Record<string, unknown>>): [string, string | number | boolean][] {
  const pairs: [string, string | number | boolean][] = [];
  const visit = (key: string, value: unknown) => {
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") pairs.push([key, value]);
    else if (Array.isArray(value)) pairs.push([key, JSON.stringify(value)]);
    else if (value !== null && typeof value === "object") {
      for (const [name, below] of Object.entries(value)) visit(key === "" ? name : `${key}.${name}`, below);
    }
  };
  for (const section of ["seed", "data", "model", "loss", "optimizer", "scheduler", "training"]) {
    visit(section, config[section]);
  }
  return pairs;
}

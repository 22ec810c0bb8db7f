/**
 * wandb/offline-run-*: a run as W&B keeps it where it is offline, so that `wandb sync` takes it. There is one for the run, with one
 * identity, however often the run is resumed: its file is cut back and appended to.
 */
import { createHash } from "node:crypto";
import { dirname, join } from "@std/path";
import { exists, makeFolder, namesIn, removeIfThere, syncFolder, writeAtomically } from "../formats/file.ts";
import { logRecord, logRecordsIn, WANDB_HEADER } from "../formats/leveldb_log.ts";
import { isRecord } from "../formats/json.ts";
import { Message } from "../formats/protobuf.ts";
import type { Environment } from "../runs/types.ts";
import { type Held, NOTHING_HELD, type Position } from "./course.ts";
import { givingWay, LogFile, readLog } from "./log_file.ts";
import { onceFor } from "./once.ts";
import { pictureOf } from "./pictures.ts";
import { EPOCH_NUMBER, epochScalars, FINAL, finalScalars, type Scalars, STEP_VALUE, stepScalars } from "./scalars.ts";
import type { Sink, Tell } from "./sink.ts";
import { checkpointOf, type DiagnosticEvent, type EndEvent, type RunEvent, type StartEvent } from "./types.ts";
import { histogramsOf } from "./weights.ts";
import {
  configRecord,
  type Content,
  environmentRecord,
  exitRecord,
  filesRecord,
  type FoundRecord,
  header,
  historyRecord,
  readRecord,
  runRecord,
  summaryRecord,
  type Values,
  writeRecord,
} from "./wandb_messages.ts";
import { syncCommand, syncWandb } from "./wandb_sync.ts";

/** The name of the step of which the histograms in a row are. */
const WEIGHTS_STEP = "weights/step";
const FOLDER = /^offline-run-\d{8}_\d{6}-([a-z0-9]+)$/;

export interface WandbSettings {
  /** Whether the run is uploaded at its end. */
  readonly upload: boolean;
  readonly project: string | null;
  readonly entity: string | null;
}

/** Whether a record lies after a position, as {@link isPast} says of events. */
function isPastRecord({ kind, step, values }: FoundRecord, position: Position): boolean {
  if (kind === "exit") return true;
  if (kind === "summary") return [...values.keys()].some((name) => name.startsWith(FINAL));
  if (kind !== "history") return false;
  const epoch = values.get(EPOCH_NUMBER);
  return step > position.step || (epoch !== undefined && Number(epoch) > position.epoch);
}

/** A row of the history that may still get values: W&B has one row a step. */
interface Row {
  readonly step: number;
  readonly values: Map<string, string>;
}

export class WandbSink implements Sink {
  readonly name = "wandb";
  #file: LogFile | null = null;
  #bytes = 0;
  #number = 0;
  /** Records are written into it, one after the other. */
  readonly #message = new Message();
  #id = "";
  #row: Row | null = null;
  /** The newest values of all names. */
  readonly #summary = new Map<string, string>();
  /** Names whose values no record of the summary has yet: W&B keeps what such a record does not name. */
  readonly #changed = new Set<string>();
  #began = 0;
  #elapsed = 0;
  /** The step of the newest histograms. */
  #weightsAt = 0;
  /** The folder of the offline run, and the file in it. */
  #folder = "";
  #path = "";

  /** @param parent `wandb/` of the run */
  constructor(readonly parent: string, private readonly settings: WandbSettings) {}

  async open(position: Position, start: StartEvent): Promise<Held> {
    await makeFolder(this.parent);
    this.#began = Date.parse(start.run_started_at) / 1000;
    const found = (await namesIn(this.parent)).filter((name) => FOLDER.test(name)).at(-1) ?? nameOf(start);
    this.#id = FOLDER.exec(found)![1]!;
    this.#folder = join(this.parent, found);
    const path = this.#path = join(this.#folder, `run-${this.#id}.wandb`);
    await makeFolder(join(this.#folder, "files"));
    await this.#writeFiles(start);
    for (const mark of [".synced", ".syncstate"]) await removeIfThere(path + mark); // it has more to upload from now on
    const { held, length } = position.step > 0 && await exists(path)
      ? await this.#kept(path, position)
      : { held: NOTHING_HELD, length: 0 };
    this.#file = await LogFile.open(path, length);
    this.#bytes = length;
    if (length === 0) await this.#begin(start);
    else await this.#append([configRecord(settingsOf(start))]);
    await syncFolder(this.#folder);
    return held;
  }

  /**
   * How much of a file stays: the records up to a position. The row of the position's step is taken out again, since it may get
   * more values, and loses what belongs to an end that is undone.
   */
  async #kept(path: string, position: Position): Promise<{ held: Held; length: number }> {
    let held = NOTHING_HELD, length = 0;
    const giveWay = givingWay();
    for (const { data, start, end } of logRecordsIn(await readLog(path))) {
      await giveWay();
      const found = readRecord(data);
      if (isPastRecord(found, position)) break;
      if (found.kind === "history") {
        const values = new Map([...found.values].filter(([name]) => !name.startsWith(FINAL)));
        held = this.#hold(held, found.step, values);
        if (found.step === position.step || values.size < found.values.size) {
          this.#row = { step: found.step, values };
          return { held, length: start };
        }
      }
      this.#number = found.number;
      length = end;
    }
    return { held, length };
  }

  /** Takes note of a row that is in the file. */
  #hold(held: Held, step: number, values: Values): Held {
    for (const [name, json] of values) this.#summarise(name, json);
    const epoch = values.get(EPOCH_NUMBER), weights = values.get(WEIGHTS_STEP);
    if (weights !== undefined) this.#weightsAt = Number(weights);
    const withStep = values.has(STEP_VALUE) ? { ...held, step } : held;
    return epoch === undefined ? withStep : { ...withStep, epoch: Number(epoch) };
  }

  /** The records with which a file begins. */
  async #begin(start: StartEvent): Promise<void> {
    const { environment: facts } = start;
    const text = (value: unknown) => typeof value === "string" ? value : "";
    const number = (value: unknown) => typeof value === "number" ? value : 0;
    const project = this.settings.project ?? start.name;
    await this.#file!.write([WANDB_HEADER]);
    this.#bytes = WANDB_HEADER.length;
    this.#number = 0;
    const run = {
      ...{ id: this.#id, project, entity: this.settings.entity, group: start.group, displayName: start.run },
      ...{ notes: start.description, tags: start.tags, host: text(facts.host), began: this.#began },
      commit: commitOf(facts),
    };
    await this.#append([
      header(),
      runRecord(run, { _wandb: {}, ...settingsOf(start) }),
      environmentRecord({
        ...{ os: `${text(facts.os)} ${text(facts.os_release)}`, began: this.#began, root: text(facts.working_folder) },
        ...{ args: Array.isArray(facts.command_line) ? facts.command_line.map(String) : [], host: text(facts.host) },
        ...{ cores: number(facts.cores), memory: number(facts.memory_bytes), writer: `narrows-${this.#id}` },
      }),
      filesRecord(Object.keys(filesOf(start))),
    ]);
  }

  async #writeFiles(start: StartEvent): Promise<void> {
    for (const [name, content] of Object.entries(filesOf(start))) {
      const bytes = new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`);
      await writeAtomically(join(this.#folder, "files", name), (file) => file.write(bytes));
    }
  }

  async write(events: readonly RunEvent[]): Promise<void> {
    const records: Content[] = [];
    for (const event of events) {
      records.push(...this.#records(event));
      if (event.event === "diagnostic") records.push(...await this.#picture(event));
      else records.push(...await this.#weights(event));
    }
    await this.#append(records);
  }

  /** Puts a picture below `files/`, and into the row of its step; one of the end into the last row. */
  async #picture(event: DiagnosticEvent): Promise<Content[]> {
    const { name, path, step, final } = event;
    const picture = await onceFor(event, () => pictureOf(name, join(this.parent, "..", path)));
    if (picture === null) return [];
    const { png, width, height } = picture;
    const sha256 = createHash("sha256").update(png).digest("hex");
    const key = `${final ? FINAL : "diagnostics/"}${name}`;
    const file = `media/images/${key}_${step}_${sha256.slice(0, 20)}.png`;
    const target = join(this.#folder, "files", file);
    await makeFolder(dirname(target));
    await writeAtomically(target, (output) => output.write(png));
    const value = { _type: "image-file", format: "png", width, height, path: file, sha256, size: png.length };
    const row = Math.max(step, this.#row?.step ?? 0);
    return [filesRecord([file]), ...this.#add(row, this.#elapsed, [[key, JSON.stringify(value)]])];
  }

  /**
   * The histograms of a checkpoint. It is written beside the training, and a row cannot be added to once later ones are there: so
   * they go into the present row, and `weights/step` says of which step they are.
   */
  async #weights(event: RunEvent): Promise<Content[]> {
    const checkpoint = checkpointOf(event);
    if (checkpoint === null || checkpoint.step <= this.#weightsAt) return []; // one of the best epoch may be told twice
    const found = await onceFor(event, () => histogramsOf(join(this.parent, "..", checkpoint.path)));
    if (found === null) return [];
    this.#weightsAt = checkpoint.step;
    const values = found.map(({ name, edges, counts }) => {
      return [name, JSON.stringify({ _type: "histogram", values: counts, bins: edges })] as const;
    });
    const row = Math.max(checkpoint.step, this.#row?.step ?? 0);
    return this.#add(row, this.#elapsed, [[WEIGHTS_STEP, String(checkpoint.step)], ...values]);
  }

  #records(event: RunEvent): Content[] {
    switch (event.event) {
      case "steps":
        return event.step.flatMap((step, row) =>
          this.#add(step, event.elapsed_s[row]!, jsonOf(stepScalars(event, row)))
        );
      case "epoch":
        return [
          ...this.#add(event.step, event.elapsed_s, jsonOf(epochScalars(event))),
          this.#summaryRecord(),
        ];
      case "end":
        return this.#end(event);
      default:
        return [];
    }
  }

  /** Adds values to the row of a step. @returns the row before, once nothing can be added to it any more */
  #add(step: number, elapsed: number, values: readonly (readonly [string, string])[]): Content[] {
    const done = this.#row !== null && this.#row.step < step ? this.#rowDone() : [];
    this.#elapsed = elapsed;
    this.#row ??= { step, values: new Map() };
    const clock = [["_step", step], ["_runtime", elapsed], ["_timestamp", this.#began + elapsed]] as const;
    for (const [name, json] of [...values, ...jsonOf(clock)]) {
      this.#row.values.set(name, json);
      this.#summarise(name, json);
    }
    return done;
  }

  #summarise(name: string, json: string): void {
    this.#summary.set(name, json);
    this.#changed.add(name);
  }

  /** What has changed since the last record of the summary: histograms are large, and rarely new. */
  #summaryRecord(): Content {
    const changed: Values = new Map([...this.#changed].map((name) => [name, this.#summary.get(name)!]));
    this.#changed.clear();
    return summaryRecord(changed);
  }

  #rowDone(): Content[] {
    const row = this.#row;
    this.#row = null;
    return row === null ? [] : [historyRecord(row.step, row.values)];
  }

  #end({ summary }: EndEvent): Content[] {
    const best = [["best_epoch", summary.best_epoch], ["best_loss", summary.best_loss]] as const;
    const known = best.flatMap(([name, value]) => value === null ? [] : [[`${FINAL}${name}`, value] as const]);
    const final: Values = new Map([
      ...this.#summary,
      ...jsonOf([...finalScalars(summary), ...known, [`${FINAL}seconds`, summary.seconds.total]]),
    ]);
    const status = summary.status === "finished" ? 0 : 1;
    return [...this.#rowDone(), summaryRecord(final), exitRecord(status, summary.seconds.total)];
  }

  async #append(records: readonly Content[]): Promise<void> {
    const pieces = records.map((content) => {
      const bytes = logRecord(writeRecord(this.#message, ++this.#number, this.#id, content).bytes, this.#bytes);
      this.#bytes += bytes.length;
      return bytes;
    });
    if (pieces.length > 0) await this.#file!.write(pieces);
  }

  async close(): Promise<void> {
    await this.#append(this.#rowDone());
    await this.#file?.close();
    this.#file = null;
  }

  async afterwards(isFinished: boolean, { note, warn }: Tell): Promise<void> {
    if (!this.settings.upload || !isFinished) return note(`upload the run to W&B with: ${syncCommand(this.#folder)}`);
    note("uploading the run to W&B");
    const problem = await syncWandb(this.#folder, this.#path);
    if (problem !== null) warn(problem);
  }

  abandon(): void {
    this.#file?.abandon();
    this.#file = null;
  }
}

/** The commit of the user's work tree, or else of the program. */
function commitOf({ working_git, git_commit }: Environment): string | null {
  if (isRecord(working_git) && typeof working_git.commit === "string") return working_git.commit;
  return typeof git_commit === "string" ? git_commit : null;
}

const jsonOf = (scalars: Scalars) => scalars.map(([name, value]) => [name, jsonNumber(value)] as const);

/** W&B reads NaN and the infinities as JavaScript writes them. */
const jsonNumber = (value: number) => Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`;

/** The config and, under a key of its own, what the machine is. */
const settingsOf = ({ config, environment }: StartEvent) => ({ ...config, environment });

const filesOf = ({ environment, model }: StartEvent) => ({ "environment.json": environment, "model.json": model });

/** The folder of a run: when it began, in UTC, and an identity that follows from its name and beginning. */
function nameOf({ run, run_started_at }: StartEvent): string {
  const digest = createHash("sha256").update(`${run}\n${run_started_at}`).digest();
  const id = Array.from(digest.subarray(0, 8), (byte) => (byte % 36).toString(36)).join("");
  const [date, time] = new Date(run_started_at).toISOString().split(/[T.]/);
  return `offline-run-${date!.replaceAll("-", "")}_${time!.replaceAll(":", "")}-${id}`;
}

/** W&B's records (wandb/proto/wandb_internal.proto): what is written of them, and what a resume has to find in them. */
import { fieldsOf, Message, textOf } from "../formats/protobuf.ts";
import { VERSION } from "../version.ts";

/** Fields of a record that say what it is. */
const HISTORY = 2, SUMMARY = 3, CONFIG = 5, FILES = 6, RUN = 17, EXIT = 18, HEADER = 21, ENVIRONMENT = 26, INFO = 200;
const KEY = 1, NESTED_KEY = 2, VALUE_JSON = 16;
/** The oldest reader that takes this form. */
const MIN_CONSUMER = "0.70.0";

/** Values by name, as JSON. */
export type Values = ReadonlyMap<string, string>;

export interface Run {
  readonly id: string;
  readonly project: string;
  readonly entity: string | null;
  readonly group: string | null;
  readonly displayName: string;
  readonly notes: string | null;
  readonly tags: readonly string[];
  readonly host: string;
  /** Seconds since 1970. */
  readonly began: number;
  readonly commit: string | null;
}

/** The record of that number, of a run. */
export function record(number: number, run: string, field: number, content: Message): Message {
  return new Message().whole(1, number).message(field, content).message(INFO, new Message().text(1, run));
}

function timestamp(seconds: number): Message {
  return new Message().whole(1, Math.floor(seconds)).whole(2, Math.round(seconds % 1 * 1e9));
}

export function header(): [number, Message] {
  const version = new Message().text(1, `narrows-${VERSION}`).text(2, MIN_CONSUMER);
  return [HEADER, new Message().message(1, version)];
}

function configUpdate(config: Readonly<Record<string, unknown>>): Message {
  const message = new Message();
  for (const [key, value] of Object.entries(config)) {
    message.message(1, new Message().text(KEY, key).text(VALUE_JSON, JSON.stringify(value)));
  }
  return message;
}

export function runRecord(run: Run, config: Readonly<Record<string, unknown>>): [number, Message] {
  const message = new Message().text(1, run.id);
  if (run.entity !== null) message.text(2, run.entity);
  message.text(3, run.project).message(4, configUpdate(config));
  if (run.group !== null) message.text(6, run.group);
  message.text(8, run.displayName);
  if (run.notes !== null) message.text(9, run.notes);
  for (const tag of run.tags) message.text(10, tag);
  message.text(13, run.host).message(17, timestamp(run.began));
  if (run.commit !== null) message.message(21, new Message().text(2, run.commit));
  return [RUN, message];
}

export function configRecord(config: Readonly<Record<string, unknown>>): [number, Message] {
  return [CONFIG, configUpdate(config)];
}

/** The machine, and how the program was called. */
export function environmentRecord(facts: {
  readonly os: string;
  readonly began: number;
  readonly args: readonly string[];
  readonly root: string;
  readonly host: string;
  readonly cores: number;
  readonly memory: number;
  readonly writer: string;
}): [number, Message] {
  const message = new Message().text(1, facts.os).message(3, timestamp(facts.began));
  for (const arg of facts.args) message.text(5, arg);
  message.text(6, "narrows").text(11, facts.root).text(12, facts.host).whole(16, facts.cores).whole(17, facts.cores);
  return [ENVIRONMENT, message.message(21, new Message().whole(1, facts.memory)).text(199, facts.writer)];
}

/** A row of the history: its step, and its values. */
export function historyRecord(step: number, values: Values): [number, Message] {
  const message = new Message();
  for (const [name, json] of values) message.message(1, new Message().text(NESTED_KEY, name).text(VALUE_JSON, json));
  return [HISTORY, message.message(2, new Message().whole(1, step))];
}

export function summaryRecord(values: Values): [number, Message] {
  const message = new Message();
  for (const [name, json] of values) message.message(1, new Message().text(NESTED_KEY, name).text(VALUE_JSON, json));
  return [SUMMARY, message];
}

/** Files below `files/`, which W&B uploads. */
export function filesRecord(names: readonly string[]): [number, Message] {
  const message = new Message();
  for (const name of names) message.message(1, new Message().text(1, name));
  return [FILES, message];
}

export function exitRecord(status: number, seconds: number): [number, Message] {
  return [EXIT, new Message().whole(1, status).whole(2, Math.round(seconds))];
}

/** What a resume has to know of a record. */
export interface FoundRecord {
  readonly number: number;
  readonly kind: "history" | "summary" | "exit" | "other";
  /** Of a history row. */
  readonly step: number;
  readonly values: Values;
}

/** @throws {RangeError} if the bytes are not a record */
export function readRecord(bytes: Uint8Array): FoundRecord {
  let number = 0, step = 0, kind: FoundRecord["kind"] = "other";
  const values = new Map<string, string>();
  for (const field of fieldsOf(bytes)) {
    if (field.field === 1) number = field.number;
    if (field.field === EXIT) kind = "exit";
    if (field.field !== HISTORY && field.field !== SUMMARY) continue;
    kind = field.field === HISTORY ? "history" : "summary";
    for (const part of fieldsOf(field.bytes)) {
      if (part.field === 1) {
        let name = "";
        for (const piece of fieldsOf(part.bytes)) {
          if (piece.field === KEY || piece.field === NESTED_KEY) name = textOf(piece);
          if (piece.field === VALUE_JSON) values.set(name, textOf(piece));
        }
      } else if (kind === "history" && part.field === 2) {
        for (const piece of fieldsOf(part.bytes)) if (piece.field === 1) step = piece.number;
      }
    }
  }
  return { number, kind, step, values };
}

/** W&B's records (wandb/proto/wandb_internal.proto): what is written of them, and what a resume has to find in them. */
import { fieldsOf, type Message, textOf } from "../formats/protobuf.ts";
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

/** What a record holds: the number of its field, and a function that writes its fields. */
export type Content = readonly [field: number, write: (message: Message) => void];

/** Writes the record of that number, of a run. */
export function writeRecord(into: Message, number: number, run: string, [field, write]: Content): Message {
  return into.clear().whole(1, number).nested(field, write).nested(INFO, (info) => info.text(1, run));
}

/** google.protobuf.Timestamp */
const timestamp = (seconds: number) => (message: Message) => {
  message.whole(1, Math.floor(seconds)).whole(2, Math.round(seconds % 1 * 1e9));
};

export function header(): Content {
  return [HEADER, (message) => {
    message.nested(1, (version) => version.text(1, `narrows-${VERSION}`).text(2, MIN_CONSUMER));
  }];
}

const configUpdate = (config: Readonly<Record<string, unknown>>) => (message: Message) => {
  for (const [key, value] of Object.entries(config)) {
    message.nested(1, (item) => item.text(KEY, key).text(VALUE_JSON, JSON.stringify(value)));
  }
};

export function runRecord(run: Run, config: Readonly<Record<string, unknown>>): Content {
  return [RUN, (message) => {
    message.text(1, run.id);
    if (run.entity !== null) message.text(2, run.entity);
    message.text(3, run.project).nested(4, configUpdate(config));
    if (run.group !== null) message.text(6, run.group);
    message.text(8, run.displayName);
    if (run.notes !== null) message.text(9, run.notes);
    for (const tag of run.tags) message.text(10, tag);
    message.text(13, run.host).nested(17, timestamp(run.began));
    if (run.commit !== null) message.nested(21, (git) => git.text(2, run.commit!));
  }];
}

export function configRecord(config: Readonly<Record<string, unknown>>): Content {
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
}): Content {
  return [ENVIRONMENT, (message) => {
    message.text(1, facts.os).nested(3, timestamp(facts.began));
    for (const arg of facts.args) message.text(5, arg);
    message.text(6, "narrows").text(11, facts.root).text(12, facts.host).whole(16, facts.cores).whole(17, facts.cores);
    message.nested(21, (memory) => memory.whole(1, facts.memory)).text(199, facts.writer);
  }];
}

const items = (values: Values) => (message: Message) => {
  for (const [name, json] of values) message.nested(1, (item) => item.text(NESTED_KEY, name).text(VALUE_JSON, json));
};

/** A row of the history: its step, and its values. */
export function historyRecord(step: number, values: Values): Content {
  return [HISTORY, (message) => {
    items(values)(message);
    message.nested(2, (of) => of.whole(1, step));
  }];
}

/** The newest values of all names, which may change afterwards. */
export function summaryRecord(values: Values): Content {
  return [SUMMARY, items(new Map(values))];
}

/** Files below `files/`, which W&B uploads. */
export function filesRecord(names: readonly string[]): Content {
  return [FILES, (message) => {
    for (const name of names) message.nested(1, (file) => file.text(1, name));
  }];
}

export function exitRecord(status: number, seconds: number): Content {
  return [EXIT, (message) => message.whole(1, status).whole(2, Math.round(seconds))];
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

/** TensorBoard's messages (tensorboard/compat/proto): what is written of them, and what a resume has to find in them. */
import { fieldsOf, Message, textOf } from "../formats/protobuf.ts";
import type { Histogram } from "./histograms.ts";
import type { Picture } from "./pictures.ts";
import type { Scalars } from "./scalars.ts";

const DT_FLOAT = 1, DT_STRING = 7;

/** An event of scalars at a step. @param wallTime seconds since 1970 */
export function scalarEvent(wallTime: number, step: number, scalars: Scalars): Message {
  return new Message().double(1, wallTime).whole(2, step).nested(5, (summary) => {
    for (const [tag, value] of scalars) summary.nested(1, (of) => of.text(1, tag).float(2, value));
  });
}

/** An event of any values. */
export function eventOf(wallTime: number, step: number, values: readonly Message[]): Message {
  const summary = new Message();
  for (const value of values) summary.message(1, value);
  return new Message().double(1, wallTime).whole(2, step).message(5, summary);
}

/** The first event of a file. */
export function versionEvent(wallTime: number): Message {
  return new Message().double(1, wallTime).text(3, "brain.Event:2");
}

export function scalar([tag, value]: readonly [string, number]): Message {
  return new Message().text(1, tag).float(2, value);
}

/** The last bin ends above the largest value, and TensorBoard counts what is at most the limit of a bin. */
export function histogram(tag: string, { min, max, count, sum, squares, edges, counts }: Histogram): Message {
  const histo = new Message().double(1, min).double(2, max).double(3, count).double(4, sum).double(5, squares)
    .doubles(6, edges.slice(1)).doubles(7, counts);
  return new Message().text(1, tag).message(5, histo);
}

/** A picture, on the tab *Images*. */
export function image(tag: string, { width, height, png }: Picture): Message {
  const RGB = 3;
  const image = new Message().whole(1, height).whole(2, width).whole(3, RGB).data(4, png);
  return new Message().text(1, tag).message(4, image);
}

function metadata(plugin: string, content = new Message()): Message {
  return new Message().message(1, new Message().text(1, plugin).message(2, content));
}

/** Markdown, on the tab *Text*. */
export function markdown(tag: string, text: string): Message {
  const shape = new Message().message(2, new Message().whole(1, 1));
  const tensor = new Message().whole(1, DT_STRING).message(2, shape).text(8, text);
  return new Message().text(1, tag).message(9, metadata("text")).message(8, tensor);
}

type Plain = string | number | boolean;

/** google.protobuf.Value */
function value(of: Plain): Message {
  if (typeof of === "number") return new Message().double(2, of);
  return typeof of === "string" ? new Message().text(3, of) : new Message().whole(4, of ? 1 : 0);
}

/** A value that holds only metadata, and a tensor without elements. */
const bare = (tag: string, data: Message) => {
  const tensor = new Message().whole(1, DT_FLOAT).message(2, new Message().message(2, new Message()));
  return new Message().text(1, tag).message(9, metadata("hparams", data)).message(8, tensor);
};

/**
 * The settings of a run, on the tab *HParams*.
 * @param run its name: TensorBoard shows runs of one name here as repetitions of one
 * @param began seconds since 1970
 */
export function settings(run: string, began: number, pairs: readonly (readonly [string, Plain])[]): Message {
  const info = new Message();
  for (const [name, of] of pairs) info.message(1, new Message().text(1, name).message(2, value(of)));
  info.text(4, run).double(5, began);
  return bare("_hparams_/session_start_info", new Message().message(3, info));
}

/** How a run ended, for the tab *HParams*. */
export function settingsEnd(ended: number, isGood: boolean): Message {
  const info = new Message().whole(1, isGood ? 1 : 2).double(2, ended);
  return bare("_hparams_/session_end_info", new Message().message(4, info));
}

/** What a record says of its place: step, tags, and the values of scalars by tag. */
export interface Found {
  readonly step: number;
  readonly tags: readonly string[];
  readonly scalars: ReadonlyMap<string, number>;
}

/** @throws {RangeError} if the bytes are not an event */
export function readEvent(bytes: Uint8Array): Found {
  let step = 0;
  const tags: string[] = [], scalars = new Map<string, number>();
  for (const field of fieldsOf(bytes)) {
    if (field.field === 2) step = field.number;
    if (field.field !== 5) continue;
    for (const { bytes } of fieldsOf(field.bytes)) {
      let tag = "";
      for (const part of fieldsOf(bytes)) {
        if (part.field === 1) tags.push(tag = textOf(part));
        if (part.field === 2) scalars.set(tag, part.number);
      }
    }
  }
  return { step, tags, scalars };
}

/** What a row is: a picture or a recording, by its shape and rate, and the range of its values. */
import { feedRows, type RowChoice } from "../data/row_choice.ts";
import { UserError } from "../errors.ts";
import type { PictureShape } from "../formats/pictures/png_write.ts";
import { requireWav } from "../formats/wav_write.ts";
import type { Restored } from "../train/restore.ts";

export interface Recording {
  readonly channels: number;
  readonly samples: number;
  readonly rate: number;
}

export const shapeOf = ({ config, source }: Restored): readonly number[] =>
  config.data.shape ?? source.shape ?? [source.columns];

/** @throws {UserError} if the rows are no pictures of 1 or 3 channels */
export function pictureShape(restored: Restored, field: string): PictureShape {
  const shape = shapeOf(restored);
  const [channels, height, width] = shape;
  if (shape.length === 3 && (channels === 1 || channels === 3)) {
    return { channels, height: height!, width: width! };
  }
  const what = shape.length === 3
    ? `the rows have ${channels} channels, but pictures have 1 (grey) or 3 (red, green, blue)`
    : `the rows have the shape [${shape.join(", ")}], but pictures have [channels, height, width]`;
  throw new UserError(field, what, "write them to a .npy file; data.shape gives rows of a table a shape");
}

/** @throws {UserError} if the rows are no signals, or their rate is not known */
export function recordingForm(restored: Restored, field: string): Recording {
  const shape = shapeOf(restored);
  if (shape.length > 2) {
    throw new UserError(field, `the rows have the shape [${shape.join(", ")}], but signals have [channels, samples]`);
  }
  const [channels, samples] = shape.length === 2 ? [shape[0]!, shape[1]!] : [1, shape[0]!];
  const { rateHz } = restored.source;
  if (rateHz === null) {
    const hint = "write them to a .npy file; where a reader takes data.reader.rate, the rate can be said in the config";
    throw new UserError(field, "the data do not say how many samples a second the rows have", hint);
  }
  requireWav(field, channels, samples, rateHz);
  return { channels, samples, rate: rateHz };
}

/** Ranges that pictures usually have. */
const USUAL = [[0, 1], [0, 255], [0, 65535]] as const;

/**
 * The range of values from black to white: the first of 0 to 1, 0 to 255 and 0 to 65535 that holds all values of the rows, after
 * data.transforms; otherwise from the least to the largest.
 */
export async function rangeOf({ config }: Restored, choice: RowChoice): Promise<readonly [number, number]> {
  let low = Infinity, high = -Infinity;
  for await (const { batches } of feedRows(choice, config.data)) {
    for await (const { target } of batches) {
      for (const value of target) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  }
  const usual = USUAL.find(([least, most]) => low >= least && high <= most);
  return usual ?? [low, high > low ? high : low + 1];
}

/** Opens a source with its reader, and says what a file is that is of another format than it was said to be. */
import { UserError } from "../errors.ts";
import { kindOf } from "../formats/kinds.ts";
import type { SourcePlace } from "./locate.ts";
import { claimant, isOf } from "./readers/mod.ts";
import type { OpenSource, ReaderOptions } from "./readers/reader.ts";

/** What a file is by its first bytes, and the format that reads it; null where no format does. */
function formatOf(path: string): { readonly about: string; readonly format: string } | null {
  const reader = claimant(path);
  if (reader !== null) return reader;
  const kind = kindOf(path);
  return kind?.format === undefined ? null : { about: kind.name, format: kind.format };
}

/** The error of a file that its reader cannot read, where another format would take it. */
function otherFormat({ path, reader }: SourcePlace, error: unknown): unknown {
  // What is wrong with the file, and not with a setting.
  if (!(error instanceof UserError) || !error.where.includes(path) || isOf(reader, path)) return error;
  const other = formatOf(path);
  if (other === null || other.format === reader.format) return error;
  const what = `cannot be read as ${reader.format}: ${error.what}`;
  return new UserError(path, what, `it is ${other.about}: set data.format: ${other.format}, or name other files`);
}

/** @throws {UserError} in one line, as the reader's `open` */
export async function openPlace(place: SourcePlace, options: ReaderOptions): Promise<OpenSource> {
  try {
    return await place.reader.open(place.path, options);
  } catch (error) {
    throw otherFormat(place, error);
  }
}

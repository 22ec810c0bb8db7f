/** The rows of edits.jsonl as reports read them: what commands have changed in a run, and when. */
import { UserError } from "../errors.ts";
import { InputFile } from "../formats/file.ts";
import { DecodeError, number, object, record, text } from "./decode.ts";
import type { EditRow } from "./types.ts";

const BYTES_MAX = 256 << 20;

const row = object<Omit<EditRow, "before">>({ edit: number, step: number, epoch: number, at: text, command: record });

/** A last line without its end is left out. @throws {UserError} {DecodeError} naming the line */
export async function readEdits(path: string): Promise<EditRow[]> {
  using file = await InputFile.open(path);
  if (file.size > BYTES_MAX) throw new UserError(path, `has ${file.size} bytes, more than a journal may have`);
  const bytes = new Uint8Array(file.size);
  await file.readAt(0, bytes);
  return new TextDecoder().decode(bytes).split("\n").slice(0, -1).map((line, index) => {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw new DecodeError(`line ${index + 1} is no JSON object`);
    }
    const { before } = value as { before?: unknown };
    const isKnown = typeof before === "number" || typeof before === "boolean";
    return { ...row(value, `line ${index + 1}`), ...isKnown ? { before } : {} };
  });
}

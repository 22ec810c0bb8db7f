/** edits.jsonl: the commands that a run has taken, in order, each with the step before which it took effect. */
import { z } from "zod";
import { UserError } from "../errors.ts";
import { InputFile } from "../formats/file.ts";
import type { EditRow } from "./types.ts";

export const EDITS_FILE = "edits.jsonl";
const BYTES_MAX = 256 << 20;

const row: z.ZodType<EditRow> = z.object({
  edit: z.int().min(1),
  step: z.int().min(0),
  epoch: z.int().min(0),
  at: z.string(),
  command: z.record(z.string(), z.unknown()),
  before: z.union([z.number(), z.boolean()]).optional(),
});

/**
 * The lines of a journal as they are, whatever their commands; a last line without its end is left out, since a session was killed
 * while it wrote it.
 * @throws {UserError} naming file and line
 */
export async function readEdits(path: string): Promise<EditRow[]> {
  using file = await InputFile.open(path);
  if (file.size > BYTES_MAX) throw new UserError(path, `has ${file.size} bytes, more than a journal may have`);
  const bytes = new Uint8Array(file.size);
  await file.readAt(0, bytes);
  return new TextDecoder().decode(bytes).split("\n").slice(0, -1).map((line, index) => {
    const where = `${path}:${index + 1}`;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw new UserError(where, `is no JSON object: ${line.slice(0, 80)}`);
    }
    const parsed = row.safeParse(value);
    if (parsed.success) return parsed.data;
    const { path: field, message } = parsed.error.issues[0]!;
    throw new UserError(where, `${field.join(".") || "the line"}: ${message}`);
  });
}

/** Whether a command changes what is computed. The others change when. */
export const isChange = ({ do: what }: { readonly do?: unknown }): boolean =>
  what === "set" || what === "freeze" || what === "write";

/** `edits.jsonl`: the commands that a run has taken, in order, each with the step before which it took effect. */
import { z } from "zod";
import { UserError } from "../errors.ts";
import { exists, InputFile } from "../formats/file.ts";
import { ioError } from "../formats/io_error.ts";
import { writeFileAtomic } from "../runs/atomic.ts";
import { type Command, parseCommand } from "./command.ts";

export const JOURNAL = "edits.jsonl";
/** What a resume takes out of the journal, until it is in `attempts/`. */
export const JOURNAL_LEFT = "edits_left.jsonl";

/** A command that has taken effect. */
export interface Edit {
  /** From 1, one after the other. */
  readonly edit: number;
  /** Number of steps that were made before it. */
  readonly step: number;
  readonly epoch: number;
  readonly at: string;
  readonly command: Command;
  /** What `set`, `freeze` and `write` replaced. */
  readonly before?: number | boolean;
}

const entry = z.object({
  edit: z.int().min(1),
  step: z.int().min(0),
  epoch: z.int().min(0),
  at: z.string(),
  command: z.unknown(),
  before: z.union([z.number(), z.boolean()]).optional(),
});

const BYTES_MAX = 256 << 20;

/**
 * Reads a journal; a last line without its end is left out, since a session was killed while it wrote it.
 * @throws {UserError} naming file and line
 */
export async function readJournal(path: string): Promise<Edit[]> {
  using file = await InputFile.open(path);
  if (file.size > BYTES_MAX) throw new UserError(path, `has ${file.size} bytes, more than a journal may have`);
  const bytes = new Uint8Array(file.size);
  await file.readAt(0, bytes);
  const edits: Edit[] = [];
  for (const [index, line] of new TextDecoder().decode(bytes).split("\n").slice(0, -1).entries()) {
    const where = `${path}:${index + 1}`;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw new UserError(where, `is no JSON object: ${line.slice(0, 80)}`);
    }
    const parsed = entry.safeParse(value);
    if (!parsed.success) {
      const { path: field, message } = parsed.error.issues[0]!;
      throw new UserError(where, `${field.join(".") || "the line"}: ${message}`);
    }
    const edit = { ...parsed.data, command: parseCommand(parsed.data.command, where) };
    const last = edits.at(-1);
    if (edit.edit !== edits.length + 1 || (last && edit.step < last.step)) {
      throw new UserError(
        where,
        "edits are numbered from 1, and their steps rise",
        "give the journal as it was written",
      );
    }
    edits.push(edit);
  }
  return edits;
}

const lineOf = (edit: Edit) => `${JSON.stringify(edit)}\n`;

export const journalText = (edits: readonly Edit[]): string => edits.map(lineOf).join("");

/**
 * Cuts the journal back to the first edits. What follows is in {@linkcode JOURNAL_LEFT} before it is cut.
 * @returns the name of the file below the run folder that is to be moved away; null where nothing was cut
 */
export async function cutJournal(run: string, edits: number): Promise<string | null> {
  const path = `${run}/${JOURNAL}`, left = `${run}/${JOURNAL_LEFT}`;
  const all = await exists(path) ? await readJournal(path) : [];
  if (all.length < edits) {
    throw new UserError(path, `has ${all.length} edits, but the checkpoint was made after ${edits}`);
  }
  if (all.length > edits) {
    await writeFileAtomic(left, journalText(all.slice(edits)));
    await writeFileAtomic(path, journalText(all.slice(0, edits)));
  }
  return await exists(left) ? JOURNAL_LEFT : null;
}

/** Appends edits, each on the disk before its command's answer is given. The file is made with the first one. */
export class Journal implements Disposable {
  #file: Deno.FsFile | null = null;

  constructor(readonly path: string) {}

  async append(edit: Edit): Promise<void> {
    try {
      this.#file ??= await Deno.open(this.path, { create: true, append: true });
      const bytes = new TextEncoder().encode(lineOf(edit));
      for (let done = 0; done < bytes.length;) done += await this.#file.write(bytes.subarray(done));
      await this.#file.sync();
    } catch (cause) {
      throw ioError(this.path, "write", cause);
    }
  }

  [Symbol.dispose](): void {
    this.#file?.close();
    this.#file = null;
  }
}

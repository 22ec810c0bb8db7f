/** The journal of a run, edits.jsonl (core/runs/edits.ts): written, cut back, and read to be made again. */
import { UserError } from "../errors.ts";
import { exists } from "../formats/file.ts";
import { ioError } from "../formats/io_error.ts";
import { writeFileAtomic } from "../runs/atomic.ts";
import { EDITS_FILE, readEdits } from "../runs/edits.ts";
import type { EditRow } from "../runs/types.ts";
import { type Command, parseCommand } from "./command.ts";

/** What a resume takes out of the journal, until it is in `attempts/`. */
export const JOURNAL_LEFT = "edits_left.jsonl";

/** A command that has taken effect. */
export interface Edit extends Omit<EditRow, "command"> {
  readonly command: Command;
}

/** Reads a journal, whose commands can be taken again. @throws {UserError} naming file and line */
export async function readJournal(path: string): Promise<Edit[]> {
  let last = 0;
  return (await readEdits(path)).map((row, index) => {
    const where = `${path}:${index + 1}`;
    if (row.edit !== index + 1 || row.step < last) {
      throw new UserError(
        where,
        "edits are numbered from 1, and their steps rise",
        "give the journal as it was written",
      );
    }
    last = row.step;
    return { ...row, command: parseCommand(row.command, where) };
  });
}

const lineOf = (edit: Edit) => `${JSON.stringify(edit)}\n`;

export const journalText = (edits: readonly Edit[]): string => edits.map(lineOf).join("");

/**
 * Cuts the journal back to the first edits. What follows is in {@linkcode JOURNAL_LEFT} before it is cut.
 * @returns the name of the file below the run folder that is to be moved away; null where nothing was cut
 */
export async function cutJournal(run: string, edits: number): Promise<string | null> {
  const path = `${run}/${EDITS_FILE}`, left = `${run}/${JOURNAL_LEFT}`;
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

/** The edits of a run so far, and which of them can be taken back. */
import { exists } from "../../core/formats/file.ts";
import { EDITS_FILE } from "../../core/runs/edits.ts";
import { type Edit, readJournal } from "../../core/steer/journal.ts";
import { UndoStack } from "./undo.ts";

export class Edits {
  readonly all: Edit[] = [];
  readonly undo = new UndoStack();

  /** Those of a run folder's journal. @throws {UserError} where it is none */
  async read(run: string): Promise<void> {
    const path = `${run}/${EDITS_FILE}`;
    for (const edit of await exists(path) ? await readJournal(path) : []) this.add(edit);
  }

  add(edit: Edit): void {
    this.all.push(edit);
    this.undo.add(edit);
  }

  /** Leaves the first ones, as where a resume has taken the others out of the journal. */
  cutTo(count: number): void {
    if (count >= this.all.length) return;
    const kept = this.all.splice(0).slice(0, count);
    this.undo.clear();
    kept.forEach((edit) => this.add(edit));
  }
}

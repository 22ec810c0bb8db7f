/** What can be taken back of a run's edits. */
import type { Command } from "../../core/steer/command.ts";
import type { Edit } from "../../core/steer/journal.ts";

/** What a command changes; null where it changes nothing that could be put back. */
function placeOf(command: Command): string | null {
  switch (command.do) {
    case "set":
      return `set ${command.key}`;
    case "freeze":
      return `freeze ${command.layer}`;
    case "write":
      return `write ${command.tensor} ${command.at}`;
    default:
      return null;
  }
}

const givenBy = (command: Command): number | boolean | undefined =>
  command.do === "freeze"
    ? command.frozen
    : command.do === "write"
    ? Math.fround(command.value)
    : command.do === "set"
    ? command.value
    : undefined;

/** The command that puts back what an edit replaced. */
export function inverseOf({ command, before }: Edit): Command | null {
  if (command.do === "freeze" && typeof before === "boolean") return { ...command, frozen: before };
  if ((command.do === "set" || command.do === "write") && typeof before === "number") {
    return { ...command, value: before };
  }
  return null;
}

/**
 * The edits that are not taken back yet, as a stack. An edit that puts back what the last one replaced takes it off, whoever gave
 * it, so that the stack follows from the journal alone and a resumed run has it too.
 */
export class UndoStack {
  readonly #edits: Edit[] = [];

  get size(): number {
    return this.#edits.length;
  }

  get last(): Edit | undefined {
    return this.#edits.at(-1);
  }

  clear(): void {
    this.#edits.length = 0;
  }

  add(edit: Edit): void {
    const { command, before } = edit, place = placeOf(command), { last } = this;
    if (place === null || before === undefined) return;
    const isBack = last !== undefined && placeOf(last.command) === place && givenBy(command) === last.before;
    if (isBack) this.#edits.pop();
    else if (givenBy(command) !== before) this.#edits.push(edit);
  }
}

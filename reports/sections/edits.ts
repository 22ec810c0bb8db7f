/** What commands have changed in a run while it was trained: the table of its edits, and the steps that charts mark. */
import { isChange } from "../../core/runs/edits.ts";
import type { EditRow, RunData } from "../../core/runs/types.ts";
import { count, date, plural, setting } from "../format.ts";
import { breakable, type Content, type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";

/** Rows of the table: of more, the first and the last ones. */
const ROWS_MAX = 60;
/** Steps that a chart marks: more of them would be a surface. */
const MARKS_MAX = 60;

/** Those that change what is computed. */
export const changesOf = ({ edits }: Pick<RunData, "edits">): readonly EditRow[] =>
  edits.filter(({ command }) => isChange(command));

/** The first step after each edit; none where there are too many to tell apart. */
export function editedAt(run: Pick<RunData, "edits">): readonly number[] {
  const steps = [...new Set(changesOf(run).map(({ step }) => step + 1))];
  return steps.length <= MARKS_MAX ? steps : [];
}

/** A sentence about the marks; empty where there are none. */
export function editedText(run: Pick<RunData, "edits">): string {
  const { length } = changesOf(run);
  if (length === 0) return "";
  if (editedAt(run).length === 0) return ` ${plural(length, "edit")} by commands are in the table of edits.`;
  return ` Short lines at the lower edge mark ${plural(length, "edit")} by commands.`;
}

function what({ do: kind, key, layer, tensor, at }: EditRow["command"]): Content {
  const mono = (text: unknown) => markup`<span class="mono">${breakable(String(text))}</span>`;
  if (kind === "set") return mono(key);
  if (kind === "freeze") return markup`${mono(layer)}: its weights stay`;
  return markup`${mono(`${tensor} [${Array.isArray(at) ? at.join(", ") : ""}]`)}`;
}

const shown = (value: unknown): string =>
  typeof value === "boolean" ? (value ? "yes" : "no") : typeof value === "number" ? setting(value) : "";

const replacing = ({ command }: EditRow): unknown => command.do === "freeze" ? command.frozen : command.value;

export function editsTable(run: Pick<RunData, "edits">, numbering: Numbering): Html | null {
  const edits = changesOf(run);
  if (edits.length === 0) return null;
  const half = ROWS_MAX / 2, isLong = edits.length > ROWS_MAX;
  const kept = isLong ? [...edits.slice(0, half), ...edits.slice(-half)] : edits;
  const rows = kept.map((edit): Content[] => [
    count(edit.edit),
    count(edit.step),
    date(edit.at),
    what(edit.command),
    shown(edit.before),
    shown(replacing(edit)),
  ]);
  return numbering.table(
    {
      head: ["edit", "after step", "at", "what", "before", "after"],
      rows,
      numeric: [0, 1, 4, 5],
    },
    markup`What commands changed while the run was trained. Training from the config alone gives other weights; <code>train --replay</code> makes these edits again.${
      isLong ? ` Of ${count(edits.length)} edits the first and the last ${half} are shown.` : null
    }`,
  );
}

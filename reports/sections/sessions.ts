/** The sessions of a run: when it was started and resumed, from which run it was forked. */
import type { RunData, Session } from "../../core/runs/types.ts";
import { valueAt, valueText } from "../config_view.ts";
import { count, date } from "../format.ts";
import { breakable, commandLine, type Content, type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { changesOf as changedBy } from "./edits.ts";

/** The first of some fields that is there, in the session or in what it holds of its environment. */
function field(session: Session, ...names: readonly string[]): unknown {
  for (const name of names) {
    const value = session[name];
    if (value !== undefined && value !== null && value !== "") return value;
  }
  return undefined;
}

function numberOf(session: Session, ...names: readonly string[]): number | null {
  const value = field(session, ...names);
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function textOf(session: Session, ...names: readonly string[]): string {
  const value = field(session, ...names);
  if (Array.isArray(value)) return value.map(String).join(" ");
  return value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

export interface Resumed {
  /** The first step after it. */
  readonly step: number;
  /** Seconds since the start; null where no step of it is logged. */
  readonly elapsed: number | null;
}

/** Where the sessions after the first begin in the run's logs. */
export function resumedAt(run: RunData): Resumed[] {
  return run.sessions.slice(1).flatMap((session) => {
    const step = numberOf(session, "first_step");
    if (step === null) return [];
    const row = run.steps.find((s) => s.step >= step);
    return [{ step, elapsed: row ? row.elapsed_s - (row.step_ms + row.wait_ms) / 1000 : null }];
  });
}

/** The run or checkpoint that this run was forked from; "" for none. */
export function parentOf(run: RunData): string {
  const session = run.sessions.find((s) => field(s, "parent", "forked_from") !== undefined);
  const parent = session === undefined ? undefined : field(session, "parent", "forked_from");
  if (typeof parent === "object" && parent !== null && !Array.isArray(parent)) {
    const record = parent as Record<string, unknown>;
    const at = [record.run, record.checkpoint].filter((part) => typeof part === "string").join("/");
    const step = typeof record.step === "number" ? `, step ${count(record.step)}` : "";
    return at === "" ? JSON.stringify(parent) : `${at}${step}`;
  }
  return parent === undefined ? "" : String(parent);
}

/** A fork's first step, and the folder's name of the run that made those before; null of other runs. */
export function forkOf(run: RunData): { readonly first: number; readonly parent: string } | null {
  const session = run.sessions[0];
  const parent = session && field(session, "parent", "forked_from");
  if (session === undefined || parent === undefined) return null;
  const first = numberOf(session, "first_step");
  const folder = typeof parent === "object" ? (parent as Record<string, unknown>).run : parent;
  if (first === null || first < 2 || typeof folder !== "string") return null;
  return { first, parent: folder.split("/").at(-1)! };
}

/** Settings that do not decide which steps are made. */
const HARMLESS =
  /^(name|title|description|training\.max_steps|(logging|paths|runtime|checkpoint|diagnostics|evaluation)\..*)$/;

/** Why training from the run's config alone gives other weights, as the end of a sentence; null where it does not. */
export function departure(run: RunData): string | null {
  if (parentOf(run) !== "") return "the run was forked from another one, as the table of sessions says";
  if (changedBy(run).length > 0) return "commands changed it while it was trained, as the table of edits says";
  const changed = run.sessions.flatMap((session) => Array.isArray(session.changes) ? session.changes : [])
    .map((change) => String((change as Record<string, unknown> | null)?.key));
  const scheduled = valueAt(run.config, "scheduler.name") !== "constant";
  const matters = changed.some((key) => !HARMLESS.test(key) && (key !== "training.epochs" || scheduled));
  return matters ? "settings were changed while it was trained, as the table of sessions says" : null;
}

/** The settings whose values changed when a session began: "optimizer.learning_rate 0.001 → 0.0005". */
function changesOf(session: Session): Content {
  const changes = session.changes;
  if (!Array.isArray(changes)) return "";
  return changes.map((change, i) => {
    const { key, from, to } = (change ?? {}) as Record<string, unknown>;
    const path = String(key);
    return markup`${i > 0 ? "; " : ""}<span class="mono">${breakable(path)}</span> ${valueText(from, path)} → ${
      valueText(to, path)
    }`;
  });
}

const MAY_DIFFER = new Set(["host", "version", "instruction set"]);

export function sessionsTable(run: RunData, numbering: Numbering): Html | null {
  if (run.sessions.length === 0) return null;
  const columns: readonly (readonly [string, (s: Session) => Content, boolean])[] = [
    ["started", (s) => date(textOf(s, "started_at", "start")), false],
    ["first step", (s) => count(numberOf(s, "first_step")), true],
    ["last step", (s) => count(numberOf(s, "last_step")), true],
    ["ended", (s) => textOf(s, "ended"), false],
    ["host", (s) => textOf(s, "host"), false],
    ["version", (s) => textOf(s, "narrows", "version"), false],
    ["instruction set", (s) => textOf(s, "isa"), false],
    ["changed settings", changesOf, false],
    [
      "command",
      (s) =>
        markup`${
          textOf(s, "command_line", "command") &&
          markup`<code>${commandLine(textOf(s, "command_line", "command"))}</code>`
        }`,
      false,
    ],
  ];
  const known = columns.filter(([name, show]) => {
    const cells = new Set(run.sessions.map((session) => markup`${show(session)}`.text));
    // What was the same in all sessions is in the table of the environment.
    return MAY_DIFFER.has(name) ? cells.size > 1 : cells.size > 1 || !cells.has("");
  });
  const rows = run.sessions.map((session, i) => [count(i + 1), ...known.map(([, show]) => show(session))]);
  const parent = parentOf(run);
  return numbering.table(
    {
      head: ["session", ...known.map(([name]) => name)],
      rows,
      numeric: known.flatMap(([, , figures], i) => figures ? [i + 1] : []),
    },
    markup`The sessions in which the run was made. Each start and each resume begins one.${
      parent ? markup` The run was forked from <span class="mono">${breakable(parent)}</span>.` : null
    }`,
  );
}

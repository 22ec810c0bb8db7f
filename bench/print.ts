/** Results on the terminal, and the words that docs/performance.md shares with it. */
import type { Goal, Outcome, Row, Timing, Unit } from "./types.ts";

/** Four significant digits at most, thousands with commas. */
export function shown(value: number | null): string {
  if (value === null) return "";
  if (!Number.isFinite(value)) return "not finite";
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  const decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toFixed(decimals);
}

/** The median and, if there are several runs, the smallest and the largest value. */
export function spread(timing: Timing | null, unit?: Unit): string {
  if (timing === null) return "";
  const text = (value: number) => unit === "R2" ? value.toFixed(4) : shown(value);
  const median = text(timing.median);
  return timing.runs > 1 ? `${median} (${text(timing.min)} to ${text(timing.max)})` : median;
}

const MORE_IS_BETTER: ReadonlySet<Unit> = new Set(["rows/s", "x"]);

/** The share of the floor, which the limits of the machine allow, as a percentage. */
export function ofFloor(row: Row): string {
  if (row.floor === null || row.narrows === null) return "";
  const share = MORE_IS_BETTER.has(row.unit) ? row.narrows.median / row.floor : row.floor / row.narrows.median;
  return `${(100 * share).toFixed(0)} %`;
}

export const verdict = ({ reached }: Goal) => reached === null ? "not measured" : reached ? "reached" : "not reached";

export function rowHeadings({ sides = ["narrows", "PyTorch"] }: Pick<Outcome, "sides">): string[] {
  return ["work", "unit", ...sides, "ratio", "floor", "share of the floor", "remark"];
}

export function rowCells(row: Row): string[] {
  return [
    row.what,
    row.unit,
    spread(row.narrows, row.unit),
    spread(row.peer, row.unit),
    row.ratio === null ? "" : `${shown(row.ratio)} x`,
    shown(row.floor),
    ofFloor(row),
    row.note ?? "",
  ];
}

export const GOAL_HEADINGS = ["work", "goal", "measured", "result"] as const;
export const goalCells = (goal: Goal) => [goal.work, goal.wanted, goal.got ?? "", verdict(goal)];

/** Lines of a table, columns padded to their widest cell; columns without content are left out. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const used = headings.map((_, i) => i).filter((i) => rows.some((row) => row[i] !== ""));
  const widths = used.map((i) => Math.max(headings[i]!.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) => used.map((i, k) => cells[i]!.padEnd(widths[k]!)).join("  ").trimEnd();
  return [line(headings), ...rows.map(line)];
}

export function printOutcome(outcome: Outcome): void {
  const print = (lines: readonly string[]) => lines.forEach((line) => console.log(`  ${line}`));
  if (outcome.rows.length > 0) print(table(rowHeadings(outcome), outcome.rows.map(rowCells)));
  print(outcome.notes);
}

export function printGoals(goals: readonly Goal[]): void {
  console.log("\nGoals");
  for (const line of table(GOAL_HEADINGS, goals.map(goalCells))) console.log(`  ${line}`);
}

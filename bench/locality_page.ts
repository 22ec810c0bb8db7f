/** The tables in docs/locality.md, which are made from results of workloads; the rest of the page is text. */
import { GOAL_HEADINGS, goalCells, rowCells, rowHeadings } from "./print.ts";
import type { Result } from "./run.ts";

/** The workloads whose tables it has. */
export const SERIES: readonly string[] = ["locality", "layers"];
export const beginOf = (name: string) => `<!-- made by deno task bench --only ${name} -->`;
export const END = "<!-- end of what is made -->";

type Table = (headings: readonly string[], rows: readonly (readonly string[])[]) => string;

/** The page with the table of these results in the place of the one before. @throws {Error} where it has no place for it */
export function withSeries(page: string, result: Result, table: Table): string {
  const first = beginOf(result.name), begin = page.indexOf(first), end = page.indexOf(END, begin);
  if (begin < 0 || end < begin) throw new Error(`docs/locality.md: has no lines ${first} and ${END}`);
  const { cpu, cores, compiler, measured_at } = result.machine;
  const made = [
    first,
    ...result.mode === "quick" ? ["These figures are from a quick run and are only a rough estimate."] : [],
    table(rowHeadings(result), result.rows.map(rowCells)),
    table(GOAL_HEADINGS, result.goals.map(goalCells)),
    result.notes.map((note) => `- ${note}`).join("\n"),
    `Measured on ${cpu}, ${cores} cores, ${compiler}, ${measured_at.slice(0, 10)}.`,
  ];
  return `${page.slice(0, begin)}${made.join("\n\n")}\n\n${page.slice(end)}`;
}

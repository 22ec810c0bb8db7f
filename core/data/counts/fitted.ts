/** Steps for counts with what they concluded, as functions, and the columns of other data that they take. */
import { UserError } from "../../errors.ts";
import { countText } from "../../figures.ts";
import { matchColumns } from "../column_match.ts";
import { type Fitted, newFitted } from "../fitted.ts";
import type { Chosen } from "../steps/written.ts";
import { type Applied, applied, chain } from "./chain.ts";
import { COUNT_STEPS } from "./mod.ts";
import type { CountStep, Rows } from "./step.ts";

/** The steps as functions, in order. */
export function actionsOf({ columns, steps }: Fitted): Applied[] {
  const actions: Applied[] = [];
  for (const { kind, settings, fitted } of steps) {
    const step = COUNT_STEPS.find((each) => each.kind === kind)!;
    actions.push(applied(step, settings, fitted, actions.at(-1)?.columns ?? columns));
  }
  return actions;
}

/** The columns of the data before the steps that are left after them, rising. */
export function columnsLeft(actions: readonly Applied[], columns: number): number[] {
  let left = Array.from({ length: columns }, (_, column) => column);
  for (const { action } of actions) {
    if (action.does === "choose columns") left = action.columns.map((column) => left[column]!);
  }
  return left;
}

/**
 * Concludes what steps need to know.
 * @param rows all rows that count, from the beginning
 * @throws {UserError} of a step that cannot take the rows
 */
export async function fitSteps(
  chosen: readonly Chosen<CountStep>[],
  { columns, columnNames, rows }: {
    readonly columns: number;
    readonly columnNames: readonly string[] | null;
    rows(): AsyncIterable<Rows>;
  },
  note: (text: string) => void,
): Promise<Fitted> {
  const actions: Applied[] = [];
  const steps: Fitted["steps"][number][] = [];
  let isChanged = false;
  for (const { step, settings } of chosen) {
    const before = actions.slice();
    const left = actions.at(-1)?.columns ?? columns;
    const blocks = async function* () {
      for await (const block of rows()) yield chain(before, block).block as Rows;
    };
    const fitted = await step.fit(settings, { columns: left, isChanged, blocks, note });
    steps.push({ kind: step.kind, settings, fitted });
    actions.push(applied(step, settings, fitted, left));
    isChanged ||= actions.at(-1)!.action.does === "change values";
  }
  let count = 0;
  for await (const block of rows()) count += block.rows;
  return newFitted({ rows: count, columns, column_names: columnNames, steps });
}

/**
 * The number that each column of other data has among those that the steps were concluded from, -1 where it is left out; null
 * where all of them are in their order. Columns are matched by name where both sides have names. Data may lack columns that the
 * first steps leave out, and have further ones, as long as no step before those reads them.
 * @param where the data, for messages
 * @throws {UserError} where a column that is needed is missing
 */
export function columnsFor(
  fitted: Fitted,
  names: readonly string[] | null,
  columns: number,
  where: string,
): Int32Array | null {
  const trained = fitted.column_names;
  if (names === null || trained === null) {
    if (columns === fitted.columns) return null;
    throw new UserError(
      where,
      `has ${countText(columns)} columns, but the run's data had ${countText(fitted.columns)} before its steps`,
      "give the columns of the run's data, or data whose columns have names",
    );
  }
  const actions = actionsOf(fitted);
  const leading = actions.findIndex(({ action }) => action.does !== "choose columns");
  const first = leading < 0 ? actions : actions.slice(0, leading);
  if (first.length === 0) {
    const map = matchColumns(trained, names, where);
    if (names.length < trained.length) {
      const have = new Set(names), missing = trained.find((name) => !have.has(name))!;
      throw new UserError(
        where,
        `has no column ${JSON.stringify(missing)}, which ${fitted.steps[0]!.kind} reads`,
        `give all ${countText(trained.length)} columns of the run's data, in any order`,
      );
    }
    return map && Int32Array.from(map);
  }
  if (names.length === trained.length && names.every((name, at) => name === trained[at])) return null;
  const needed = new Map(columnsLeft(first, fitted.columns).map((column) => [trained[column]!, column]));
  const seen = new Set<string>();
  const map = Int32Array.from(names, (name) => {
    const column = needed.get(name);
    if (column === undefined) return -1;
    if (seen.has(name)) {
      throw new UserError(where, `has two columns ${JSON.stringify(name)}`, "give every column a name of its own");
    }
    seen.add(name);
    return column;
  });
  const missing = [...needed.keys()].find((name) => !seen.has(name));
  if (missing === undefined) return map;
  throw new UserError(
    where,
    `has no column ${JSON.stringify(missing)}, and has ${countText(seen.size)} of the ${
      countText(needed.size)
    } columns that the run keeps`,
    "give data with these columns; column_names.txt in the run's folder lists them",
  );
}

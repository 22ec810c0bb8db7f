/**
 * Steps for counts with what they concluded from the rows of a data set: the columns that stay, sums, means. They are kept with
 * the prepared data and with the run, so that other files go through the same steps with the same numbers.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { countText } from "../../figures.ts";
import { matchColumns } from "../column_match.ts";
import { COUNT_STEPS } from "./mod.ts";
import { type Applied, applied, chain } from "./chain.ts";
import type { Rows } from "./step.ts";
import type { Chosen } from "../steps/written.ts";
import type { CountStep } from "./step.ts";

export const STEPS_FILE = "steps.json";
const KIND = "narrows steps";

/** As JSON. */
export interface Fitted {
  readonly kind: typeof KIND;
  readonly version: 1;
  /** How many rows they were concluded from. */
  readonly rows: number;
  /** Of the data before the steps. */
  readonly columns: number;
  readonly column_names: readonly string[] | null;
  readonly steps: readonly { readonly kind: string; readonly settings: unknown; readonly fitted: unknown }[];
}

const schema = z.strictObject({
  kind: z.literal(KIND),
  version: z.literal(1),
  rows: z.int().min(0),
  columns: z.int().min(1),
  column_names: z.array(z.string()).nullable(),
  steps: z.array(z.strictObject({ kind: z.string(), settings: z.json(), fitted: z.json() })),
});

/** @param where the file, for messages @throws {UserError} where it is damaged */
export function parseFitted(text: string, where: string): Fitted {
  const damaged = (what: string) => new UserError(where, `is damaged: ${what}`, "restore it, or train again");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw damaged("it is not whole JSON");
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw damaged(parsed.error.issues[0]!.message);
  const fitted = parsed.data as Fitted;
  const isFit = fitted.column_names === null || fitted.column_names.length === fitted.columns;
  if (!isFit) throw damaged("it has other names than columns");
  let columns = fitted.columns;
  for (const { kind, settings, fitted: one } of fitted.steps) {
    const step = COUNT_STEPS.find((each) => each.kind === kind);
    if (!step?.settings.safeParse(settings).success || !step.fitted.safeParse(one).success) {
      throw damaged(`it has no ${kind} of this version`);
    }
    const action = step.action(settings, one, columns);
    if (action.does !== "choose columns") continue;
    const isRising = action.columns.every((column, at) => column > (at === 0 ? -1 : action.columns[at - 1]!));
    if (!isRising || !(action.columns.length > 0 && action.columns.at(-1)! < columns)) {
      throw damaged(`${kind} keeps columns that are not there`);
    }
    columns = action.columns.length;
  }
  return fitted;
}

export const fittedText = (fitted: Fitted): string => JSON.stringify(fitted) + "\n";

/** SHA-256 of what decides how rows are changed. */
export const fittedHash = (fitted: Fitted): string => createHash("sha256").update(fittedText(fitted)).digest("hex");

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
  return { kind: KIND, version: 1, rows: count, columns, column_names: columnNames, steps };
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

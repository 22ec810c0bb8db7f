/**
 * Steps with what they concluded from the rows of a data set: the columns that stay, sums, means. They are kept with the prepared
 * data and with the run, so that other files go through the same steps with the same numbers.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { COUNT_STEPS } from "./counts/mod.ts";
import { STEPS } from "./steps/mod.ts";

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
  /** All steps, in order; `fitted` is null of a step that concludes nothing. */
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

export const newFitted = (of: Omit<Fitted, "kind" | "version">): Fitted => ({ kind: KIND, version: 1, ...of });

/** Whether the steps are those for counts. */
export const isOfCounts = ({ steps }: Fitted): boolean =>
  steps.some(({ kind }) => COUNT_STEPS.some((step) => step.kind === kind));

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
  const fault = isOfCounts(fitted) ? faultOfCounts(fitted) : faultOfSignals(fitted);
  if (fault !== null) throw damaged(fault);
  return fitted;
}

function faultOfCounts(fitted: Fitted): string | null {
  let columns = fitted.columns;
  for (const { kind, settings, fitted: one } of fitted.steps) {
    const step = COUNT_STEPS.find((each) => each.kind === kind);
    if (!step?.settings.safeParse(settings).success || !step.fitted.safeParse(one).success) {
      return `it has no ${kind} of this version`;
    }
    const action = step.action(settings, one, columns);
    if (action.does !== "choose columns") continue;
    const isRising = action.columns.every((column, at) => column > (at === 0 ? -1 : action.columns[at - 1]!));
    if (!isRising || !(action.columns.length > 0 && action.columns.at(-1)! < columns)) {
      return `${kind} keeps columns that are not there`;
    }
    columns = action.columns.length;
  }
  return null;
}

function faultOfSignals({ steps }: Fitted): string | null {
  for (const { kind, settings, fitted } of steps) {
    const step = STEPS.find((each) => each.kind === kind);
    const read = step?.settings.safeParse(settings);
    if (step === undefined || !read!.success) return `it has no ${kind} of this version`;
    const concludes = step.conclusion?.isNeeded(read!.data) ?? false;
    if (concludes ? !step.conclusion!.schema.safeParse(fitted).success : fitted !== null) {
      return `it has no ${kind} of this version`;
    }
  }
  return null;
}

export const fittedText = (fitted: Fitted): string => JSON.stringify(fitted) + "\n";

/** SHA-256 of what decides how rows are changed. */
export const fittedHash = (fitted: Fitted): string => createHash("sha256").update(fittedText(fitted)).digest("hex");

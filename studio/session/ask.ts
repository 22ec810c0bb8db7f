/** What may be asked, checked before anything is done: names, parameters and their bounds. */
import { z } from "zod";
import { UserError } from "../../core/errors.ts";
import { EXPORT_FORMATS } from "../../core/export/export.ts";
import { parseCommand } from "../../core/steer/command.ts";
import type { AskName, Asks } from "../protocol.ts";
import { COLUMNS_MAX, MAP_ROWS_MAX, SHEET_ROWS_MAX, WEIGHTS_MAX } from "../questions/bounds.ts";

const whole = z.int().min(0).max(2 ** 32 - 1);
const upTo = (most: number) => z.int().min(1).max(most);
const rowName = z.union([z.strictObject({ row: whole }), z.strictObject({ dropped: whole })]);
const element = { tensor: z.string().min(1).max(200), at: z.array(whole).max(8) };
const latent = z.array(z.number()).min(1).max(100_000);
const nothing = z.strictObject({});

const SCHEMAS: { readonly [N in AskName]: z.ZodType<Asks[N]["asks"]> } = {
  about: nothing,
  // What a command is, core/steer/command.ts says.
  command: z.strictObject({ command: z.unknown() }) as unknown as z.ZodType<Asks["command"]["asks"]>,
  reset: nothing,
  undo: nothing,
  journal: z.strictObject({ last: upTo(10_000) }),
  saved: z.strictObject(element),
  watch: z.strictObject({ of: rowName.nullable(), per_second: z.number().min(1).max(30) }),
  strongest: z.strictObject({ link: whole, most: upTo(WEIGHTS_MAX) }),
  unit: z.strictObject({ stage: whole, unit: whole, most: upTo(WEIGHTS_MAX) }),
  weight: z.strictObject(element),
  filters: z.strictObject({ most: upTo(WEIGHTS_MAX) }),
  row: z.strictObject({ of: rowName }),
  sheet: z.strictObject({
    part: z.enum(["train", "validation", "test"]),
    from: whole,
    count: upTo(SHEET_ROWS_MAX),
  }),
  decode: z.strictObject({ latent, most: upTo(COLUMNS_MAX) }),
  map: z.strictObject({ most: upTo(MAP_ROWS_MAX) }),
  jacobian: z.strictObject({ latent, directions: upTo(100) }),
  history: z.strictObject({ most: upTo(10_000) }),
  export: z.strictObject({ format: z.enum(EXPORT_FORMATS) }),
  dropped: nothing,
};

export const ASK_NAMES = Object.keys(SCHEMAS) as AskName[];

export type Parsed = { readonly [N in AskName]: { readonly ask: N; readonly asks: Asks[N]["asks"] } }[AskName];

/**
 * One question of what came from outside, without its `id`.
 * @throws {UserError} naming the question and the parameter that is wrong
 */
export function parseAsk(value: unknown): Parsed {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UserError("ask", `expected an object with "ask", got ${String(JSON.stringify(value)).slice(0, 80)}`);
  }
  const { id: _, ask, ...rest } = value as Record<string, unknown>;
  if (typeof ask !== "string" || !Object.hasOwn(SCHEMAS, ask)) {
    const shown = String(JSON.stringify(ask)).slice(0, 80);
    throw new UserError("ask", `${shown} is no question`, `"ask" is one of ${ASK_NAMES.join(", ")}`);
  }
  const name = ask as AskName, parsed = SCHEMAS[name].safeParse(rest);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new UserError(`ask ${name}`, `${path.length > 0 ? `${path.join(".")}: ` : ""}${message}`);
  }
  if (name === "command") {
    const { command } = parsed.data as { command: unknown };
    return { ask: "command", asks: { command: parseCommand(command, "ask command") } };
  }
  return { ask: name, asks: parsed.data } as Parsed;
}

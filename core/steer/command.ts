/**
 * Commands that a run takes between two steps: what a person, a script or a page may ask of training that is under way. Each is
 * written into the run's journal with the step before which it took effect, so that the run can be repeated to the bit.
 */
import { z } from "zod";
import { UserError } from "../errors.ts";

const finite = (what: string): z.ZodNumber => z.number({ error: `${what} must be a number` });

/** Settings of `scheduler` that are numbers. */
export const SCHEDULE_KEYS = [
  "warmup_steps",
  "step_epochs",
  "gamma",
  "min_learning_rate",
  "rise_share",
  "start_divisor",
  "end_divisor",
  "patience",
  "threshold",
] as const;
export type ScheduleKey = typeof SCHEDULE_KEYS[number];

/** How much noise a layer makes in training: its place, `encoder.1` or within a layer `encoder.1.layers.0`, and its kind. */
export type NoiseKey = `model.${"encoder" | "decoder"}.${number}.${string}`;
/** Settings of the config that a run may change while it goes on. */
export type Settable =
  | "optimizer.learning_rate"
  | "data.batch_size"
  | "data.mask_rate"
  | `scheduler.${ScheduleKey}`
  | NoiseKey;
const SETTABLE: readonly Settable[] = [
  "optimizer.learning_rate",
  "data.batch_size",
  "data.mask_rate",
  ...SCHEDULE_KEYS.map((key) => `scheduler.${key}` as const),
];
const NOISE = /^model\.((?:encoder|decoder)\.\d{1,4}(?:\.layers\.\d{1,4}){0,16})\.([a-z_]{1,40})$/;

/** The layer and the kind that a key is of; null for other keys. */
export function noiseOf(key: string): { readonly layer: string; readonly kind: string } | null {
  const [, layer, kind] = NOISE.exec(key) ?? [];
  return layer === undefined || kind === undefined ? null : { layer, kind };
}

const isSettable = (key: unknown): key is Settable =>
  typeof key === "string" && ((SETTABLE as readonly string[]).includes(key) || noiseOf(key) !== null);
const settable = z.custom<Settable>(isSettable, {
  error: `must be one of ${SETTABLE.join(", ")}, or model.PART.NUMBER.KIND of a layer that makes noise`,
});
const POSITIVE: readonly Settable[] = ["optimizer.learning_rate", "data.batch_size"];

/**
 * `pause` stands still before the next step; `continue` goes on, with `steps` for so many; `save` makes a checkpoint; `stop` saves
 * and ends the session. `set` gives a setting of the config another value: the learning rate that the schedule starts from, from
 * the next step on, as do the schedule's own settings; the share of values that are masked from the next batch on; how much noise a layer
 * makes, from the next step on; and the batch size from the next batch on that ends where batches of the new size end too, at the latest with the next window. `freeze` keeps
 * a layer's weights as they are, or trains them again.
 * `write` gives one element of a parameter a value, which is rounded to 32 bits; `at` is its index along each axis.
 */
export type Command =
  | { readonly do: "pause" | "save" | "stop" }
  | { readonly do: "continue"; readonly steps?: number }
  | { readonly do: "set"; readonly key: Settable; readonly value: number }
  | { readonly do: "freeze"; readonly layer: string; readonly frozen: boolean }
  | { readonly do: "write"; readonly tensor: string; readonly at: readonly number[]; readonly value: number };

const SCHEMAS: Readonly<Record<Command["do"], z.ZodType<Command>>> = {
  pause: z.strictObject({ do: z.literal("pause") }),
  continue: z.strictObject({ do: z.literal("continue"), steps: z.int().min(1).optional() }),
  save: z.strictObject({ do: z.literal("save") }),
  stop: z.strictObject({ do: z.literal("stop") }),
  set: z.strictObject({ do: z.literal("set"), key: settable, value: finite("value").min(0) }).refine(
    ({ key, value }) => value > 0 || !POSITIVE.includes(key),
    { path: ["value"], error: "must be above 0" },
  ),
  freeze: z.strictObject({ do: z.literal("freeze"), layer: z.string().min(1).max(200), frozen: z.boolean() }),
  write: z.strictObject({
    do: z.literal("write"),
    tensor: z.string().min(1).max(200),
    at: z.array(z.int().min(0)).max(8),
    value: finite("value"),
  }),
};

/** @throws {UserError} where a value is no command; `where` is its place, for the message */
export function parseCommand(value: unknown, where: string): Command {
  const name = typeof value === "object" && value !== null ? (value as { do?: unknown }).do : undefined;
  if (typeof name !== "string" || !Object.hasOwn(SCHEMAS, name)) {
    const shown = JSON.stringify(name === undefined ? value : name)?.slice(0, 80);
    throw new UserError(where, `${shown} is no command`, `"do" is one of ${Object.keys(SCHEMAS).join(", ")}`);
  }
  const parsed = SCHEMAS[name as Command["do"]].safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new UserError(where, `${name}${path.length > 0 ? `.${path.join(".")}` : ""}: ${message}`);
}

/** Batches of another size in the middle of a window, and settings of the schedule: what can be changed, and when. */
import { configSchema } from "../config/schema.ts";
import type { SchedulerConfig } from "../config/types.ts";
import { UserError } from "../errors.ts";
import type { ScheduleKey } from "./command.ts";

/** The greatest common divisor. */
const divisor = (a: number, b: number): number => b === 0 ? a : divisor(b, a % b);

/**
 * Batches of `size` rows that are still to be made, after `made` of them, until as many rows are done as whole batches of `next`
 * rows have: then the others can be of that size.
 */
export function untilShared(made: number, size: number, next: number): number {
  const each = next / divisor(next, size);
  return (each - made % each) % each;
}

/** The schedules that a setting is for; those that are missing are for all of them. */
const USED_BY: Readonly<Partial<Record<ScheduleKey, readonly SchedulerConfig["name"][]>>> = {
  step_epochs: ["step"],
  gamma: ["step", "plateau"],
  min_learning_rate: ["cosine", "plateau"],
  rise_share: ["one_cycle"],
  start_divisor: ["one_cycle"],
  end_divisor: ["one_cycle"],
  patience: ["plateau"],
  threshold: ["plateau"],
};

/** @throws {UserError} where the schedule does not use the setting, or the value is out of its bounds */
export function checkSchedule({ name }: SchedulerConfig, key: ScheduleKey, value: number): void {
  const names = USED_BY[key];
  if (names !== undefined && !names.includes(name)) {
    throw new UserError(`scheduler.${key}`, `is for the schedule ${names.join(" or ")}, and this run has ${name}`);
  }
  const checked = configSchema.shape.scheduler.unwrap().shape[key].safeParse(value);
  if (!checked.success) throw new UserError(`scheduler.${key}`, `${checked.error.issues[0]!.message}, got ${value}`);
}

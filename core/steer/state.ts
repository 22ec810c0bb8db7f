/** What commands have changed in a run, as far as the next step depends on it and no tensor holds it. Part of state.json. */
import { z } from "zod";
import { SCHEDULE_KEYS, type ScheduleKey } from "./command.ts";

export interface Steered {
  /** Number of edits in the journal. */
  edits: number;
  /** Number of them that were made again of another journal. */
  replayed: number;
  /** In the place of the config's values; null where they hold. */
  learning_rate: number | null;
  /** Settings of the schedule, in the place of the config's, and the share of values that are masked. Absent where they hold. */
  scheduler?: Partial<Record<ScheduleKey, number>>;
  mask_rate?: number;
  /** By layer, how much noise it makes. Absent where the config's values hold. */
  noise?: Record<string, number>;
  /** Of the present batches, and the one that waits until it can take its place. */
  batch_size: number | null;
  next_batch_size: number | null;
  /** The number of the last epoch, from 1, with batches of several sizes. */
  mixed_epoch?: number;
  /** After which step a weight was written last. */
  written?: number;
  /** Layers whose weights stay as they are. */
  frozen: string[];
}

export const untouched = (): Steered => ({
  edits: 0,
  replayed: 0,
  learning_rate: null,
  batch_size: null,
  next_batch_size: null,
  frozen: [],
});

const size = z.int().min(1).nullable();

export const steeredSchema: z.ZodType<Steered> = z.strictObject({
  edits: z.int().min(0),
  replayed: z.int().min(0),
  learning_rate: z.number().positive().nullable(),
  scheduler: z.partialRecord(z.enum(SCHEDULE_KEYS), z.number()).optional(),
  mask_rate: z.number().min(0).lt(1).optional(),
  noise: z.record(z.string(), z.number()).optional(),
  batch_size: size,
  next_batch_size: size,
  mixed_epoch: z.int().min(1).optional(),
  written: z.int().min(0).optional(),
  frozen: z.array(z.string()),
});

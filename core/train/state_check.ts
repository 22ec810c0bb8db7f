/**
 * Checks a state.json: the type and range of every field, its relation to other fields and to the plan of its epoch.
 */
import { z } from "zod";
import { showFlow } from "../config/show.ts";
import type { Config } from "../config/types.ts";
import { trainingPlan } from "../data/plan.ts";
import type { Source } from "../data/source.ts";
import { UserError } from "../errors.ts";
import { steeredSchema } from "../steer/state.ts";
import { dataOfEpoch, noTotals, type Totals, type TrainState } from "./state.ts";

const count = () => z.int().min(0);
const amount = () => z.number().min(0);

const totals: z.ZodType<Totals> = z.strictObject({
  steps: count(),
  rows: count(),
  nnz: count(),
  loss_rows: z.number(),
  grad_norm_max: amount(),
  open_wait_ms: amount(),
  wait_ms: amount(),
  forward_ms: amount(),
  compute_ms: amount(),
});

/** Null stands for the R2 of rows that do not vary. */
const share = z.number().nullable().transform((r2) => r2 ?? NaN);
const baseline = z.strictObject({ rows: count(), mse: z.number(), r2: share }).nullable().optional();
const started = z.strictObject({
  kind: z.enum(["pca", "random"]),
  rates: z.record(z.string(), amount()),
  pca: z.strictObject({ components: count(), train: baseline, validation: baseline, test: baseline }).nullable(),
});

const stateSchema: z.ZodType<TrainState> = z.strictObject({
  version: z.literal(1),
  start: started.nullable(),
  data: z.string().min(1),
  step: count(),
  epoch: count(),
  window: count(),
  batch: count(),
  epoch_totals: totals,
  window_totals: totals,
  plateau: z.strictObject({ factor: z.number().min(0).max(1), best: z.number().nullable(), badEpochs: count() }),
  best: z.strictObject({ epoch: count(), step: count(), loss: z.number() }).nullable(),
  stopping: z.strictObject({ best: z.number().nullable(), bad_epochs: count() }),
  elapsed_s: amount(),
  seconds: z.strictObject({
    train: amount(),
    wait: amount(),
    validation: amount(),
    checkpoint: amount(),
    checkpoint_beside: amount(),
    diagnostics: amount(),
    evaluation: amount(),
  }),
  since_row: z.strictObject({ checkpoint_ms: amount(), diagnostics_ms: amount() }),
  started_at: z.string().refine((text) => Number.isFinite(Date.parse(text)), "must be a date"),
  resumed: count(),
  first_loss: z.number().optional(),
  diverged: z.strictObject({ epoch: count(), loss: z.number(), first_loss: z.number() }).optional(),
  steering: steeredSchema.optional(),
});

const OTHER_VERSION = "resume with the version that wrote it, or from another checkpoint";

/**
 * Checks the form of a state.json. The manifest has confirmed the bytes; this finds what another program or a person wrote.
 * @param where the file, for messages
 * @param step the manifest's
 */
export function parseState(value: unknown, where: string, step: number): TrainState {
  const parsed = stateSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const found = issue.path.reduce<unknown>((below, key) => (below as Record<PropertyKey, unknown>)?.[key], value);
    const what = `${issue.path.join(".") || "its content"} is ${shown(found)}: ${issue.message}`;
    throw new UserError(where, `is not a state that this version has written: ${what}`, OTHER_VERSION);
  }
  const state = parsed.data;
  requireAll(where, [
    ["start", state.start, state.start !== null || step === 0, "with what the network began, since steps were made"],
    ["step", state.step, state.step === step, `the manifest's step, ${step}`],
    ["epoch_totals.steps", state.epoch_totals.steps, state.epoch_totals.steps <= step, `at most step, ${step}`],
    ["epoch", state.epoch, state.epoch <= step, `at most step, ${step}, since an epoch has at least one step`],
    ["best.epoch", state.best?.epoch, (state.best?.epoch ?? 0) <= state.epoch, `at most epoch, ${state.epoch}`],
    ["best.step", state.best?.step, (state.best?.step ?? 0) <= step, `at most step, ${step}`],
    ["stopping.bad_epochs", state.stopping.bad_epochs, state.stopping.bad_epochs <= state.epoch, "at most epoch"],
    ["plateau.badEpochs", state.plateau.badEpochs, state.plateau.badEpochs <= state.epoch, "at most epoch"],
  ]);
  return state;
}

/**
 * Checks a state against the data and the plan of the epoch under way. A change of the data matters in the middle of an epoch
 * only.
 * @param data the fingerprint of the data as it is now
 */
export function checkState(state: TrainState, where: string, data: string, source: Source, given: Config): void {
  const { window, batch, epoch_totals, window_totals } = state;
  const config = { ...given, data: dataOfEpoch(given.data, state) };
  const isMidEpoch = window !== 0 || batch !== 0;
  if (state.data !== data) {
    if (isMidEpoch) {
      throw new UserError(
        where,
        "the data or the batches have changed since this checkpoint, which is in the middle of an epoch",
        "resume with the same data, split and batch settings, or from a checkpoint at the end of an epoch",
      );
    }
    state.data = data;
  }
  const plan = trainingPlan(source, config.data, state.epoch + 1);
  const batches = plan[window]?.batches ?? 0;
  const before = plan.slice(0, window).reduce((sum, each) => sum + each.batches, 0);
  // Of batches of several sizes the rows are counted instead: whole windows, and whole batches of the present size.
  const isMixed = state.steering?.mixed_epoch === state.epoch + 1;
  const done = Math.min(batch * config.data.batch_size, plan[window]?.rows ?? 0);
  const rowsBefore = plan.slice(0, window).reduce((sum, each) => sum + each.rows, 0);
  const isCount = ({ steps, rows }: Totals, wanted: number, wantedRows: number) =>
    isMixed ? rows === wantedRows && steps <= rows : steps === wanted && isRows({ rows, steps }, config);
  const ofEpoch = `those of epoch ${state.epoch + 1}`;
  requireAll(where, [
    ["window", window, window <= plan.length, `at most ${plan.length}, ${ofEpoch}`],
    ["batch", batch, batch <= batches, `at most ${batches}, the batches of window ${window}`],
    ["window_totals.steps", window_totals.steps, isMixed || window_totals.steps === batch, `batch, ${batch}`],
    [
      "epoch_totals.steps",
      epoch_totals.steps,
      isMixed || epoch_totals.steps === before + batch,
      `${before + batch}, ${ofEpoch}`,
    ],
    ["window_totals.rows", window_totals.rows, isCount(window_totals, batch, done), "rows of so many batches"],
    [
      "epoch_totals.rows",
      epoch_totals.rows,
      isCount(epoch_totals, before + batch, rowsBefore + done),
      "rows of so many batches",
    ],
  ]);
}

/** The state at the start of the present epoch, if the epoch must be trained from its first batch. */
export function beginEpochAnew(state: TrainState): void {
  state.window = state.batch = 0;
  state.epoch_totals = noTotals();
  state.window_totals = noTotals();
}

const isRows = ({ rows, steps }: Pick<Totals, "rows" | "steps">, { data }: Config) =>
  rows >= steps && rows <= steps * data.batch_size;

type Rule = readonly [field: string, value: unknown, holds: boolean, expected: string];

function requireAll(where: string, rules: readonly Rule[]): void {
  const broken = rules.find(([, , holds]) => !holds);
  if (!broken) return;
  const [field, value, , expected] = broken;
  throw new UserError(where, `${field} is ${shown(value)}, expected ${expected}`, OTHER_VERSION);
}

function shown(value: unknown): string {
  if (value === undefined) return "missing";
  const text = typeof value === "string" ? JSON.stringify(value) : showFlow(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

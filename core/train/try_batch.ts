/** A step with the first batch of a part, as a dry run makes it: of long rows with a few of them, so that it ends soon. */
import type { Model } from "../../ffi/model.ts";
import type { Config } from "../config/types.ts";
import { feed } from "../data/feed.ts";
import { readingPlan } from "../data/plan.ts";
import type { Part, Source } from "../data/source.ts";
import { pluralText } from "../figures.ts";

export interface TriedBatch {
  readonly part: Part;
  readonly rows: number;
  /** Rows of the whole batch, where only its first ones were tried. */
  readonly of?: number;
  readonly loss: number;
  readonly ms: number;
}

/** Rows that are tried before a whole batch; layers that normalise over a batch need two. */
const TRIED_ROWS = 2;
/** A batch that would take longer is not tried as a whole. */
const BATCH_MS = 10_000;
/** After so long one learns what is going on, and then again. */
const QUIET_MS = 3_000, AGAIN_MS = 20_000;

type Tried = Pick<Config, "data">;

/** Forward, backward and update of the first batch of a part. */
async function oneBatch(
  { data }: Tried,
  model: Model,
  source: Source,
  part: Part,
): Promise<TriedBatch | null> {
  const plan = readingPlan(source, part, data).slice(0, 1);
  const options = { data: { ...data, preload_batches: 1, workers: 1 }, epoch: 1, part };
  for await (const { batches } of feed(plan, { ...options, training: false })) {
    const begun = performance.now();
    const result = await model.train(batches, Float64Array.of(0), 0, 0);
    return { part, rows: result.rows, loss: result.losses[0]!, ms: performance.now() - begun };
  }
  return null;
}

/** {@link oneBatch} of a few rows, and of a whole batch unless that would take long. */
export async function tryBatch(
  config: Tried,
  model: Model,
  source: Source,
  part: Part,
  { note, batchMs = BATCH_MS }: { readonly note?: (text: string) => void; readonly batchMs?: number } = {},
): Promise<TriedBatch | null> {
  const { data } = config;
  const file = source.files.find(({ parts }) => parts[part].length > 0);
  const whole = Math.min(data.batch_size, file?.parts[part].length ?? 0);
  let rows = Math.min(TRIED_ROWS, whole);
  const begun = performance.now();
  const tell = () => {
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    note?.(`a step with ${pluralText(rows, "row")} of the ${part} part takes more than ${seconds} s`);
    timer = setTimeout(tell, AGAIN_MS);
  };
  let timer = setTimeout(tell, QUIET_MS);
  try {
    const tryFew = () => oneBatch({ data: { ...data, batch_size: rows } }, model, source, part);
    const isLong = ({ ms, rows }: TriedBatch) => ms / rows * whole > batchMs;
    let few = await tryFew();
    // The first step may have waited for memory that it was the first to use.
    if (few !== null && isLong(few) && few.ms <= 3 * batchMs) few = await tryFew();
    if (few === null || isLong(few)) return few && { ...few, of: whole };
    rows = whole;
    return await oneBatch(config, model, source, part);
  } finally {
    clearTimeout(timer);
  }
}

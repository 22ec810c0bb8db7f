/** Compares the data of a session with those that the run was trained on. */
import { compareData, firstOtherName, unsureFiles } from "../data/compare.ts";
import { contentKey, type DataIdentity, identify } from "../data/identity.ts";
import { leftOutNote } from "../data/plan.ts";
import { readRunData, readRunNames } from "../data/run_data.ts";
import { orderNote, PARTS, type Source } from "../data/source.ts";
import { untrainedNote } from "../data/categories.ts";
import { weightsText } from "../data/weights.ts";
import { isOfHidden } from "../config/properties.ts";
import type { Config } from "../config/types.ts";
import { UserError } from "../errors.ts";
import { commandText } from "../runs/command.ts";

/** The numbers that must be the same if an epoch is resumed in its middle. */
export function fingerprint(config: Config, source: Source, data: DataIdentity): string {
  const { batch_size, last_batch, shuffle, shuffle_window, split, transforms, mask_rate } = config.data;
  const { input_transforms } = config.data;
  const parts = source.files.map((file) => PARTS.find((part) => file.parts[part].length > 0));
  const settings = { batch_size, last_batch, shuffle, shuffle_window, split: split.by === "rows" ? split : parts };
  const content = contentKey(data);
  const inputs = input_transforms.length > 0 ? { input_transforms } : {};
  const { row_weights, column_weights, batch } = data; // absent where there are none
  const values = { transforms, ...inputs, mask_rate, row_weights, column_weights, batch };
  const order = config.data.seed === config.seed ? {} : { data_seed: config.data.seed };
  return JSON.stringify({ seed: config.seed, ...order, columns: source.columns, content, ...settings, ...values });
}

/** Messages about the data before a run begins. */
export function noteData(config: Config, source: Source, note: (text: string) => void): void {
  const leftOut = leftOutNote(source, config.data);
  if (leftOut) note(leftOut);
  const weighted = weightsText(source);
  if (weighted) note(`the loss is weighted by ${weighted}; MSE, R2 and all other figures count all of them alike`);
  if (isOfHidden(config.loss)) note("the training loss is of hidden values, the validation and test losses are of all");
  const untrained = untrainedNote(source);
  if (untrained) note(untrained);
  const order = config.data.labels === null ? null : orderNote(source);
  if (order) note(`${order}; data.labels must follow it`);
  for (const key of ["row_weights", "batch"] as const) {
    const other = config.data[key] === null ? null : orderNote(source);
    if (other) note(`${other}; data.${key} must follow it`);
  }
}

/** Refuses a resume with other data, which would be another experiment. @throws {UserError} */
async function requireSame(run: string, was: DataIdentity, now: DataIdentity, names: readonly string[] | null) {
  const found = compareData(was, now).filter(({ kind }) => kind !== "transforms" && kind !== "labels");
  if (found.length === 0) return;
  const trained = found.some(({ kind }) => kind === "names") && names ? await readRunNames(run, was) : null;
  const texts = found.map(({ kind, text }) => kind === "names" && trained ? firstOtherName(trained, names!) : text);
  throw new UserError(
    run,
    `the data are not those that the run was trained on: ${texts.join("; ")}`,
    `restore them, or start a new run from this one: ${commandText("train", "--fork", run)}`,
  );
}

/**
 * The identity of a session's data.
 * @param resumed whether the run in the folder goes on: its data must be the same, wherever they lie now
 * @throws {UserError}
 */
export async function sessionData(
  run: string,
  config: Config,
  source: Source,
  annotations: { names: readonly string[] | null; labels: readonly string[] | null },
  resumed: boolean,
  note: (text: string) => void,
): Promise<DataIdentity> {
  if (!resumed) return await identify(config.data, source, annotations);
  const was = await readRunData(run);
  if (was === null) {
    throw new UserError(
      run,
      "has no data.json: an earlier version made it, which assigned rows to parts in another way",
      "train it again, or resume it with the version that made it",
    );
  }
  const now = await identify(config.data, source, { ...annotations, like: was });
  await requireSame(run, was, now, annotations.names);
  const unsure = unsureFiles(was, now);
  if (unsure.length > 0) {
    note(
      `${
        unsure[0]
      } was written since the run began; its size and a sample of it are the same, which is all that is known`,
    );
  }
  return was.earlier ? { ...now, earlier: was.earlier } : now;
}

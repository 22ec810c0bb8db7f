/** A session's steering: its journal, and the edits of another run that it makes again. */
import { exists } from "../formats/file.ts";
import { writeFileAtomic } from "../runs/atomic.ts";
import { Desk } from "../steer/desk.ts";
import { EDITS_FILE } from "../runs/edits.ts";
import { type Edit, Journal, journalText, readJournal } from "../steer/journal.ts";
import { Steering } from "../steer/steering.ts";
import { isChange } from "../runs/edits.ts";
import { UserError } from "../errors.ts";
import { countText, pluralText } from "../figures.ts";
import type { Session } from "./session.ts";
import type { TrainState } from "./state.ts";

/** The journal whose edits a run makes again, kept in its folder so that a resume goes on with it. */
const REPLAY = "replay.jsonl";

/**
 * Keeps a copy of the journal that `--replay` names, in a new run.
 * @throws {UserError} where it is no journal
 */
export async function keepReplay(run: string, replay: string): Promise<void> {
  await writeFileAtomic(`${run}/${REPLAY}`, journalText(await readJournal(replay)));
}

/**
 * The edits that a run makes again; none where it repeats no other one.
 * @throws {UserError} where one of those that are left is of a step that is made already, as in a fork
 */
export async function replayOf(run: string, { step, steering }: TrainState): Promise<Edit[]> {
  const path = `${run}/${REPLAY}`;
  if (!await exists(path)) return [];
  const edits = (await readJournal(path)).filter(({ command }) => isChange(command));
  const late = edits[steering?.replayed ?? 0];
  if (late && late.step < step) {
    const what = `edit ${late.edit} is of step ${late.step}, but ${countText(step)} steps are made`;
    throw new UserError("--replay", what, "repeat it in a run that begins at step 0, or leave out earlier edits");
  }
  return edits;
}

/** Says at the end of a run that some edits were of steps that it did not make. */
export function tellLeft({ steering, options: { warn = () => {} }, state }: Session): void {
  const { left } = steering;
  if (left > 0) {
    warn(`--replay: ${pluralText(left, "edit")} of later steps than the ${countText(state.step)} of this run`);
  }
}

/** @param replay what {@linkcode replayOf} gave */
export function steer(session: Session, replay: readonly Edit[]): Steering {
  const { options: { config, desk = new Desk(), run, edited, note, paused }, model, source, state, saves } = session;
  const course = {
    ...{ model, state },
    learningRate: config.optimizer.learning_rate,
    batchSize: config.data.batch_size,
    maskRate: config.data.mask_rate,
    scheduler: config.scheduler,
    trainingRows: source.partRows.train,
    keepsRows: config.data.last_batch === "keep",
    rates: () => state.start?.rates ?? {},
    save: () => saves.save(),
    stop: () => session.stop(),
    stopping: () => session.isStopping,
    resume: () => model.clearStop(),
    edited: (edit: Edit) => {
      session.events.emit({ event: "edit", ...edit });
      note?.(`step ${edit.step}: ${JSON.stringify(edit.command)}`);
      edited?.(edit);
    },
    paused: (isPaused: boolean) => paused?.(isPaused),
  };
  return new Steering(course, desk, new Journal(run.file(EDITS_FILE)), replay);
}

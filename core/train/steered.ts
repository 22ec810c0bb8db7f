/** A session's steering: its journal, and the edits of another run that it makes again. */
import { exists } from "../formats/file.ts";
import { writeFileAtomic } from "../runs/atomic.ts";
import { Desk } from "../steer/desk.ts";
import { type Edit, JOURNAL, Journal, journalText, readJournal } from "../steer/journal.ts";
import { Steering } from "../steer/steering.ts";
import type { Session } from "./session.ts";

/** The journal whose edits a run makes again, kept in its folder so that a resume goes on with it. */
const REPLAY = "replay.jsonl";

/**
 * Keeps a copy of the journal that `--replay` names, in a new run.
 * @throws {UserError} where it is no journal
 */
export async function keepReplay(run: string, replay: string): Promise<void> {
  await writeFileAtomic(`${run}/${REPLAY}`, journalText(await readJournal(replay)));
}

export async function replayOf(run: string): Promise<Edit[]> {
  const path = `${run}/${REPLAY}`;
  return await exists(path) ? await readJournal(path) : [];
}

/** @param replay what {@linkcode replayOf} gave */
export function steer(session: Session, replay: readonly Edit[]): Steering {
  const { options: { config, desk = new Desk(), run, edited, note }, model, source, state, saves } = session;
  const course = {
    ...{ model, state },
    learningRate: config.optimizer.learning_rate,
    batchSize: config.data.batch_size,
    trainingRows: source.partRows.train,
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
  };
  return new Steering(course, desk, new Journal(run.file(JOURNAL)), replay);
}

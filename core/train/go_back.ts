/** Sets a run folder back to the checkpoint from which a session continues, before its first step. */
import { basename, join } from "@std/path";
import { checkpointsFolder, stepOfName } from "../checkpoint/layout.ts";
import { readPointer } from "../checkpoint/resolve.ts";
import { pointBest, pointLatest } from "../checkpoint/save.ts";
import { namesIn } from "../formats/file.ts";
import { cutBack } from "../runs/attempts.ts";
import type { RunFolder } from "../runs/folder.ts";
import { cutJournal } from "../steer/journal.ts";
import { readSummary } from "../runs/summary.ts";
import type { TrainState } from "./state.ts";

/**
 * First `latest` is made to name the checkpoint; from then on, not even a kill makes the run return to later checkpoints.
 * Then everything after the checkpoint is moved to `attempts/NNN/`: rows of logs, checkpoints, diagnostics and the summary.
 * @param checkpoint its folder; null where the run begins at its first step again
 * @param best whether the run keeps its best epoch: else no checkpoint is to be taken for the best
 * @returns the attempt's folder, or null if there was nothing to move
 */
export async function goBack(
  run: RunFolder,
  checkpoint: string | null,
  state: TrainState,
  best: boolean,
): Promise<string | null> {
  if (checkpoint !== null) {
    const latest = await readPointer(checkpointsFolder(run.path), "latest").catch(() => null);
    if (latest !== basename(checkpoint)) await pointLatest(run.path, basename(checkpoint));
  }
  const { step, epoch, window } = state;
  const edits = await cutJournal(run.path, state.steering?.edits ?? 0);
  const others = [
    ...edits === null ? [] : [edits],
    ...await laterCheckpoints(run, step),
    ...await laterDiagnostics(run, step, epoch),
    ...((await readSummary(run))?.steps ?? 0) > step ? ["summary.json"] : [],
  ];
  const attempt = await cutBack(run.path, { step, epoch, window }, others);
  if (checkpoint !== null) await pointBest(run.path, best ? state.best?.step ?? null : null);
  return attempt;
}

/** The checkpoints of later steps. */
export async function laterCheckpoints(run: RunFolder, step: number): Promise<string[]> {
  const names = await namesIn(join(run.path, "checkpoints"));
  return names.filter((name) => (stepOfName(name) ?? -1) > step).map((name) => `checkpoints/${name}`);
}

/** The diagnostics of later epochs, and those made at an end of the run after the checkpoint. */
async function laterDiagnostics(run: RunFolder, step: number, epoch: number): Promise<string[]> {
  const evaluated = (await readSummary(run))?.evaluated ?? null;
  const names = await namesIn(join(run.path, "diagnostics"));
  const epochs = names.map((name) => ({ name, of: Number(/^epoch-(\d+)$/.exec(name)?.[1] ?? NaN) }));
  return epochs.filter(({ of }) =>
    of > epoch || (evaluated !== null && evaluated.step > step && of === evaluated.epoch)
  )
    .map(({ name }) => `diagnostics/${name}`);
}

/** How runs end, in words. */
import { settingText } from "../figures.ts";
import type { Diverged } from "./types.ts";

/** Why runs end: by the `reason` of summary.json. A signal's name and an error's line stand for themselves. */
export const END_REASONS: Readonly<Record<string, string>> = {
  epochs: "all epochs done",
  max_steps: "step limit reached",
  early_stopping: "no more improvement",
  until_epoch: "as --until-epoch says",
  command: "stopped by a command",
};

const figure = (value: number) => settingText(Number(value.toPrecision(3)));

/** What diverged, and what to do. @param rate `optimizer.learning_rate` @param text of a loss */
export function divergedText({ epoch, loss, first_loss }: Diverged, rate: number, text = figure): string {
  return `the training loss of epoch ${epoch} was ${text(loss)}, that of the first step ${
    text(first_loss)
  }, and the network predicted worse than the column means; a lower optimizer.learning_rate than ${
    settingText(rate)
  } or training.gradient_clip helps`;
}

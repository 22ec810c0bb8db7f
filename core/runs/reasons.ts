/** Why runs end, in words: by the `reason` of summary.json. A signal's name and an error's line stand for themselves. */
export const END_REASONS: Readonly<Record<string, string>> = {
  epochs: "all epochs done",
  max_steps: "step limit reached",
  early_stopping: "no more improvement",
  until_epoch: "as --until-epoch says",
  command: "stopped by a command",
};

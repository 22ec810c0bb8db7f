/** What `auto` stands for in a config with the data at hand, and why. */
import type { Config } from "../config/types.ts";
import { stepsOf, trainingPlan } from "../data/plan.ts";
import type { Source } from "../data/source.ts";
import { bytesText, countText } from "../figures.ts";
import { WINDOW_BYTES, windowText } from "./shuffling.ts";
import { chooseSolver } from "./solver.ts";
import { chooseStart } from "./start_layers.ts";

/** One choice, as a run's environment.json has it. */
export interface Chosen {
  /** The key of the config that is `auto`. */
  readonly key: string;
  /** What it is about, as it is printed. */
  readonly name: string;
  readonly value: string;
  readonly reason: string;
}

export const chosenText = ({ name, value, reason }: Chosen) => `${name}: ${value} (${reason})`;

/**
 * @param config with numbers in the place of `auto`
 * @param asked the same before that
 */
export function chosenFor(config: Config, source: Source, asked: Config): Chosen[] {
  const list: Chosen[] = [];
  const { decoder } = config.model;
  if (decoder.at(-1)?.solver === "auto") {
    const { solver, reason } = chooseSolver(config, source);
    list.push({
      key: `model.decoder.${decoder.length - 1}.solver`,
      name: "output layer",
      value: `${solver} solver`,
      reason,
    });
  }
  if (config.model.start === "auto") {
    const { start, reason } = chooseStart(config, source);
    list.push({ key: "model.start", name: "start", value: start, reason });
  }
  if (!Number.isFinite(asked.training.epochs)) {
    const { epochs, early_stopping: { patience } } = config.training;
    const steps = stepsOf(trainingPlan(source, config.data, 1));
    const early = patience === null ? "" : `, or fewer: training ends after ${countText(patience)} without improvement`;
    const reason = `${countText(steps)} step${steps === 1 ? "" : "s"} each${early}`;
    list.push({ key: "training.epochs", name: "epochs", value: countText(epochs), reason });
  }
  const window = windowText(config, source);
  if (window !== null && !Number.isFinite(asked.data.shuffle_window)) {
    const reason = `what ${bytesText(WINDOW_BYTES)} of memory hold`;
    list.push({ key: "data.shuffle_window", name: "shuffling", value: window, reason });
  }
  return list;
}

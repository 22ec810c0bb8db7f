/** What the data determine of a config: the files of a window, the number of epochs, and the patience that goes with it. */
import type { Config } from "../config/types.ts";
import { stepsOf, trainingPlan } from "../data/plan.ts";
import type { Source } from "../data/source.ts";
import { withWindow } from "./shuffling.ts";

/** A network takes a number of steps to learn, whatever the number of rows. */
const STEPS = 4000;
/** Many rows are better seen more than once or twice; few rows are learned by heart long before this many epochs. */
const LEAST = 3, MOST = 1000;
/** The share of the epochs without improvement after which training ends, and the fewest epochs. */
const PATIENCE_SHARE = 10, LEAST_PATIENCE = 3;

/** The config with numbers in the place of `auto`. */
export const settled = (config: Config, source: Source): Config => withEpochs(withWindow(config, source), source);

function withEpochs(config: Config, source: Source): Config {
  const { training } = config;
  if (Number.isFinite(training.epochs)) return config;
  const stepsPerEpoch = Math.max(1, stepsOf(trainingPlan(source, config.data, 1)));
  const epochs = Math.min(MOST, Math.max(LEAST, Math.ceil(STEPS / stepsPerEpoch)));
  const { early_stopping } = training;
  // The training loss of an epoch is no measure of when to stop: it falls for as long as rows are learned by heart.
  const own = source.partRows.validation > 0 ? Math.max(LEAST_PATIENCE, Math.ceil(epochs / PATIENCE_SHARE)) : null;
  const patience = early_stopping.patience ?? own;
  return { ...config, training: { ...training, epochs, early_stopping: { ...early_stopping, patience } } };
}

/** By which rule training is said to diverge while its loss is still a number. */
import type { Model } from "../../ffi/model.ts";
import type { Config } from "../config/types.ts";
import type { Source } from "../data/source.ts";
import { evaluatePart, type EvaluationProgress, metricsOf } from "../evaluation/evaluate.ts";
import { divergedText } from "../runs/reasons.ts";
import type { SplitMetrics } from "../runs/types.ts";
import type { TrainState } from "./state.ts";

/** How many times the loss of the first step the training loss is when training may have diverged. */
export const FAR_ABOVE = 1000;

/**
 * Whether a training loss is far above that of the first step. That alone is no sign where a network begins with next to no
 * error, as principal components of data of a low rank do; so the network must also be worse than the column means.
 */
export const isFarAbove = (loss: number, first: number | undefined): boolean =>
  first !== undefined && loss > FAR_ABOVE * Math.abs(first);

/** Whether a network predicts worse than the means of the columns. An R2 that is no number comes of errors that overflow. */
const isWorseThanMeans = (metrics: Pick<SplitMetrics, "r2" | "columns_varying"> | null): boolean =>
  metrics !== null && metrics.columns_varying > 0 && !(metrics.r2 >= 0);

/** Whether evaluated weights have diverged, by the same rule. */
export const haveDiverged = (metrics: SplitMetrics | null, { first_loss }: TrainState): boolean =>
  metrics !== null && isFarAbove(metrics.loss, first_loss) && isWorseThanMeans(metrics);

/** Looks at the loss of each epoch until training has diverged. */
export class DivergenceWatch {
  /** The largest loss that was far above the first one and yet of a network better than the column means. */
  #cleared = 0;

  constructor(
    readonly parts: {
      readonly config: Config;
      readonly model: Model;
      readonly source: Source;
      readonly state: TrainState;
      progress(info: EvaluationProgress): void;
      warn(text: string): void;
    },
  ) {}

  /**
   * Notes in the state, and says once, that training has diverged. Rows are evaluated where the loss is suspicious only.
   * @throws {Stopped}
   */
  async look(epoch: number, loss: number): Promise<void> {
    const { config, model, source, state, progress, warn } = this.parts;
    if (state.diverged || !isFarAbove(loss, state.first_loss) || loss <= 10 * this.#cleared) return;
    const part = source.partRows.validation > 0 ? "validation" : "train";
    const sums = await evaluatePart(model, source, part, config, { byColumn: true, progress });
    if (!isWorseThanMeans(metricsOf({ ...sums, columns: sums.columns! }, model))) {
      this.#cleared = loss;
      return;
    }
    state.diverged = { epoch, loss, first_loss: state.first_loss! };
    warn(
      `warning: training diverges: ${divergedText(state.diverged, config.optimizer.learning_rate)}; the run goes on, ` +
        "since its loss is still a number and may come back",
    );
  }
}

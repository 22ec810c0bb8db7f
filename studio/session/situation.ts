/** What the studio's state is made of while a session is there. */
import { stepsOf, trainingPlan } from "../../core/data/plan.ts";
import { noiseAmounts, type NoiseLayer, noiseLayers } from "../../core/steer/noise.ts";
import type { Session } from "../../core/train/session.ts";
import { dataOfEpoch } from "../../core/train/state.ts";
import type { Situation } from "./resting.ts";

/** Of one session. */
export class Situations {
  #plan: { readonly batch: number; readonly steps: number } | null = null;

  readonly #noise: readonly NoiseLayer[];

  constructor(readonly session: Session) {
    this.#noise = noiseLayers(session.model);
  }

  /** @param isLive whether the engine trains, and may be ahead of what the session knows */
  now(isLive: boolean): Situation {
    const { model, state, steering, options: { config }, source } = this.session;
    const data = dataOfEpoch(config.data, state), next = state.steering?.next_batch_size ?? null;
    if (this.#plan?.batch !== data.batch_size) {
      const steps = stepsOf(trainingPlan(source, data, state.epoch + 1));
      this.#plan = { batch: data.batch_size, steps };
    }
    return {
      step: isLive ? Math.max(state.step, model.progress().step) : state.step,
      epoch: state.epoch,
      steps_per_epoch: this.#plan.steps,
      learning_rate: steering.learningRate,
      batch_size: data.batch_size,
      next_batch_size: next === data.batch_size ? null : next,
      frozen: [...state.steering?.frozen ?? []],
      noise: noiseAmounts(this.#noise, state.steering?.noise),
    };
  }
}

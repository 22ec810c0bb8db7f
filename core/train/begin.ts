/** The weights with which a run begins, and what a resume takes over of that. */
import type { Model } from "../../ffi/model.ts";
import { countText, pluralText } from "../figures.ts";
import { startBias } from "./column_means.ts";
import { componentsOf, explained } from "./components.ts";
import { startAtPca } from "./pca_start.ts";
import { canRefit, refit } from "./refit.ts";
import type { Session } from "./session.ts";
import { chooseStart } from "./start_layers.ts";
import { RANDOM_START, type Started, type TrainState } from "./state.ts";

/**
 * Makes the starting weights, and says what PCA explains where they are made of it.
 * @throws {Stopped}
 */
export async function begin(session: Session): Promise<Started> {
  const { options: { config, note }, source, model } = session;
  if (chooseStart(config, source).start === "random") {
    await startBias(config, source, model);
    return RANDOM_START;
  }
  const fit = await componentsOf(session);
  if (fit === null) return RANDOM_START; // fewer than two rows
  const rates = await startAtPca(config, source, model, fit);
  if (canRefit(config, source)) await refit(config, source, model);
  const pca = config.evaluation.pca ? await explained(session, fit) : null;
  note?.(`start: ${pluralText(fit.count, "principal component")} of ${countText(fit.rows)} training rows`);
  return { kind: "pca", rates, pca };
}

/** Takes over what a saved state says of the start. */
export function goOn(model: Model, { start }: TrainState): void {
  for (const [layer, rate] of Object.entries(start?.rates ?? {})) model.setRate(layer, rate);
}

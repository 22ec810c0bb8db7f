/** The number of epochs of a run, of which the rounds of successive halving take shares. */
import type { Config } from "../config/types.ts";
import { openData } from "../data/open.ts";
import type { Source } from "../data/source.ts";
import { settled } from "../train/epochs.ts";
import { horizonOf } from "../train/horizon.ts";

export class Budgets {
  readonly #sources = new Map<string, Promise<Source>>();

  /** @param note is told what has to be prepared before */
  constructor(readonly note?: (text: string) => void) {}

  /** Epochs of a run that is not ended early; the last one may be cut short by `training.max_steps`. */
  async epochsOf(config: Config): Promise<number> {
    const { training: { epochs, max_steps }, data, paths } = config;
    if (Number.isFinite(epochs) && max_steps === null) return epochs;
    const name = JSON.stringify([data, paths.cache]);
    let source = this.#sources.get(name);
    if (source === undefined) this.#sources.set(name, source = openData({ data, paths }, null, { note: this.note }));
    const known = await source;
    const { totalSteps, stepsPerEpoch } = horizonOf(settled(config, known), known);
    return Math.max(1, Math.ceil(totalSteps / stepsPerEpoch));
  }

  /**
   * The epoch after which a share of a run is trained, at least the first one.
   * @returns null where that is the whole run
   */
  async epochAt(config: Config, share: number): Promise<number | null> {
    const epochs = await this.epochsOf(config);
    const epoch = Math.max(1, Math.ceil(share * epochs - 1e-9));
    return epoch >= epochs ? null : epoch;
  }
}

/** What may help a network that explains less of the rows than principal component analysis of the same size. */
import { kindNamed, LOSSES } from "../config/vocabulary.ts";
import type { Config } from "../config/types.ts";
import { EQUAL_R2, type PcaBaseline } from "../baseline/pca.ts";
import { PARTS, type Source } from "../data/source.ts";
import type { Summary } from "../runs/types.ts";
import { canBeginAtPca, chooseStart } from "./start_layers.ts";

/** Null where the network is not worse on the rows that it was not trained on, or on all where there are none. */
export function pcaAdvice(
  config: Config,
  source: Pick<Source, "columns">,
  metrics: Summary["metrics"],
  pca: PcaBaseline,
): string | null {
  const part = PARTS.toReversed().find((each) => metrics[each])!;
  const own = metrics[part], its = pca[part];
  if (!own || !its || own.rows !== its.rows || !(own.r2 < its.r2 - EQUAL_R2)) return null;
  const { best } = config.checkpoint;
  if (!kindNamed(LOSSES, config.loss.kind).quadratic) {
    return `PCA minimises the squared error and the network another loss, ${config.loss.kind}, so R2 does not say which is better`;
  }
  if (chooseStart(config, source).start === "random") {
    return canBeginAtPca(config, source)
      ? "model.start: pca begins there"
      : "more epochs, another learning rate or a larger network may help";
  }
  if (!metrics.validation) return "with validation rows (data.split.validation) the best epoch is kept";
  if (!best) return "checkpoint.best: true keeps the best epoch";
  return "more rows, or noise in the encoder, may help";
}

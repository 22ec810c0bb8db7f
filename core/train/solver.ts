/** The solver of the output layer: what `solver: auto` chooses, and why. */
import { columnWeightsOf, sizeOf } from "../config/properties.ts";
import { countText, percentText } from "../figures.ts";
import type { Config, Layer } from "../config/types.ts";
import { kindNamed, LOSSES } from "../config/vocabulary.ts";
import type { Source } from "../data/source.ts";

/**
 * `auto` chooses factored from this number of columns, this ratio of columns to hidden units and up to this density.
 */
export const FACTORED_COLUMNS = 4096, FACTORED_RATIO = 16, FACTORED_DENSITY = 0.25;

export interface SolverChoice {
  readonly solver: "dense" | "factored";
  readonly reason: string;
}

/** Width of the activations that reach the output layer: the size of the last layer before it that has one. */
function hiddenUnits({ model }: Config): number {
  return [...model.encoder, ...model.decoder.slice(0, -1)].map(sizeOf).findLast((size) => size !== undefined) ?? 0;
}

type Data = Pick<Source, "columns" | "rows" | "nnz" | "dense">;

export function chooseSolver(config: Config, source: Data): SolverChoice {
  const last = config.model.decoder.at(-1)!;
  if (last.solver === undefined) return { solver: "dense", reason: `${last.kind}, the last layer, has no other` };
  if (last.solver !== "auto") {
    return { solver: last.solver === "factored" ? "factored" : "dense", reason: "as the config says" };
  }
  const dense = (reason: string): SolverChoice => ({ solver: "dense", reason });
  if (last.tied) return dense("its weights are tied to the encoder's");
  if (!last.bias) return dense("it has no bias");
  if (last.bias === "column_means") return dense("its bias starts at the column means");
  if (last.init !== "default" && last.update === "least_squares") return dense("its initialisation is set");
  if (source.dense) return dense("the data are dense: a step's cost grows with the columns either way");
  if (!kindNamed(LOSSES, config.loss.kind).quadratic) return dense(`${config.loss.kind} is no squared error`);
  if (config.data.row_weights !== null) return dense("the rows have weights");
  if (columnWeightsOf(config.loss) !== null) return dense("the columns have weights");
  const hidden = hiddenUnits(config);
  const { columns } = source;
  const density = source.rows > 0 ? source.nnz / (source.rows * columns) : 1;
  if (columns < FACTORED_COLUMNS) {
    return dense(`${countText(columns)} columns are fewer than ${countText(FACTORED_COLUMNS)}`);
  }
  if (columns < FACTORED_RATIO * hidden) {
    return dense(`${countText(columns)} columns are fewer than ${FACTORED_RATIO} times its ${hidden} inputs`);
  }
  if (density > FACTORED_DENSITY) {
    return dense(`${percentText(density)} of the values are stored: more than ${percentText(FACTORED_DENSITY)}`);
  }
  return {
    solver: "factored",
    reason: `squared error, ${countText(columns)} columns of which ${
      percentText(density)
    } are stored: a step's cost does not grow with them`,
  };
}

/** The decoder with `auto` replaced by the chosen solver. */
export function decoderWith(config: Config, choice: SolverChoice): readonly Layer[] {
  return config.model.decoder.map((layer, index, all) =>
    index === all.length - 1 && layer.solver !== undefined ? { ...layer, solver: choice.solver } : layer
  );
}

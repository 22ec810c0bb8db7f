/** What an exported file says about itself: of which run it is, and what its input is. */
import { fromTransform } from "../config/transforms.ts";
import { countText } from "../figures.ts";
import { VERSION } from "../version.ts";
import type { FixedTransform } from "../config/types.ts";
import type { TrainedNetwork } from "./network.ts";

function transformText(transform: FixedTransform): string {
  const raw = fromTransform(transform);
  return typeof raw === "string" ? raw : Object.entries(raw).map(([name, value]) => `${name} ${value}`).join(", ");
}

export const transformsText = (transforms: readonly FixedTransform[]): string =>
  transforms.map(transformText).join(", ");

/** What a row of the input is. */
export function inputText({ columns, shape, steps, transforms }: TrainedNetwork): string {
  const row = shape.length > 1 ? `${shape.join(" x ")} values, channels first,` : `${countText(columns)} values`;
  const after = [
    ...steps.length > 0 ? [`data.steps (${steps.join(", ")})`] : [],
    ...transforms.length > 0 ? [`data.transforms (${transformsText(transforms)})`] : [],
  ];
  return `rows of the data${after.length > 0 ? ` after ${after.join(" and ")}` : ""}: ${row} each`;
}

/** One sentence on where a file comes from. */
export const about = ({ name, checkpoint }: TrainedNetwork): string =>
  `The autoencoder of the run ${name}, with the weights of ${checkpoint}, exported by Narrows ${VERSION}.`;

/** The same as texts by name, for formats that hold such texts. */
export function metadataOf(network: TrainedNetwork): Record<string, string> {
  return {
    narrows: VERSION,
    run: network.name,
    checkpoint: network.checkpoint,
    input: inputText(network),
    transforms: JSON.stringify(network.transforms.map(fromTransform)),
    ...network.categories === null ? {} : { categories: JSON.stringify(network.categories) },
  };
}

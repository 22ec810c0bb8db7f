/** What an exported file says about itself: of which run it is, and what its input is. */
import { fromTransform } from "../config/transforms.ts";
import type { Transform } from "../config/types.ts";
import { countText } from "../figures.ts";
import { VERSION } from "../version.ts";
import type { TrainedNetwork } from "./network.ts";

function transformText(transform: Transform): string {
  const raw = fromTransform(transform);
  return typeof raw === "string" ? raw : Object.entries(raw).map(([name, value]) => `${name} ${value}`).join(", ");
}

export const transformsText = (transforms: readonly Transform[]): string => transforms.map(transformText).join(", ");

/** What a row of the input is. */
export function inputText({ columns, shape, transforms }: TrainedNetwork): string {
  const values = shape.length > 1 ? `${shape.join(" x ")} values, channels first, one after the other` : "";
  const row = values || `${countText(columns)} values`;
  return transforms.length === 0
    ? `rows of the data: ${row}`
    : `rows of the data after data.transforms (${transformsText(transforms)}): ${row}`;
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

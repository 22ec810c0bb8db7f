/** The weights of a convolution's filter, one by one, so that they can be edited like those of other neurons. */
import { alone, type Weight } from "./listed.ts";
import { largestPlaces } from "./pictures.ts";
import type { Stage, Unit } from "./types.ts";

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** The largest weights of the filter of a neuron's map; none where its layer is no convolution. */
export function kernelWeights(
  { shape, parameters }: Stage,
  unit: number,
  filter: Unit["filter"],
  most: number,
): Weight[] {
  const parameter = parameters.find(({ name, shape }) =>
    name.endsWith(".weight") && shape.length >= 3 && sizeOf(shape.slice(1)) === filter?.values.length
  );
  if (!parameter || filter === null) return [];
  const map = Math.floor(unit / sizeOf(shape.slice(1))), axes = parameter.shape.slice(1);
  return largestPlaces(filter.values.length, (place) => Math.abs(filter.values[place]!), most).map((place) => {
    const at: number[] = [];
    let rest = place;
    for (const size of [...axes].reverse()) {
      at.unshift(rest % size);
      rest = Math.floor(rest / size);
    }
    return alone({ tensor: parameter.name, at: [map, ...at], value: filter.values[place]! });
  });
}

/** Going from neuron to neuron by keys. */
import type { Place } from "./layout.ts";
import { beside, type Neuron } from "./picking.ts";

/** @returns the neuron that a key leads to; null where the key leads nowhere. Without one to begin at, it is the first of all. */
export function neuronByKey(key: string, from: Neuron | null, places: readonly Place[]): Neuron | null {
  const { stage, unit } = from ?? { stage: 0, unit: 0 }, place = places[stage];
  if (place === undefined) return null;
  const step = (dx: number, dy: number) => ({ stage, unit: from ? beside(place, unit, dx, dy) : unit });
  const layer = (to: number) => {
    const other = Math.min(places.length - 1, Math.max(0, to));
    return { stage: other, unit: Math.min(unit, places[other]!.units - 1) };
  };
  switch (key) {
    case "ArrowLeft":
      return step(-1, 0);
    case "ArrowRight":
      return step(1, 0);
    case "ArrowUp":
      return step(0, -1);
    case "ArrowDown":
      return step(0, 1);
    case "PageUp":
      return layer(stage - 1);
    case "PageDown":
      return layer(stage + 1);
    case "Home":
      return { stage, unit: 0 };
    case "End":
      return { stage, unit: place.units - 1 };
    default:
      return null;
  }
}

/** Values that go past layers to where they meet others again: what a neuron there is made of, and the lines that show it. */
import type { Neuron } from "./picking.ts";
import { countText } from "./numbers.ts";
import type { Source, Stage } from "./types.ts";

/** The neurons whose sum the neuron is, or the one that it is; none of other neurons. */
export const sourcesOf = (stages: readonly Stage[], { stage, unit }: Neuron): Neuron[] =>
  (stages[stage]?.sources ?? []).flatMap(({ stage: from, first, size, to }) =>
    unit >= to && unit < to + size ? [{ stage: from, unit: first + unit - to }] : []
  );

/** The same in words; null of other neurons. */
export function sourceText(stages: readonly Stage[], neuron: Neuron): string | null {
  const names = sourcesOf(stages, neuron).map(({ stage, unit }) => `${stages[stage]!.name} ${countText(unit)}`);
  if (names.length === 0) return null;
  return names.length === 1 ? `the value of ${names[0]}` : `the sum of ${names.join(" and ")}`;
}

/** A line from a stage to a later one. */
export interface Bypass {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  /** How many lines lie between this one and the stages. */
  readonly level: number;
}

/** Lines past other stages. */
export function bypasses(stages: readonly Stage[]): Bypass[] {
  const isAdded = (one: Source, all: readonly Source[]) =>
    all.some((other) => other !== one && one.to < other.to + other.size && other.to < one.to + one.size);
  const found = stages.flatMap(({ sources }, to) =>
    sources.filter(({ stage }) => stage < to - 1).map((source) => ({
      from: source.stage,
      to,
      text: `${countText(source.size)} values ${isAdded(source, sources) ? "added" : "as they are"}`,
    }))
  );
  return found.map((one) => ({
    ...one,
    level: found.filter((other) => other !== one && other.from >= one.from && other.to <= one.to).length,
  }));
}

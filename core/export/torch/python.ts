/** Python that makes torch modules: literals, calls, and classes that torch.nn has not. */
import type { NetworkLayer, TrainedNetwork } from "../network.ts";

/** A class that a file gets if its network needs it. */
export interface PythonClass {
  readonly name: string;
  readonly text: string;
}

export const pythonClass = (name: string, text: string): PythonClass => ({ name, text });

/** Collects the classes that a file needs. */
export interface Writer {
  readonly network: TrainedNetwork;
  /** @returns its name */
  use(needed: PythonClass): string;
}

/** @param inside the calls of the layers within the layer, each of one line or more */
export type Call = (writer: Writer, layer: NetworkLayer, inside: () => readonly string[]) => string;

export type Python = boolean | number | string | null | readonly (number | string)[];

/** A literal of Python; texts are names or expressions. */
export function literal(value: Python): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "object") return value.length === 1 ? `(${value[0]},)` : `(${value.join(", ")})`;
  return String(value);
}

/** `name(a, b, key=c)` without the keys that have the default values. */
export function call(
  name: string,
  values: readonly Python[],
  keys: Readonly<Record<string, readonly [value: Python, usual: Python]>> = {},
): string {
  const given = Object.entries(keys).filter(([, [value, usual]]) => literal(value) !== literal(usual))
    .map(([key, [value]]) => `${key}=${literal(value)}`);
  return `${name}(${[...values.map(literal), ...given].join(", ")})`;
}

/** One number where all axes have the same. */
export const short = (axes: readonly number[]): Python => axes.every((size) => size === axes[0]) ? axes[0]! : axes;

export const number = (layer: NetworkLayer, field: string) => layer.settings[field] as number;
export const has = ({ network }: Writer, { name }: NetworkLayer, tensor: string) =>
  network.tensors.has(`${name}.${tensor}`);

/** A class of this file with values. */
export const own = (
  needed: PythonClass,
  values: (layer: NetworkLayer, writer: Writer) => readonly Python[],
): Call =>
(writer, layer) => call(writer.use(needed), values(layer, writer));

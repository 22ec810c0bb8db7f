/** An axis of a parameter's values, which are numbers or names. */
import { type Axis, axis, prefersLog } from "./axis.ts";
import { number } from "../format.ts";
import { place } from "./plot.ts";
import { naturalOrder } from "../natural.ts";

export interface ValuesAxis {
  readonly axis: Axis;
  /** Position of a value on the axis. */
  readonly at: (value: string) => number;
  /** The different values, in the order of the axis. */
  readonly values: readonly string[];
  /** Whether the values are numbers. */
  readonly isNumeric: boolean;
}

/** At most this many different numbers are the ticks themselves, where neighbours are at least this share of the axis apart. */
const EXACT = 6, APART = 0.07;
const NAME_LENGTH = 12;

const shortened = (text: string) => text.length > NAME_LENGTH ? `${text.slice(0, NAME_LENGTH - 1)}…` : text;

/** Values that are all numbers stand at their place, on a log scale where that is easier to read; others evenly spaced. */
export function valuesAxis(all: readonly string[], pad = 0.06): ValuesAxis {
  const values = [...new Set(all)];
  const numbers = values.map((value) => value.trim() === "" ? NaN : Number(value));
  if (numbers.every(Number.isFinite)) {
    const distinct = [...new Set(numbers)].sort((a, b) => a - b);
    const type = distinct.length > 1 && prefersLog(distinct) ? "log" : "linear";
    const found = axis(distinct, { type, pad });
    const isApart = distinct.every((value, i) =>
      i === 0 || place(found, value, 0, 1) - place(found, distinct[i - 1]!, 0, 1) >= APART
    );
    const exact = distinct.length <= EXACT && isApart
      ? { ticks: distinct, format: (value: number) => number(value, 2).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "") }
      : {};
    values.sort((a, b) => Number(a) - Number(b));
    return { axis: { ...found, ...exact }, at: Number, values, isNumeric: true };
  }
  values.sort(naturalOrder);
  const places = new Map(values.map((value, i) => [value, i]));
  const room = Math.max(0.5, (values.length - 1) * pad);
  return {
    axis: {
      type: "linear",
      domain: [-room, values.length - 1 + room],
      ticks: values.map((_, i) => i),
      // A parameter that depends on another one may have no value.
      format: (i) => shortened(values[i] || "–"),
    },
    at: (value) => places.get(value) ?? NaN,
    values,
    isNumeric: false,
  };
}

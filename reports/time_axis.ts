/** The unit in which the samples of a signal are counted: seconds where the rate is known. */

export interface TimeAxis {
  readonly step: number;
  readonly label: string;
}

const UNITS = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]] as const;

export function timeAxis(samples: number, rateHz: number | null): TimeAxis {
  if (rateHz === null || !(rateHz > 0)) return { step: 1, label: "sample" };
  const span = samples / rateHz;
  const [unit, name] = UNITS.find(([unit]) => span >= unit) ?? UNITS[3];
  return { step: 1 / rateHz / unit, label: `time (${name})` };
}

/** The unit in which frequencies up to `highest` have short numbers. */
export function frequencyAxis(
  highest: number,
  rateHz: number | null,
): { readonly unit: number; readonly label: string } {
  if (rateHz === null) return { unit: 1, label: "frequency (cycles per sample)" };
  const [unit, name] = highest >= 1e6 ? [1e6, "MHz"] : highest >= 1e3 ? [1e3, "kHz"] : [1, "Hz"];
  return { unit, label: `frequency (${name})` };
}

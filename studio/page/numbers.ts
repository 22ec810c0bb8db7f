/** Numbers as the page writes them. */
import { countText, percentText, rateText } from "../../core/figures.ts";

export { countText, percentText, rateText };

/** A number of 32 bits in as few digits as give the same 32 bits again: 0.1, not 0.10000000149011612. */
export function exactText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

/** Three significant digits, with a minus sign of its own width. */
export function shortText(value: number): string {
  if (!Number.isFinite(value)) return "not known";
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? size.toExponential(2) : String(Number(size.toPrecision(3)));
  return value < 0 ? `−${text}` : text;
}

/** A duration in the unit that suits it. */
export function secondsText(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return "–";
  if (seconds < 1e-6) return "< 1 µs";
  if (seconds < 1e-3) return `${(1e6 * seconds).toPrecision(3)} µs`;
  if (seconds < 1) return `${(1e3 * seconds).toPrecision(3)} ms`;
  return seconds < 100 ? `${seconds.toPrecision(3)} s` : `${Math.round(seconds / 60)} min`;
}

export const mebibytesText = (bytes: number): string => {
  const mebibytes = bytes / 2 ** 20;
  return `${mebibytes >= 100 ? countText(mebibytes) : mebibytes.toPrecision(3)} MiB`;
};

/** Round steps of an axis: 1, 2 or 5 times a power of ten, at most `most` of them between the ends. */
export function ticks(low: number, high: number, most: number): number[] {
  if (!(high > low) || most < 1) return [low];
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const found: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high + 1e-9 * step; i++) {
    found.push(Number((i * step).toPrecision(12)));
  }
  return found;
}

/** Powers of ten, and where there are few of them, their multiples by 2 and 5; within less than those, round steps. */
export function logTicks(low: number, high: number): number[] {
  const found = (factors: readonly number[]) => {
    const list: number[] = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      for (const factor of factors) {
        const value = Number((factor * 10 ** power).toPrecision(12));
        if (value >= low && value <= high) list.push(value);
      }
    }
    return list;
  };
  const powers = found([1]);
  const chosen = powers.length >= 3 ? powers : powers.length === 2 ? found([1, 3]) : found([1, 2, 5]);
  return chosen.length >= 2 ? chosen : ticks(low, high, 3);
}

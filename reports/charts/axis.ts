/** Scales with ticks at round numbers. */
import { count, number } from "../format.ts";
import { extent, quantile } from "../series.ts";

export interface Axis {
  readonly type: "linear" | "log";
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
}

/** From here on numbers are written with a power of ten. */
const LONG = 1e7;
/** The largest number of ticks. */
const TICKS_MAX = 1000;
/** Larger values are drawn at this one, so that no span, ratio or margin overflows. */
const LARGEST = 1e250;

/** The step of 1, 2 or 5 times a power of ten that gives about `wanted` ticks. */
function niceStep(span: number, wanted: number): number {
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = rough / power;
  return power * (factor < 1.5 ? 1 : factor < 3.2 ? 2 : factor < 7.1 ? 5 : 10);
}

function linearFormat(step: number, largest: number): (value: number) => string {
  if (largest < 1e-4 || largest >= LONG) {
    // As many digits as two neighbouring ticks differ in.
    const digits = Math.min(12, Math.max(2, Math.ceil(Math.log10(largest / step) + 1 - 1e-9)));
    return (value) => number(value, digits);
  }
  if (step >= 1) return count;
  const decimals = Math.min(12, Math.ceil(-Math.log10(step) - 1e-9));
  return (value) => value === 0 ? "0" : value.toFixed(decimals).replace("-", "−");
}

/** Multiples of a nice step inside [low, high]. `whole` is for counts, which have no ticks between whole numbers. */
function linearTicks(low: number, high: number, wanted: number, whole: boolean): { ticks: number[]; step: number } {
  const step = whole ? Math.max(1, niceStep(high - low, wanted)) : niceStep(high - low, wanted);
  const first = Math.ceil(low / step - 1e-9);
  const most = Math.floor(high / step + 1e-9) - first + 1;
  // A span near the smallest numbers has no nice step. Its two ends are the ticks then.
  if (!(step > 0 && Number.isSafeInteger(first) && most <= TICKS_MAX)) return { ticks: [low, high], step: high - low };
  return { ticks: Array.from({ length: Math.max(0, most) }, (_, i) => (first + i) * step + 0), step }; // + 0: -0 becomes 0
}

/** Powers of ten and as many of their multiples as there is space for. */
function logTicks(low: number, high: number, wanted: number): number[] {
  const choices = [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 5], [1, 3], [1]];
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  let ticks: number[] = [];
  for (const mantissas of choices) {
    ticks = [];
    for (let k = from; k <= to; k++) {
      for (const m of mantissas) {
        const tick = Number(`${m}e${k}`);
        if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push(tick);
      }
    }
    if (ticks.length <= wanted) return ticks;
  }
  const every = Math.ceil(ticks.length / wanted);
  return ticks.filter((_, i) => i % every === 0);
}

export interface AxisOptions {
  /** auto: logarithmic if that is easier to read. Default: linear. */
  readonly type?: "auto" | "linear" | "log";
  /** Begins at zero. */
  readonly zero?: boolean;
  /** Ticks at whole numbers only. */
  readonly whole?: boolean;
  /** About how many ticks. Default 5. */
  readonly ticks?: number;
  /** Share of the range left free at each end. Default 0.04. */
  readonly pad?: number;
}

/**
 * Whether a log scale reads better: all values positive, and the largest at least eight times the smallest, or three
 * times where most of a linear scale would be empty.
 */
export function prefersLog(values: readonly number[]): boolean {
  const range = extent(values);
  if (range === null || !(range[0] > 0)) return false;
  const [low, high] = range;
  return high / low >= 8 || (high / low >= 3 && quantile(values, 0.5) < low + 0.15 * (high - low));
}

/** An axis over the finite values (the positive ones for a log scale); [0, 1] when there are none. */
export function axis(values: readonly number[], options: AxisOptions = {}): Axis {
  const wanted = options.ticks ?? 5;
  const pad = options.pad ?? 0.04;
  const log = options.type === "log" || (options.type === "auto" && prefersLog(values));
  const found = extent(log ? values.filter((v) => v > 1 / LARGEST) : values);
  const range = found && [Math.max(found[0], -LARGEST), Math.min(found[1], LARGEST)] as const;
  if (log && range) {
    const room = Math.max(Math.log10(range[1]) - Math.log10(range[0]), 0.2) * pad;
    const domain = [range[0] / 10 ** room, range[1] * 10 ** room] as const;
    const some = logTicks(domain[0], domain[1], wanted);
    // If no such value lies in the domain, the ticks are those of a linear axis.
    const ticks = some.length > 0 ? some : linearTicks(domain[0], domain[1], wanted, false).ticks;
    const small = ticks.some((t) => t < 1e-4);
    return { type: "log", domain, ticks, format: (v) => v >= 1e4 && v < LONG && !small ? count(v) : number(v, 1) };
  }
  let [low, high] = range ?? [0, 1];
  if (options.zero) [low, high] = [Math.min(0, low), Math.max(0, high)];
  // Values that differ only in their last bits count as one, since no tick fits between them.
  if (!(high - low > 1e-12 * Math.max(Math.abs(low), Math.abs(high)))) {
    [low, high] = low === 0 ? [0, 1] : [low - Math.abs(low) * 0.5, high + Math.abs(high) * 0.5];
  }
  const room = (high - low) * pad;
  const domain = [options.zero && low === 0 ? 0 : low - room, options.zero && high === 0 ? 0 : high + room] as const;
  const { ticks, step } = linearTicks(domain[0], domain[1], wanted, options.whole ?? false);
  return { type: "linear", domain, ticks, format: linearFormat(step, Math.max(...ticks.map(Math.abs), 0)) };
}

/** The y axis of curves, by the options of their chart. */
export function yAxis(
  values: readonly number[],
  options: {
    readonly yLabel: string;
    readonly yUnit?: string;
    readonly scale?: "auto" | "linear";
    readonly zero?: boolean;
  },
) {
  const { yLabel: label, yUnit: unit, scale: type = "linear", zero } = options;
  return { ...axis(values, { type, zero }), label, unit };
}

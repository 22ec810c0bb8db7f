/** Filters of finite length by the window method, and resampling with them. */

/** The modified Bessel function of the first kind and order 0, by its series (Abramowitz and Stegun 9.6.12). */
function besselI0(x: number): number {
  let term = 1, sum = 1;
  for (let k = 1; term > 1e-17 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** Windows that are symmetric about their middle. */
export const hamming = (i: number, taps: number): number => 0.54 - 0.46 * Math.cos(2 * Math.PI * i / (taps - 1));
export const kaiser = (beta: number) => (i: number, taps: number): number => {
  const ratio = 2 * i / (taps - 1) - 1;
  return besselI0(beta * Math.sqrt(Math.max(0, 1 - ratio * ratio))) / besselI0(beta);
};

const sinc = (x: number) => x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);

/**
 * The filter that passes frequencies from `low` to `high`, by the window method (scipy.signal.firwin with `scale`).
 * @param taps its length, odd
 * @param low, high as parts of half the rate; low 0: low-pass, high 1: high-pass
 */
export function firFilter(
  taps: number,
  low: number,
  high: number,
  window: (i: number, taps: number) => number = hamming,
): Float64Array {
  const middle = (taps - 1) / 2;
  const filter = Float64Array.from({ length: taps }, (_, i) => {
    const m = i - middle;
    return (high * sinc(high * m) - low * sinc(low * m)) * window(i, taps);
  });
  // The gain is 1 at the frequency 0, at half the rate, or in the middle of the band.
  const at = low === 0 ? 0 : high === 1 ? 1 : (low + high) / 2;
  const gain = filter.reduce((sum, value, i) => sum + value * Math.cos(Math.PI * (i - middle) * at), 0);
  return filter.map((value) => value / gain);
}

/** Each sample with its neighbours through a filter of odd length; beyond the ends of the record are zeros. */
export function centred(values: Float64Array, filter: Float64Array): Float64Array {
  const half = (filter.length - 1) / 2;
  return values.map((_, at) => {
    let sum = 0;
    const from = Math.max(0, at - half), to = Math.min(values.length - 1, at + half);
    for (let k = from; k <= to; k++) sum += values[k]! * filter[at - k + half]!;
    return sum;
  });
}

/**
 * `up / down` times as many samples, by a filter of odd length at `up` times the rate (scipy.signal.resample_poly): the
 * first sample stays where it is, and there are ceil(n up / down).
 */
export function resampled(values: Float64Array, up: number, down: number, filter: Float64Array): Float64Array {
  const half = (filter.length - 1) / 2;
  return Float64Array.from({ length: Math.ceil(values.length * up / down) }, (_, at) => {
    // Sample k of the input is at k up among those of the filter.
    const centre = at * down;
    const from = Math.max(0, Math.ceil((centre - half) / up));
    const to = Math.min(values.length - 1, Math.floor((centre + half) / up));
    let sum = 0;
    for (let k = from; k <= to; k++) sum += values[k]! * filter[half + centre - k * up]!;
    return up * sum;
  });
}

/** Butterworth filters as sections of second order, run forward and backward so that they have no phase. */

/** (b0 + b1 z^-1 + b2 z^-2) / (1 + a1 z^-1 + a2 z^-2) */
export interface Section {
  readonly b: readonly [number, number, number];
  readonly a: readonly [number, number];
}

interface Complex {
  readonly re: number;
  readonly im: number;
}

const add = (a: Complex, b: Complex): Complex => ({ re: a.re + b.re, im: a.im + b.im });
const scaled = (a: Complex, by: number): Complex => ({ re: a.re * by, im: a.im * by });
const times = (a: Complex, b: Complex): Complex => ({ re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re });
const over = (a: Complex, b: Complex): Complex => {
  const size = b.re * b.re + b.im * b.im;
  return { re: (a.re * b.re + a.im * b.im) / size, im: (a.im * b.re - a.re * b.im) / size };
};
function root(a: Complex): Complex {
  const size = Math.hypot(a.re, a.im);
  return { re: Math.sqrt((size + a.re) / 2), im: Math.sign(a.im || 1) * Math.sqrt(Math.max(0, size - a.re) / 2) };
}
const ONE: Complex = { re: 1, im: 0 };

/**
 * Sections of a filter: the poles of the analogue low-pass on the unit circle's left half, moved to the band and mapped by the
 * bilinear transform, whose frequencies are warped first (A. V. Oppenheim and R. W. Schafer, Discrete-Time Signal Processing,
 * 3rd edition, chapter 7; scipy.signal.butter).
 * @param order of the low-pass; a band has twice as many poles
 * @param low, high as parts of half the rate; low 0: low-pass, high 1: high-pass
 */
export function butterworth(order: number, low: number, high: number): Section[] {
  const warped = (frequency: number) => 4 * Math.tan(Math.PI * frequency / 2);
  const isLow = low === 0, isHigh = high === 1;
  const prototype = Array.from({ length: order }, (_, k): Complex => {
    const angle = Math.PI * (2 * k + 1 + order) / (2 * order);
    return { re: Math.cos(angle), im: Math.sin(angle) };
  });
  const analogue = prototype.flatMap((pole) => {
    if (isLow) return [scaled(pole, warped(high))];
    if (isHigh) return [scaled(over(ONE, pole), warped(low))];
    const centre = warped(low) * warped(high);
    const half = scaled(pole, (warped(high) - warped(low)) / 2);
    const apart = root(add(times(half, half), { re: -centre, im: 0 }));
    return [add(half, apart), add(half, scaled(apart, -1))];
  });
  const poles = analogue.map((pole) => over(add({ re: 4, im: 0 }, pole), add({ re: 4, im: 0 }, scaled(pole, -1))));
  const sections = pairs(poles).map(([p, q]): Section => ({
    b: q === null ? [1, isLow ? 1 : -1, 0] : isLow ? [1, 2, 1] : isHigh ? [1, -2, 1] : [1, 0, -1],
    a: q === null ? [-p.re, 0] : [-(p.re + q.re), p.re * q.re - p.im * q.im],
  }));
  // The gain is 1 at the frequency 0, at half the rate, or at the band's centre.
  const at = isLow ? 0 : isHigh ? Math.PI : 2 * Math.atan(Math.sqrt(warped(low) * warped(high)) / 4);
  const [{ b, a }, ...rest] = sections as [Section, ...Section[]];
  const gain = 1 / sections.reduce((product, section) => product * magnitude(section, at), 1);
  return [{ b: b.map((value) => value * gain) as [number, number, number], a }, ...rest];
}

/** Poles that belong together: each with its conjugate, real ones by twos. */
function pairs(poles: readonly Complex[]): [Complex, Complex | null][] {
  const real = poles.filter(({ im }) => Math.abs(im) < 1e-12).map(({ re }) => ({ re, im: 0 }));
  const complex = poles.filter(({ im }) => im >= 1e-12).map((p): [Complex, Complex] => [p, { re: p.re, im: -p.im }]);
  const twos = real.flatMap((p, i) => i % 2 === 0 ? [[p, real[i + 1] ?? null] as [Complex, Complex | null]] : []);
  return [...complex, ...twos];
}

/** The gain of a section at an angle of the unit circle. */
function magnitude({ b, a }: Section, angle: number): number {
  const [z, zz] = [1, 2].map((k): Complex => ({ re: Math.cos(k * angle), im: -Math.sin(k * angle) })) as [
    Complex,
    Complex,
  ];
  const value = (c0: number, c1: number, c2: number) => add(add({ re: c0, im: 0 }, scaled(z, c1)), scaled(zz, c2));
  const ratio = over(value(...b), value(1, ...a));
  return Math.hypot(ratio.re, ratio.im);
}

/** Samples that are added at both ends while filtering: three times the length of the filter's recursion. */
export function padding(sections: readonly Section[]): number {
  const poles = sections.reduce((sum, { a }) => sum + (a[1] === 0 ? 1 : 2), 0);
  return 3 * (poles + 1);
}

/**
 * Filters forward and backward (scipy.signal.sosfiltfilt): the ends are continued by their odd reflection, and each direction
 * begins in the state that a signal of its first value has led to.
 * @param values more than `padding` of them
 */
export function withoutPhase(values: Float64Array, sections: readonly Section[]): Float64Array {
  const pad = padding(sections), count = values.length;
  const [first, last] = [values[0]!, values[count - 1]!];
  const long = Float64Array.from({ length: count + 2 * pad }, (_, i) => {
    const at = i - pad;
    if (at < 0) return 2 * first - values[-at]!;
    return at < count ? values[at]! : 2 * last - values[2 * (count - 1) - at]!;
  });
  run(long, sections);
  long.reverse();
  run(long, sections);
  long.reverse();
  return long.subarray(pad, pad + count);
}

/** Filters in place, in transposed direct form II. */
function run(values: Float64Array, sections: readonly Section[]): void {
  // What a constant signal of the first value is at each section.
  let level = values[0]!;
  for (const { b: [b0, b1, b2], a: [a1, a2] } of sections) {
    const gain = (b0 + b1 + b2) / (1 + a1 + a2);
    let s1 = (gain - b0) * level, s2 = (b2 - a2 * gain) * level;
    level *= gain;
    for (let i = 0; i < values.length; i++) {
      const x = values[i]!;
      const y = b0 * x + s1;
      s1 = b1 * x - a1 * y + s2;
      s2 = b2 * x - a2 * y;
      values[i] = y;
    }
  }
}

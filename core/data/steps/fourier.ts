/** Discrete Fourier transforms of any length: powers of two by fft.js, others by Bluestein's convolution of such a length. */
import FFT from "fft.js";

/** Complex numbers, real and imaginary parts beside each other. */
export type Complex = Float64Array;

/** A transform of `length` values. */
export class Fourier {
  readonly #power: InstanceType<typeof FFT>;
  /** Of Bluestein's convolution; null where the length is a power of two. */
  readonly #chirp: Complex | null = null;
  readonly #filter: Complex | null = null;

  constructor(readonly length: number) {
    const isPower = length > 1 && (length & (length - 1)) === 0;
    let size = 2;
    while (size < (isPower ? length : 2 * length - 1)) size *= 2;
    this.#power = new FFT(size);
    if (isPower) return;
    // exp(-i pi k^2 / length), with k^2 reduced so that the angle stays exact.
    const chirp = new Float64Array(2 * length);
    for (let k = 0; k < length; k++) {
      const angle = Math.PI * ((k * k) % (2 * length)) / length;
      [chirp[2 * k], chirp[2 * k + 1]] = [Math.cos(angle), -Math.sin(angle)];
    }
    const filter = new Float64Array(2 * size);
    for (let k = 0; k < length; k++) {
      for (const at of k === 0 ? [0] : [k, size - k]) {
        [filter[2 * at], filter[2 * at + 1]] = [chirp[2 * k]!, -chirp[2 * k + 1]!];
      }
    }
    this.#chirp = chirp;
    this.#filter = this.#transform(filter);
  }

  #transform(values: Complex): Complex {
    const out = this.#power.createComplexArray();
    this.#power.transform(out, Array.from(values));
    return Float64Array.from(out);
  }

  #inverse(values: Complex): Complex {
    const out = this.#power.createComplexArray();
    this.#power.inverseTransform(out, Array.from(values));
    return Float64Array.from(out);
  }

  /** sum_n x_n exp(-2 pi i k n / length) */
  forward(values: Complex): Complex {
    const [chirp, filter] = [this.#chirp, this.#filter];
    if (chirp === null || filter === null) return this.#transform(values);
    const spread = product(values, chirp, new Float64Array(filter.length));
    const mixed = this.#inverse(product(this.#transform(spread), filter, new Float64Array(filter.length)));
    return product(mixed.subarray(0, 2 * this.length), chirp, new Float64Array(2 * this.length));
  }

  /** The inverse of `forward`, with its factor 1 / length. */
  inverse(values: Complex): Complex {
    if (this.#chirp === null) return this.#inverse(values);
    // The inverse is the conjugate of the transform of the conjugate.
    const out = this.forward(conjugate(values));
    return conjugate(out).map((value) => value / this.length);
  }
}

function product(a: Complex, b: Complex, out: Complex): Complex {
  for (let i = 0; i < a.length; i += 2) {
    out[i] = a[i]! * b[i]! - a[i + 1]! * b[i + 1]!;
    out[i + 1] = a[i]! * b[i + 1]! + a[i + 1]! * b[i]!;
  }
  return out;
}

const conjugate = (values: Complex): Complex => values.map((value, i) => i % 2 === 0 ? value : -value);

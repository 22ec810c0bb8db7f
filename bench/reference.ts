/** An autoencoder with ReLU, squared error and Adam in plain double arithmetic, with which the timed one must agree. */
import type { Csr } from "./chunks.ts";

/** Outputs x inputs, and a bias for each output. */
export interface Linear {
  readonly inputs: number;
  readonly outputs: number;
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

interface Moments {
  readonly first: Float64Array;
  readonly second: Float64Array;
}

const BETA1 = 0.9, BETA2 = 0.999, EPS = 1e-8;

export class Reference {
  #step = 0;
  readonly #moments = new Map<Float64Array, Moments>();

  /** @param relu whether a ReLU follows the layer of that number */
  constructor(readonly layers: readonly Linear[], readonly relu: readonly boolean[]) {}

  /** All activations, rows x width: the input first. */
  #forward(x: Float64Array, rows: number): Float64Array[] {
    const values = [x];
    this.layers.forEach(({ inputs, outputs, weight, bias }, l) => {
      const from = values[l]!, to = new Float64Array(rows * outputs);
      for (let r = 0; r < rows; r++) {
        for (let o = 0; o < outputs; o++) {
          let sum = bias[o]!;
          for (let i = 0; i < inputs; i++) sum += from[r * inputs + i]! * weight[o * inputs + i]!;
          to[r * outputs + o] = this.relu[l] && sum < 0 ? 0 : sum;
        }
      }
      values.push(to);
    });
    return values;
  }

  /** One step on dense rows x columns. @returns the mean squared error before it */
  train(x: Float64Array, rows: number, learningRate: number): number {
    const values = this.#forward(x, rows);
    const out = values.at(-1)!;
    let loss = 0;
    let delta = out.map((value, k) => {
      const error = value - x[k]!;
      loss += error * error / out.length;
      return 2 * error / out.length;
    });
    this.#step++;
    for (let l = this.layers.length - 1; l >= 0; l--) {
      const { inputs, outputs, weight, bias } = this.layers[l]!;
      const from = values[l]!;
      const dWeight = new Float64Array(weight.length), dBias = new Float64Array(outputs);
      const before = new Float64Array(rows * inputs);
      for (let r = 0; r < rows; r++) {
        for (let o = 0; o < outputs; o++) {
          const d = delta[r * outputs + o]!;
          dBias[o]! += d;
          for (let i = 0; i < inputs; i++) {
            dWeight[o * inputs + i]! += d * from[r * inputs + i]!;
            before[r * inputs + i]! += d * weight[o * inputs + i]!;
          }
        }
      }
      if (l > 0 && this.relu[l - 1]) from.forEach((value, k) => value > 0 || (before[k] = 0));
      this.#adam(weight, dWeight, learningRate);
      this.#adam(bias, dBias, learningRate);
      delta = before;
    }
    return loss;
  }

  #adam(values: Float64Array, gradient: Float64Array, learningRate: number): void {
    let moments = this.#moments.get(values);
    if (!moments) {
      moments = { first: new Float64Array(values.length), second: new Float64Array(values.length) };
      this.#moments.set(values, moments);
    }
    const { first, second } = moments;
    const c1 = 1 - BETA1 ** this.#step, c2 = 1 - BETA2 ** this.#step;
    for (let k = 0; k < values.length; k++) {
      const g = gradient[k]!;
      first[k] = BETA1 * first[k]! + (1 - BETA1) * g;
      second[k] = BETA2 * second[k]! + (1 - BETA2) * g * g;
      values[k]! -= learningRate * first[k]! / c1 / (Math.sqrt(second[k]! / c2) + EPS);
    }
  }
}

/** Dense rows x columns of a CSR matrix. */
export function dense({ rows, columns, data, indices, indptr }: Csr): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let k = indptr[row]!; k < indptr[row + 1]!; k++) out[row * columns + indices[k]!]! += data[k]!;
  }
  return out;
}

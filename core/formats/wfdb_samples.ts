/**
 * How samples of WFDB records are stored (https://physionet.org/physiotools/wag/signal-5.htm), of several signals in turns. Formats
 * whose samples are not whole bytes pack a few of them together.
 */
import { MalformedError } from "../errors.ts";
import type { InputFile } from "./file.ts";

interface Packing {
  /** Samples that are packed together, and their bytes. */
  readonly samples: number;
  readonly bytes: number;
  /** Bits of a sample, as far as the end of a file that breaks off within such a group counts. */
  readonly bits: number;
  /** The value that marks a missing sample; null where none does. */
  readonly missing: number | null;
  /** Whether samples are differences from the one before. */
  readonly isDifference?: true;
  /** @param at of the group @param k which of its samples */
  get(view: DataView, at: number, k: number): number;
}

const tenBits = (value: number) => value << 22 >> 22;

const PACKINGS = {
  8: { samples: 1, bytes: 1, bits: 8, missing: null, isDifference: true, get: (view, at) => view.getInt8(at) },
  16: { samples: 1, bytes: 2, bits: 16, missing: -(2 ** 15), get: (view, at) => view.getInt16(at, true) },
  24: {
    samples: 1,
    bytes: 3,
    bits: 24,
    missing: -(2 ** 23),
    get: (view, at) => view.getUint16(at, true) | view.getInt8(at + 2) << 16,
  },
  32: { samples: 1, bytes: 4, bits: 32, missing: -(2 ** 31), get: (view, at) => view.getInt32(at, true) },
  61: { samples: 1, bytes: 2, bits: 16, missing: -(2 ** 15), get: (view, at) => view.getInt16(at) },
  80: { samples: 1, bytes: 1, bits: 8, missing: -128, get: (view, at) => view.getUint8(at) - 128 },
  160: { samples: 1, bytes: 2, bits: 16, missing: -(2 ** 15), get: (view, at) => view.getUint16(at, true) - 2 ** 15 },
  212: {
    samples: 2,
    bytes: 3,
    bits: 12,
    missing: -2048,
    get(view, at, k) {
      const high = view.getUint8(at + 1);
      const value = k === 0 ? view.getUint8(at) | (high & 0x0f) << 8 : (high & 0xf0) << 4 | view.getUint8(at + 2);
      return value << 20 >> 20;
    },
  },
  // The third sample is the upper 5 bits of the two pairs of bytes that hold the first and the second.
  310: {
    samples: 3,
    bytes: 4,
    bits: 16,
    missing: -512,
    get(view, at, k) {
      if (k < 2) return tenBits(view.getUint16(at + 2 * k, true) >> 1);
      return tenBits(view.getUint16(at, true) >> 11 | view.getUint16(at + 2, true) >> 11 << 5);
    },
  },
  311: {
    samples: 3,
    bytes: 4,
    bits: 10,
    missing: -512,
    get: (view, at, k) => tenBits(view.getUint32(at, true) >>> 10 * k),
  },
} as const satisfies Record<number, Packing>;

export type SampleFormat = keyof typeof PACKINGS;
const packing = (format: SampleFormat): Packing => PACKINGS[format];

export const isSampleFormat = (number: string): boolean => Object.hasOwn(PACKINGS, number);

/** Where the samples of a file lie. */
export interface Samples {
  readonly format: SampleFormat;
  /** Bytes before the first one. */
  readonly offset: number;
  /** The value before the first sample of each signal; of formats that store no differences it does not count. */
  readonly initial: readonly number[];
}

/** Samples that so many bytes hold. */
export function samplesHeld(format: SampleFormat, bytes: number): number {
  const { samples, bytes: group, bits } = packing(format);
  const whole = Math.floor(bytes / group);
  return samples * whole + Math.floor(8 * (bytes - group * whole) / bits);
}

export const missingValue = (format: SampleFormat): number | null => packing(format).missing;

/** Samples that are passed over at once. */
const STRIDE = 1 << 20;

/**
 * Reads samples of a file, of all its signals in turns. Of differences, it keeps where it began last, since the next part mostly lies
 * behind that.
 */
export class SampleReader {
  /** The number of a sample of each signal, and the values before it. */
  #known: { readonly at: number; readonly values: Int32Array };

  constructor(readonly samples: Samples) {
    this.#known = { at: 0, values: Int32Array.from(samples.initial) };
  }

  /** Samples [from, from + count) of each signal. @throws {UserError} */
  async read(file: InputFile, from: number, count: number): Promise<Int32Array> {
    const { format, initial } = this.samples, signals = initial.length;
    if (!packing(format).isDifference) return await this.#stored(file, from * signals, count * signals);
    if (from < this.#known.at) this.#known = { at: 0, values: Int32Array.from(initial) };
    const values = this.#known.values.slice();
    for (let at = this.#known.at; at < from; at += STRIDE) {
      const passed = await this.#stored(file, at * signals, Math.min(STRIDE, from - at) * signals);
      for (let i = 0; i < passed.length; i++) values[i % signals]! += passed[i]!;
    }
    this.#known = { at: from, values: values.slice() };
    const out = await this.#stored(file, from * signals, count * signals);
    for (let i = 0; i < out.length; i++) out[i] = values[i % signals]! += out[i]!;
    return out;
  }

  /** Whole numbers as they are stored. @param first its number among all of the file */
  async #stored(file: InputFile, first: number, count: number): Promise<Int32Array> {
    const { format, offset } = this.samples, { samples, bytes, get } = packing(format);
    if (samplesHeld(format, Math.max(0, file.size - offset)) < first + count) {
      throw new MalformedError(file.path, "is shorter than it was: the file was changed");
    }
    const skipped = first % samples;
    const start = offset + (first - skipped) / samples * bytes;
    const groups = Math.ceil((count + skipped) / samples);
    // A file may end within its last group, of which the samples before its end count.
    const content = new Uint8Array(groups * bytes);
    await file.readAt(start, content.subarray(0, Math.min(content.length, file.size - start)));
    const view = new DataView(content.buffer), out = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const at = i + skipped, k = at % samples;
      out[i] = get(view, (at - k) / samples * bytes, k);
    }
    return out;
  }
}

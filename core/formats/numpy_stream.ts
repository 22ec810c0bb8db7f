/** An array in an archive that is read from its start to its end, inflated part by part, so that no more than a part is in memory. */
import { crc32 } from "node:zlib";
import { MalformedError } from "../errors.ts";
import { ByteStream, type Packed } from "./byte_stream.ts";
import { type ByteOrder, toNumbers, valueBytes, type ValueType } from "./values.ts";

/** Where an array lies: bytes [start, end) of the file, its header among them. */
export interface Place {
  readonly start: number;
  readonly end: number;
  readonly packed: Packed;
  /** Bytes of the header. */
  readonly header: number;
  /** CRC-32 of header and values; null where none is noted. */
  readonly sum: number | null;
}

const READ_BYTES = 1 << 20;

export class ArrayStream implements Disposable {
  #stream: ByteStream | null = null;
  #sum = 0;
  /** Values that were passed or read. */
  #position = 0;
  /** The last ones of these. */
  #last = new Float32Array(0);

  constructor(
    readonly path: string,
    readonly name: string,
    readonly place: Place,
    readonly values: { readonly type: ValueType; readonly order: ByteOrder; readonly count: number },
  ) {}

  /**
   * Values [from, from + count). Parts are meant to follow each other, and may overlap the last one; one further back is read from the
   * array's start again. Near its end the array is read up to there, and its sum is checked.
   * @throws {UserError}
   */
  async part(from: number, count: number): Promise<Float32Array> {
    const end = from + count, total = this.values.count;
    if (this.#stream === null || from < this.#kept) await this.#begin();
    if (end > this.#position) {
      if (from > this.#position) await this.#pass(from - this.#position);
      const isLast = total - end <= Math.max(count, READ_BYTES);
      const next = new Float32Array((isLast ? total : end) - from), before = this.#last.subarray(from - this.#kept);
      next.set(before);
      await this.#into(next.subarray(before.length));
      this.#last = next;
      if (isLast) await this.#finish();
    }
    return this.#last.subarray(from - this.#kept, end - this.#kept);
  }

  /** The number of the first value that is still in memory. */
  get #kept(): number {
    return this.#position - this.#last.length;
  }

  async #begin(): Promise<void> {
    this.#stream?.close();
    const { start, end, packed, header } = this.place;
    this.#stream = ByteStream.part(this.path, start, end, packed);
    [this.#position, this.#last, this.#sum] = [0, new Float32Array(0), 0];
    await this.#bytes(new Uint8Array(header));
  }

  async #bytes(room: Uint8Array): Promise<void> {
    if (await this.#stream!.read(room) < room.length) throw this.#damaged();
    this.#sum = crc32(room, this.#sum);
  }

  /** Passes over values. */
  async #pass(count: number): Promise<void> {
    const size = valueBytes(this.values.type), room = new Uint8Array(READ_BYTES);
    for (let left = count * size; left > 0; left -= READ_BYTES) {
      await this.#bytes(room.subarray(0, Math.min(left, READ_BYTES)));
    }
    this.#position += count;
    this.#last = new Float32Array(0);
  }

  async #into(out: Float32Array): Promise<void> {
    const { type, order } = this.values, most = READ_BYTES / valueBytes(type);
    const room = new Uint8Array(READ_BYTES);
    for (let at = 0; at < out.length; at += most) {
      const part = out.subarray(at, at + most), bytes = room.subarray(0, part.length * valueBytes(type));
      await this.#bytes(bytes);
      toNumbers(type, order, bytes, part);
    }
    this.#position += out.length;
  }

  async #finish(): Promise<void> {
    if (await this.#stream!.skip(1) > 0) throw this.#damaged();
    const { sum } = this.place;
    if (sum === null || sum === this.#sum) return;
    throw new MalformedError(this.path, `${this.name} is damaged: its CRC-32 is not as noted`);
  }

  #damaged(): MalformedError {
    const what = `${this.name} does not hold the ${this.values.count} values that its header claims`;
    return new MalformedError(this.path, what);
  }

  /** Idempotent. */
  close(): void {
    this.#stream?.close();
    [this.#stream, this.#last] = [null, new Float32Array(0)];
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

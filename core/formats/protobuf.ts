/**
 * Messages of Protocol Buffers, written field by field and walked through, without a description of their types
 * (https://protobuf.dev/programming-guides/encoding/).
 */

/** Of the largest number that is written, 2^53. */
const VARINT_BYTES = 8;
const VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5;

const encoder = new TextEncoder();
/** Characters of a text whose length in bytes surely fits in one byte. */
const SHORT_TEXT = 42;

/** A message that is being written: fields in the order of the calls. Each call returns the message. */
export class Message {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** The message so far; valid until the next call. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes it empty, to be written again. */
  clear(): this {
    this.#length = 0;
    return this;
  }

  /** A whole number from 0 to 2^53, also of an enum or a bool. */
  whole(field: number, value: number): this {
    this.#tag(field, VARINT);
    this.#varint(value);
    return this;
  }

  double(field: number, value: number): this {
    this.#tag(field, FIXED64);
    const at = this.#take(8);
    this.#view.setFloat64(at, value, true);
    return this;
  }

  /** A float: the nearest number of 32 bits. */
  float(field: number, value: number): this {
    this.#tag(field, FIXED32);
    const at = this.#take(4);
    this.#view.setFloat32(at, value, true);
    return this;
  }

  text(field: number, value: string): this {
    if (value.length > SHORT_TEXT) return this.data(field, encoder.encode(value));
    this.#tag(field, LENGTH);
    const at = this.#take(1 + 3 * value.length);
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(at + 1));
    this.#bytes[at] = written;
    this.#length = at + 1 + written;
    return this;
  }

  message(field: number, value: Message): this {
    return this.data(field, value.bytes);
  }

  /** A message whose fields `write` writes into the one that it is given. */
  nested(field: number, write: (message: this) => void): this {
    this.#tag(field, LENGTH);
    const at = this.#take(1);
    write(this);
    const length = this.#length - at - 1;
    if (length < 0x80) {
      this.#bytes[at] = length;
      return this;
    }
    const written = this.bytes.slice(at + 1); // its length takes more than the byte that was left for it
    this.#length = at;
    this.#varint(length);
    const to = this.#take(length);
    this.#bytes.set(written, to);
    return this;
  }

  data(field: number, value: Uint8Array): this {
    this.opening(field, value.length);
    const at = this.#take(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** The beginning of a field of that many bytes, which the caller writes behind the message. */
  opening(field: number, length: number): this {
    this.#tag(field, LENGTH);
    this.#varint(length);
    return this;
  }

  /** Repeated doubles, packed. */
  doubles(field: number, values: readonly number[]): this {
    this.#tag(field, LENGTH);
    this.#varint(values.length * 8);
    const at = this.#take(values.length * 8);
    for (const [index, value] of values.entries()) this.#view.setFloat64(at + index * 8, value, true);
    return this;
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number): void {
    let rest = value;
    let at = this.#take(VARINT_BYTES);
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[at++] = rest % 0x80 | 0x80;
    this.#bytes[at++] = rest;
    this.#length = at;
  }

  /** Room for some bytes more; where they begin. */
  #take(count: number): number {
    const at = this.#length;
    if (at + count > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, at + count));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#length += count;
    return at;
  }
}

/** A field of a message: a number where it is a varint, a float or a double, else the bytes of a text or a message. */
export interface Field {
  readonly field: number;
  readonly number: number;
  readonly bytes: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

/** The fields of a message, in their order. @throws {RangeError} if the bytes are not a message */
export function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1;; scale *= 0x80) {
      const byte = view.getUint8(at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case VARINT:
        yield { field, number: varint(), bytes: NO_BYTES };
        break;
      case FIXED64:
        yield { field, number: view.getFloat64(at, true), bytes: NO_BYTES };
        at += 8;
        break;
      case FIXED32:
        yield { field, number: view.getFloat32(at, true), bytes: NO_BYTES };
        at += 4;
        break;
      case LENGTH: {
        const length = varint();
        if (at + length > bytes.length) throw new RangeError("a field is longer than its message");
        yield { field, number: NaN, bytes: bytes.subarray(at, at + length) };
        at += length;
        break;
      }
      default:
        throw new RangeError(`a field of the unknown kind ${tag % 8}`);
    }
  }
}

export const textOf = ({ bytes }: Field): string => new TextDecoder().decode(bytes);

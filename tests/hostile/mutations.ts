/** Hostile copies of a file, the same ones for the same seed. */
import { random } from "../helpers/npz.ts";

/** Sizes and counts that no small file has. */
const SIZES = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 2 ** 40, 2 ** 53, 2 ** 63];

type Bytes = Uint8Array<ArrayBuffer>;
type Draw = (below: number) => number;

const cut = (bytes: Bytes, draw: Draw) => bytes.slice(0, draw(bytes.length));

function flipped(bytes: Bytes, draw: Draw): Bytes {
  for (let flips = 1 + draw(8); flips > 0; flips--) bytes[draw(bytes.length)]! ^= 1 << draw(8);
  return bytes;
}

const filled = (bytes: Bytes, draw: Draw): Bytes =>
  bytes.fill(draw(2) === 0 ? 0 : 255, draw(bytes.length), draw(bytes.length));

const repeated = (bytes: Bytes, draw: Draw): Bytes =>
  bytes.copyWithin(draw(bytes.length), draw(bytes.length), draw(bytes.length));

/** A stretch is taken out, or put in once more, so that all behind it lies elsewhere. */
function spliced(bytes: Bytes, draw: Draw): Bytes {
  const [at, from, length] = [draw(bytes.length), draw(bytes.length), 1 + draw(64)];
  const between = draw(2) === 0 ? new Uint8Array(0) : bytes.slice(from, from + length);
  const behind = bytes.slice(between.length > 0 ? at : at + length);
  const out = new Uint8Array(Math.min(at, bytes.length) + between.length + behind.length);
  out.set(bytes.subarray(0, at));
  out.set(between, at);
  out.set(behind, at + between.length);
  return out;
}

/** A number in the file becomes another one: one of bytes, or where there are digits, one in digits. */
function blownUp(bytes: Bytes, draw: Draw): Bytes {
  const size = SIZES[draw(SIZES.length)]!, at = draw(bytes.length);
  const isDigit = (byte: number | undefined) => byte !== undefined && byte >= 48 && byte <= 57;
  const digit = draw(2) === 0 ? bytes.findIndex((byte, i) => i >= at && isDigit(byte)) : -1;
  if (digit >= 0) {
    let end = digit;
    while (isDigit(bytes[end])) end++;
    const text = new TextEncoder().encode(draw(4) === 0 ? `-${size}` : String(size));
    const out = new Uint8Array(bytes.length - (end - digit) + text.length);
    out.set(bytes.subarray(0, digit));
    out.set(text, digit);
    out.set(bytes.subarray(end), digit + text.length);
    return out;
  }
  const number = new DataView(new ArrayBuffer(8)), isLittle = draw(2) === 0, width = 2 ** draw(4);
  if (width === 8) number.setBigUint64(0, BigInt(size), isLittle);
  else if (width === 4) number.setUint32(0, size, isLittle);
  else if (width === 2) number.setUint16(0, size, isLittle);
  else number.setUint8(0, size);
  for (let i = 0; i < width && at + i < bytes.length; i++) bytes[at + i] = number.getUint8(i);
  return bytes;
}

const KINDS = [cut, flipped, filled, repeated, spliced, blownUp];

/** One of the copies of a file. */
export function mutated(bytes: Uint8Array, number: number, seed = 1): Bytes {
  const next = random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
  const draw: Draw = (below) => Math.floor(next() * below);
  const copy = Uint8Array.from(bytes);
  return copy.length === 0 ? copy : KINDS[number % KINDS.length]!(copy, draw);
}

/** Copies of a file that are cut short, spliced, or have flipped bits, other sizes, and zeroed or repeated stretches. */
export function* mutations(bytes: Uint8Array, count: number, seed = 1): Generator<Bytes> {
  for (let number = 0; number < count; number++) yield mutated(bytes, number, seed);
}

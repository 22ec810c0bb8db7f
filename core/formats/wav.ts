/**
 * WAV files: RIFF, and RF64 and BW64 for more than 4 GB (EBU Tech 3306, ITU-R BS.2088), with PCM of 8 to 32 bits or floating
 * point. Other chunks than `fmt ` and `data` are passed over.
 */
import { MalformedError, UserError } from "../errors.ts";
import { countText } from "../figures.ts";
import type { InputFile } from "./file.ts";
import { toNumbers, type ValueType } from "./values.ts";

export interface WavHead {
  readonly channels: number;
  /** Samples a second, in Hz. */
  readonly rate: number;
  /** 8, 16, 24 or 32 for whole numbers; 32 or 64 for floating point. */
  readonly bits: number;
  readonly float: boolean;
  /** Samples of each channel. */
  readonly samples: number;
  /** The byte at which they begin. */
  readonly start: number;
  /** Whether the length was taken from the file's, since the header does not know it. */
  readonly isOpenEnded: boolean;
}

const PCM = 1, FLOAT = 3, EXTENSIBLE = 0xfffe;
/** The rest of an extensible format's number behind its first two bytes (RFC 2361). */
const GUID_TAIL = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
/** Stands for a length that a 64 bit header has, or that nobody knows. */
const UNKNOWN = 0xffffffff;
const CHANNELS_MAX = 1024;

/** Whether a file begins like this. */
export function isWav(head: Uint8Array): boolean {
  const name = (at: number) => String.fromCharCode(...head.subarray(at, at + 4));
  return ["RIFF", "RF64", "BW64"].includes(name(0)) && name(8) === "WAVE";
}

/** @throws {UserError} where the file is damaged, or holds another kind of values */
export async function readWavHead(file: InputFile): Promise<WavHead> {
  const bad = (what: string) => new MalformedError(file.path, what);
  const bytes = async (at: number, length: number) => {
    const out = new Uint8Array(Math.max(0, Math.min(length, file.size - at)));
    await file.readAt(at, out);
    return out;
  };
  if (!isWav(await bytes(0, 12))) throw bad("is not a WAV file");
  let format: Omit<WavHead, "samples" | "start" | "isOpenEnded"> | undefined;
  let longLength: number | undefined;
  for (let at = 12; at + 8 <= file.size;) {
    const head = await bytes(at, 8);
    const name = String.fromCharCode(...head.subarray(0, 4));
    const length = new DataView(head.buffer).getUint32(4, true);
    const start = at + 8;
    if (name === "ds64") {
      const long = await bytes(start, 16);
      if (long.length === 16) longLength = Number(new DataView(long.buffer).getBigUint64(8, true));
    } else if (name === "fmt ") {
      format = formatOf(file.path, await bytes(start, Math.min(length, 40)));
    } else if (name === "data") {
      if (format === undefined) throw bad("its samples come before the description of their format");
      const left = file.size - start;
      const isOpenEnded = length === UNKNOWN && longLength === undefined;
      const held = isOpenEnded ? left : length === UNKNOWN ? longLength! : length;
      if (held > left) throw bad(`claims ${countText(held)} bytes of samples, the file holds ${countText(left)}`);
      const frame = format.channels * format.bits / 8;
      if (held % frame !== 0 && !isOpenEnded) {
        throw bad(`its ${countText(held)} bytes of samples are no multiple of the ${frame} of one of each channel`);
      }
      return { ...format, samples: Math.floor(held / frame), start, isOpenEnded };
    }
    // Chunks begin at even bytes.
    at = start + length + length % 2;
  }
  throw bad(format === undefined ? "has no description of its format" : "has no samples");
}

function formatOf(path: string, bytes: Uint8Array): Omit<WavHead, "samples" | "start" | "isOpenEnded"> {
  if (bytes.length < 16) throw new MalformedError(path, "the description of its format is cut short");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [channels, rate, frame, bits] = [
    view.getUint16(2, true),
    view.getUint32(4, true),
    view.getUint16(12, true),
    view.getUint16(14, true),
  ];
  let code = view.getUint16(0, true);
  if (code === EXTENSIBLE) {
    const isKnown = bytes.length === 40 && GUID_TAIL.every((byte, i) => bytes[26 + i] === byte);
    if (!isKnown) throw new MalformedError(path, "its extensible format is not one of samples");
    code = view.getUint16(24, true);
  }
  const float = code === FLOAT;
  const readable = float ? [32, 64] : code === PCM ? [8, 16, 24, 32] : [];
  if (!readable.includes(bits)) {
    const what = code === PCM || float
      ? `holds samples of ${bits} bits`
      : `holds samples of the compressed format ${code}`;
    throw new UserError(path, what, "save it as PCM of 8, 16, 24 or 32 bits, or as floating point");
  }
  if (channels < 1 || channels > CHANNELS_MAX) throw new MalformedError(path, `claims ${channels} channels`);
  if (rate < 1) throw new MalformedError(path, `claims ${rate} samples a second`);
  if (frame !== channels * bits / 8) {
    const needed = channels * bits / 8;
    throw new MalformedError(path, `claims ${frame} bytes for a sample of each channel, ${needed} are needed`);
  }
  return { channels, rate, bits, float };
}

/**
 * Samples of shape [channels, count]: whole numbers as parts of the largest one, from -1 to 1 (of 8 bits, 128 is 0);
 * floating point as it is.
 */
export async function readWav(file: InputFile, head: WavHead, from: number, count: number): Promise<Float32Array> {
  const { channels, bits, float, start } = head;
  const frame = channels * bits / 8;
  const bytes = new Uint8Array(count * frame);
  await file.readAt(start + from * frame, bytes);
  const values = new Float32Array(count * channels);
  if (bits === 24) {
    for (let i = 0, at = 0; i < values.length; i++, at += 3) {
      values[i] = (bytes[at]! << 8 | bytes[at + 1]! << 16 | bytes[at + 2]! << 24) / 2 ** 31;
    }
  } else {
    const type: ValueType = float
      ? bits === 32 ? "float32" : "float64"
      : bits === 8
      ? "uint8"
      : `int${bits as 16 | 32}`;
    toNumbers(type, "little", bytes, values);
    const scale = 2 ** (1 - bits);
    if (bits === 8) { for (let i = 0; i < values.length; i++) values[i] = (values[i]! - 128) / 128; }
    else if (!float) { for (let i = 0; i < values.length; i++) values[i]! *= scale; }
  }
  return channels === 1 ? values : byChannel(values, channels, count);
}

/** Samples of all channels beside each other, as one channel after another. */
export function byChannel(values: Float32Array, channels: number, count: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < count; i++) out[channel * count + i] = values[i * channels + channel]!;
  }
  return out;
}

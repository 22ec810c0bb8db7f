/**
 * FLAC files (RFC 9639), decoded by libFLAC in WebAssembly, whole. The sum of the samples that the encoder noted is checked.
 */
import { createHash } from "node:crypto";
import { MalformedError, UserError } from "../errors.ts";
import { countText } from "../figures.ts";
import type { InputFile } from "./file.ts";

export interface FlacHead {
  readonly channels: number;
  /** Samples a second, in Hz. */
  readonly rate: number;
  readonly bits: number;
  /** Samples of each channel. */
  readonly samples: number;
  /** MD5 of the samples in hexadecimal digits; null where the encoder noted none. */
  readonly sum: string | null;
}

const HEAD_BYTES = 42;
/** Values of a recording, which is decoded whole. */
const VALUES_MAX = 2 ** 27;
/** Values that a byte of a file can become: a constant frame of 65536 samples takes at least 10 bytes. */
const VALUES_OF_BYTE = 65536;

/** Whether a file begins like this. */
export const isFlac = (head: Uint8Array): boolean => String.fromCharCode(...head.subarray(0, 4)) === "fLaC";

/** @throws {UserError} where the file is damaged, or too long */
export async function readFlacHead(file: InputFile): Promise<FlacHead> {
  const bad = (what: string) => new MalformedError(file.path, what);
  const head = new Uint8Array(Math.min(HEAD_BYTES, file.size));
  await file.readAt(0, head);
  if (!isFlac(head)) throw bad("is not a FLAC file");
  if (head.length < HEAD_BYTES || (head[4]! & 0x7f) !== 0) throw bad("its header is cut short");
  const view = new DataView(head.buffer);
  const packed = view.getUint32(18);
  const rate = packed >>> 12, channels = (packed >>> 9 & 7) + 1, bits = (packed >>> 4 & 31) + 1;
  const samples = (packed & 15) * 2 ** 32 + view.getUint32(22);
  if (rate === 0) throw bad("claims 0 samples a second");
  if (bits < 4 || bits > 24) {
    throw new UserError(file.path, `holds samples of ${bits} bits`, "save it with 8 to 24 bits");
  }
  if (samples === 0) {
    throw new UserError(file.path, "its header does not say how long it is", "encode it again from a file");
  }
  if (samples * channels > VALUES_MAX) {
    const what = `has ${countText(samples * channels)} samples, more than the ${
      countText(VALUES_MAX)
    } that are decoded`;
    throw new UserError(file.path, what, "save it as WAV, of which parts are read, or cut it");
  }
  if (samples > VALUES_OF_BYTE * file.size) {
    throw bad(`claims ${countText(samples)} samples, more than its bytes can hold`);
  }
  const sum = Array.from(head.subarray(26), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { channels, rate, bits, samples, sum: /^0+$/.test(sum) ? null : sum };
}

interface Decoder {
  readonly ready: Promise<void>;
  reset(): Promise<void>;
  decodeFile(
    bytes: Uint8Array,
  ): Promise<{ readonly channelData: readonly Float32Array[]; readonly samplesDecoded: number }>;
}

let decoder: Promise<Decoder> | undefined;

async function begin(): Promise<Decoder> {
  const { FLACDecoder } = await import("@wasm-audio-decoders/flac");
  const made = new FLACDecoder() as unknown as Decoder;
  await made.ready;
  return made;
}

/** All samples, of shape [channels, samples], as parts of the largest whole number, from -1 to 1. @throws {MalformedError} */
export async function readFlac(file: InputFile, head: FlacHead): Promise<Float32Array> {
  const { channels, bits, samples, sum } = head;
  const bytes = new Uint8Array(file.size);
  await file.readAt(0, bytes);
  const made = await (decoder ??= begin());
  await made.reset();
  let decoded: Awaited<ReturnType<Decoder["decodeFile"]>>;
  try {
    decoded = await made.decodeFile(bytes);
  } catch (error) {
    // What gave up in the middle is not used again.
    decoder = undefined;
    const why = error instanceof Error && error.message ? `: ${error.message}` : "";
    throw new MalformedError(file.path, `cannot be decoded as FLAC${why}`);
  }
  const { channelData, samplesDecoded } = decoded;
  if (
    samplesDecoded !== samples || channelData.length !== channels ||
    channelData.some(({ length }) => length !== samples)
  ) {
    throw new MalformedError(file.path, `is damaged: ${samplesDecoded} of its ${samples} samples can be decoded`);
  }
  // The decoder divides by the largest number, so that these are whole again.
  const most = 2 ** (bits - 1) - 1;
  const values = new Float32Array(channels * samples);
  const hash = createHash("md5");
  const size = Math.ceil(bits / 8);
  const part = new Uint8Array(Math.min(samples, 65536) * channels * size);
  for (let from = 0; from < samples; from += 65536) {
    const count = Math.min(65536, samples - from);
    for (let i = 0, at = 0; i < count; i++) {
      for (let channel = 0; channel < channels; channel++) {
        const value = Math.round(channelData[channel]![from + i]! * most);
        values[channel * samples + from + i] = value / (most + 1);
        for (let byte = 0; byte < size; byte++) part[at++] = value >> 8 * byte;
      }
    }
    hash.update(part.subarray(0, count * channels * size));
  }
  if (sum !== null && hash.digest("hex") !== sum) {
    throw new MalformedError(file.path, "is damaged: the MD5 of its samples is not as the encoder noted");
  }
  return values;
}

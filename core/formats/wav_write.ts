/** Writes recordings as WAV files of 32 bit floating point (IEEE float, format 3), which keep every value as it is. */
import { UserError } from "../errors.ts";
import { writeAtomically } from "./file.ts";

const FLOAT = 3, HEADER_BYTES = 58;

/**
 * A recording as a file.
 * @param channels one after the other, as rows have them; in the file the samples of a time lie beside each other
 * @param rate samples a second, in Hz, a whole number
 */
export function wavOf(channels: Float32Array, count: number, rate: number): Uint8Array<ArrayBuffer> {
  const samples = channels.length / count, bytes = 4 * channels.length;
  const out = new Uint8Array(HEADER_BYTES + bytes);
  const view = new DataView(out.buffer);
  const name = (at: number, text: string) => new TextEncoder().encodeInto(text, out.subarray(at, at + 4));
  name(0, "RIFF");
  view.setUint32(4, out.length - 8, true);
  name(8, "WAVE");
  name(12, "fmt ");
  view.setUint32(16, 18, true);
  view.setUint16(20, FLOAT, true);
  view.setUint16(22, count, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 4 * count, true);
  view.setUint16(32, 4 * count, true);
  view.setUint16(34, 32, true);
  name(38, "fact");
  view.setUint32(42, 4, true);
  view.setUint32(46, samples, true);
  name(50, "data");
  view.setUint32(54, bytes, true);
  for (let channel = 0; channel < count; channel++) {
    for (let at = 0; at < samples; at++) {
      view.setFloat32(HEADER_BYTES + 4 * (at * count + channel), channels[channel * samples + at]!, true);
    }
  }
  return out;
}

/** The largest number of bytes that the header can say. */
const BYTES_MAX = 0xffffffff;

/** @throws {UserError} where the header cannot say the rate, the channels or the length */
export function requireWav(field: string, count: number, samples: number, rate: number): void {
  const bad = !Number.isInteger(rate)
    ? `${rate} samples a second, but a WAV file has a whole number`
    : count > 0xffff
    ? `${count} channels, more than the 65535 of a WAV file`
    : HEADER_BYTES + 4 * count * samples > BYTES_MAX || rate * 4 * count > BYTES_MAX
    ? "more bytes than a WAV file can say"
    : null;
  if (bad !== null) throw new UserError(field, `the rows have ${bad}`, "write them to a .npy file");
}

export const writeWav = (path: string, channels: Float32Array, count: number, rate: number): Promise<void> =>
  writeAtomically(path, (file) => file.write(wavOf(channels, count, rate)));

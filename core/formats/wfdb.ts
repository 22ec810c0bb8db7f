/**
 * Records of the Waveform Database (PhysioNet): a header as text, `.hea`, and samples in files beside it
 * (https://physionet.org/physiotools/wag/header-5.htm).
 */
import { dirname, join } from "@std/path";
import { MalformedError, UserError } from "../errors.ts";
import { countText } from "../figures.ts";
import { InputFile } from "./file.ts";
import { isSampleFormat, missingValue, type SampleFormat, SampleReader, samplesHeld } from "./wfdb_samples.ts";

interface Signal {
  /** The file of its samples, beside the header. */
  readonly file: string;
  readonly format: SampleFormat;
  /** Bytes of the file before the first sample. */
  readonly offset: number;
  /** The value before the first sample, where differences are stored. */
  readonly initial: number;
  /** A physical value is (sample - baseline) / gain. */
  readonly gain: number;
  readonly baseline: number;
  readonly units: string;
  /** The sum of its samples, of 16 bits; null where the header has none. */
  readonly checksum: number | null;
}

export interface WfdbHead {
  readonly channels: number;
  /** In Hz. */
  readonly rate: number;
  /** Of each channel. */
  readonly samples: number;
  /** Of the channels, without repetition. */
  readonly units: readonly string[];
  readonly signals: readonly Signal[];
  readonly groups: readonly Group[];
}

const HEADER_BYTES_MAX = 1 << 20, CHANNELS_MAX = 1024;
const DEFAULT_RATE = 250, DEFAULT_GAIN = 200;

/** Whether text is the start of a header: a record's name, the number of its signals, and what may follow. */
export function isWfdbHeader(head: Uint8Array): boolean {
  const text = new TextDecoder("latin1").decode(head);
  const line = text.split(/\r?\n/).find((each) => each.trim() !== "" && !each.startsWith("#")) ?? "";
  return /^[\w-]+(\/\d+)?\s+\d{1,4}(\s+[\d.]+\S*(\s+\d+.*)?)?\s*$/.test(line);
}

/** @throws {UserError} where the header is damaged, or says what is not read */
export async function readWfdbHead(file: InputFile): Promise<WfdbHead> {
  const bad = (what: string) => new MalformedError(file.path, what);
  if (file.size > HEADER_BYTES_MAX) throw bad(`has ${countText(file.size)} bytes, more than a header can need`);
  const bytes = new Uint8Array(file.size);
  await file.readAt(0, bytes);
  if (!isWfdbHeader(bytes)) throw bad("is no header of a WFDB record");
  const lines = new TextDecoder().decode(bytes).split(/\r?\n/).map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const [name, count, rateText = String(DEFAULT_RATE), samplesText = "0"] = lines[0]!.split(/\s+/) as [string, string];
  if (name.includes("/")) {
    throw new UserError(file.path, "is a record of several segments", "name the headers of its segments");
  }
  const channels = Number(count), rate = Number.parseFloat(rateText);
  if (channels < 1 || channels > CHANNELS_MAX) throw bad(`has ${channels} signals`);
  if (!(rate > 0 && rate < Infinity)) throw bad(`claims ${rateText} samples a second`);
  if (lines.length <= channels) throw bad(`describes ${lines.length - 1} of its ${channels} signals`);
  const signals = lines.slice(1, channels + 1).map((line) => signalOf(file.path, line));
  const groups = groupsOf(file.path, signals);
  const held = Math.min(...await Promise.all(groups.map((group) => samplesIn(file.path, group))));
  const claimed = Number(samplesText);
  if (!Number.isSafeInteger(claimed) || claimed < 0) throw bad(`claims ${samplesText} samples`);
  if (claimed > held) throw bad(`claims ${countText(claimed)} samples, its files hold ${countText(held)}`);
  const units = [...new Set(signals.map((signal) => signal.units))];
  return { channels, rate, samples: claimed || held, units, signals, groups };
}

function signalOf(path: string, line: string): Signal {
  const [file = "", format = "", gain = "", , zero = "0", initial = zero, sum] = line.split(/\s+/);
  const [, number = "", perFrame, skew, offset = "0"] = /^(\d+)(?:x(\d+))?(?::(\d+))?(?:\+(\d+))?$/.exec(format) ?? [];
  const refuse = (what: string) => new UserError(path, `${file}: ${what}`, "convert it to format 16");
  if (file === "" || /[/\\]/.test(file) || file.startsWith(".") || file === "-" || file === "~") {
    throw new MalformedError(path, `names the file ${JSON.stringify(file)}, which is not one beside it`);
  }
  if (!isSampleFormat(number)) throw refuse(`format ${format || "(none)"} is not read`);
  if (perFrame !== undefined && perFrame !== "1") throw refuse(`has ${perFrame} samples a frame, where 1 is read`);
  if (skew !== undefined && skew !== "0") throw refuse(`is moved by ${skew} samples against the others`);
  const [, factor = "0", baseline, units = "mV"] = /^([-+\d.eE]+)(?:\((-?\d+)\))?(?:\/(\S+))?$/.exec(gain) ?? [];
  return {
    file,
    format: Number(number) as SampleFormat,
    offset: Number(offset),
    initial: Number(initial) | 0,
    gain: Number(factor) || DEFAULT_GAIN,
    baseline: Number(baseline ?? zero),
    units,
    checksum: sum === undefined ? null : Number(sum) & 0xffff,
  };
}

/** Signals of one file, whose samples take turns. */
interface Group {
  readonly file: string;
  /** Numbers of the channels. */
  readonly channels: readonly number[];
  readonly reader: SampleReader;
}

/** @throws {MalformedError} where signals of one file are stored in several ways */
function groupsOf(path: string, signals: readonly Signal[]): Group[] {
  const files = [...new Set(signals.map(({ file }) => file))];
  return files.map((file) => {
    const channels = signals.flatMap((signal, i) => signal.file === file ? [i] : []);
    const { format, offset } = signals[channels[0]!]!;
    if (channels.some((channel) => signals[channel]!.format !== format)) {
      throw new MalformedError(path, `says that signals of ${file} are of different formats`);
    }
    const initial = channels.map((channel) => signals[channel]!.initial);
    return { file, channels, reader: new SampleReader({ format, offset, initial }) };
  });
}

/** Samples of each channel that a file holds. */
async function samplesIn(header: string, { file: name, channels, reader: { samples } }: Group): Promise<number> {
  using file = await InputFile.open(join(dirname(header), name));
  return Math.floor(samplesHeld(samples.format, Math.max(0, file.size - samples.offset)) / channels.length);
}

/**
 * Samples [from, from + count) of shape [channels, count], in the units of the header. What the format marks as missing is NaN.
 * @throws {UserError}
 */
export async function readWfdb(path: string, head: WfdbHead, from: number, count: number): Promise<Float32Array> {
  const out = new Float32Array(head.channels * count);
  for (const { file: beside, channels, reader } of head.groups) {
    const name = join(dirname(path), beside);
    using file = await InputFile.open(name);
    const values = await reader.read(file, from, count);
    const missing = missingValue(reader.samples.format);
    for (const [k, channel] of channels.entries()) {
      const { gain, baseline, checksum } = head.signals[channel]!;
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const value = values[i * channels.length + k]!;
        sum = sum + value & 0xffff;
        out[channel * count + i] = value === missing ? NaN : (value - baseline) / gain;
      }
      if (checksum !== null && count === head.samples && sum !== checksum) {
        throw new MalformedError(name, `the sum of channel ${channel + 1} is ${sum}, its header says ${checksum}`);
      }
    }
  }
  return out;
}

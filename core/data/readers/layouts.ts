/**
 * Files of ultrasound whose layout is published: which array holds the signals, what its axes are, and where the rate stands. What a
 * user says comes before it.
 */
import { sizeOf } from "../../shapes.ts";
import type { ArrayFile } from "./array_files.ts";
import type { Axis } from "./axes.ts";
import type { Listed } from "./members.ts";

export interface Layout {
  /** Whose it is, and what a row is, in a sentence. */
  readonly about: string;
  readonly member: string;
  /** The rest of `data.reader`, without what the file does not tell. */
  readonly settings: Readonly<Record<string, unknown>>;
}

type Find = (file: ArrayFile) => Promise<Layout | null> | Layout | null;

/** Settings without those that are not known. */
const known = (settings: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));

const named = ({ members }: ArrayFile, name: string): Listed | undefined =>
  members.find((member) => member.name === name);

/** The first of some names that a single number has. */
const single = (file: ArrayFile, ...names: readonly string[]): string | undefined =>
  names.find((name) => named(file, name)?.isNumeric && sizeOf(named(file, name)!.shape) === 1);

const rows = (count: number): Axis[] => Array<Axis>(count).fill("row");

/** zea: frames x transmits x samples x elements x channels; with several sequences of transmits, the same in `tracks/track_0`. */
const zea: Find = (file) => {
  const raw = file.members.filter(({ name, shape }) =>
    /^(tracks\/track_\d+\/)?data\/raw_data$/.test(name) && shape.length === 5
  );
  const [first] = raw;
  if (
    first === undefined ||
    raw.some(({ shape: [, , samples, , channels] }) => samples !== first.shape[2] || channels !== first.shape[4])
  ) return null;
  const scan = first.name.replace(/data\/raw_data$/, "scan/");
  return {
    about: "zea's: a row is the line of an element",
    member: raw.length === 1 ? first.name : "tracks/*/data/raw_data",
    settings: known({
      axes: ["row", "row", "sample", "row", "channel"],
      rate: single(file, `${scan}sampling_frequency`),
    }),
  };
};

/** UFF, of USTB, of version 0.3 and as in PICMUS: frames x waves x channels x samples, without frames or waves where there is one. */
const uff: Find = async (file) => {
  const found = file.members.find(({ name, shape, isNumeric }) =>
    /^(channel_data|US\/US_DATASET\d+)\/data$/.test(name) && isNumeric && shape.length >= 2 && shape.length <= 4
  );
  if (found === undefined) return null;
  const group = found.name.replace(/data$/, "");
  const events = file.members.map(({ name }) => name).filter((name) =>
    name.startsWith(`${group}unique_events/`) && name.endsWith("/sampling_frequency")
  );
  // What is not modulated has no imaginary part.
  const carrier = found.isComplex ? await file.number(`${group}modulation_frequency`) : undefined;
  return {
    about: `UFF's: a row is the line of a channel${carrier === 0 ? ", of which the imaginary part is 0" : ""}`,
    member: found.name,
    settings: known({
      axes: [...rows(found.shape.length - 1), "sample"],
      rate: single(file, `${group}sampling_frequency`, ...events),
      complex: carrier === 0 ? "real" : undefined,
    }),
  };
};

/** k-Wave: pressures of all sensors at one time after another, in an array of three axes as all of its arrays. */
const kWave: Find = (file) => {
  const pressure = named(file, "p"), interval = single(file, "dt");
  const isRecorded = pressure?.isNumeric && pressure.shape.length === 3 && pressure.shape[0] === 1;
  if (!isRecorded || interval === undefined || named(file, "Nt") === undefined) return null;
  return {
    about: "k-Wave's: a row is the pressure at a sensor",
    member: "p",
    settings: { axes: ["row", "sample", "row"], interval },
  };
};

/** PyBF: an array for each shot of each frame, of elements and samples, of which there are more. */
const pybf: Find = (file) => {
  const shots = file.members.filter(({ name, shape }) =>
    /^data\/rf_data\/[^/]+\/[^/]+$/.test(name) && shape.length === 2
  );
  const [first] = shots;
  if (first === undefined) return null;
  const [one, two] = first.shape as [number, number];
  return {
    about: "PyBF's: a row is the line of an element of a shot",
    member: "data/rf_data/*/*",
    settings: known({
      axes: one > two ? ["sample", "row"] : ["row", "sample"],
      rate: single(file, "data/f_sampling"),
    }),
  };
};

/** URX: lines of all channels, events and sequences one after another; of complex numbers both parts beside each other. */
const urx: Find = async (file) => {
  const raw = file.members.filter(({ name, shape }) =>
    /^dataset\/acquisition\/groups_data\/\d+\/raw_data$/.test(name) && shape.length === 2 && shape[1]! <= 2
  );
  const [first] = raw;
  if (first === undefined) return null;
  const group = await file.number(first.name.replace(/raw_data$/, "group")) ?? 0;
  const setups = `dataset/acquisition/groups/${String(group).padStart(8, "0")}/sequence/`;
  const lengths = new Set<number | undefined>();
  for (const { name } of file.members) {
    if (name.startsWith(setups) && name.endsWith("/receive_setup/number_samples")) lengths.add(await file.number(name));
  }
  const [window] = lengths;
  if (raw.length > 1 || lengths.size !== 1 || window === undefined || !(window > 0)) return null;
  const setup = file.members.find(({ name }) => name.startsWith(setups) && name.endsWith("/sampling_frequency"));
  return {
    about: `URX's: a row is the line of a channel, ${window} samples`,
    member: first.name,
    settings: known({ axes: ["sample", "channel"], window, rate: setup && single(file, setup.name) }),
  };
};

/** All values of a field of one or several structures; undefined where they are no single numbers. */
async function fieldOf(file: ArrayFile, structures: string, field: string): Promise<readonly number[] | undefined> {
  const all = named(file, `${structures}/${field}`);
  if (!all?.isNumeric) return undefined;
  const count = sizeOf(all.shape);
  if (count > 1 && all.shape[0] !== count) return undefined;
  const { values, strides } = await file.read(all.name, all.shape.map(() => 0), all.shape);
  return Array.from({ length: count }, (_, i) => values[i * (strides[0] ?? 0)]!);
}

/** Verasonics: samples of all acquisitions of a frame x channels x frames, in a cell for each buffer. */
const verasonics: Find = async (file) => {
  const buffer = named(file, "RcvData{1}") ?? named(file, "RcvData");
  if (!buffer?.isNumeric || buffer.shape.length < 2 || buffer.shape.length > 3) return null;
  const [starts, ends, frames, buffers] = await Promise.all(
    ["startSample", "endSample", "framenum", "bufnum"].map((field) => fieldOf(file, "Receive", field)),
  );
  // The acquisitions of a frame, which lie one behind another.
  const own = (starts ?? []).flatMap((_, i) => (frames?.[i] ?? 1) === 1 && (buffers?.[i] ?? 1) === 1 ? [i] : []);
  const lengths = new Set(own.map((i) => (ends?.[i] ?? NaN) - starts![i]! + 1));
  const [window] = lengths, until = Math.max(0, ...own.map((i) => ends?.[i] ?? NaN));
  const isCut = lengths.size === 1 && window! > 0 && until % window! === 0 && until <= buffer.shape[0]!;
  const rate = single(file, "Receive(1)/decimSampleRate", "Receive/decimSampleRate");
  return {
    about: "Verasonics': a row is the line of a channel" +
      (isCut ? ` of an acquisition, ${window} samples` : " of a frame"),
    member: buffer.name,
    settings: known({
      axes: ["sample", ...rows(buffer.shape.length - 1)],
      ...isCut ? { window, until: until < buffer.shape[0]! ? until : undefined } : {},
      rate: rate && `${rate} MHz`,
    }),
  };
};

/** zea's files without signals: pictures of frames, before or after their conversion to lengths. */
const zeaPictures: Find = (file) => {
  const picture = file.members.find(({ name, shape, isNumeric }) =>
    /^data\/image(_sc)?(\/(pixels|values))?$/.test(name) && isNumeric && shape.length === 3
  );
  return picture === undefined ? null : {
    about: "zea's: a row is the picture of a frame",
    member: picture.name,
    settings: { axes: ["row", "height", "width"] },
  };
};

const LAYOUTS: Readonly<Record<string, readonly Find[]>> = {
  hdf5: [zea, uff, kWave, pybf, urx, zeaPictures],
  mat: [verasonics],
};

/** The layout of a file of a format; null where it is not one that is known. */
export async function layoutOf(format: string, file: ArrayFile): Promise<Layout | null> {
  for (const find of LAYOUTS[format] ?? []) {
    const layout = await find(file);
    if (layout !== null) return layout;
  }
  return null;
}

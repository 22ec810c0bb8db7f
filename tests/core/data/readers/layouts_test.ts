/** Files of ultrasound of published layouts are read from their path alone: which array, its axes and the rate are concluded. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { openHdf5 } from "../../../../core/data/readers/hdf5.ts";
import { openMatlab } from "../../../../core/data/readers/mat.ts";
import type { Reader } from "../../../../core/data/readers/reader.ts";
import { testInFolder } from "../../../temp.ts";
import { type Dataset, makeHdf5 } from "./make_hdf5.ts";
import { readAll, refusalOf } from "./read_all.ts";

const reader = (open: Reader["open"]): Reader => ({ format: "x", about: "a file", claims: () => true, open });
const hdf5 = reader(openHdf5), mat = reader(openMatlab);
const one = (value: number): Dataset => ({ data: Float64Array.of(value) });

/** An array of which each value tells its place: the index of each axis times its factor. */
function placed(shape: readonly number[], factors: readonly number[]): Dataset {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  data.forEach((_, i) => {
    let left = i;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      data[i]! += factors[axis]! * (left % shape[axis]!);
      left = Math.floor(left / shape[axis]!);
    }
  });
  return { data, shape };
}

/** Samples of a line that begins with a value: each is 1 more. */
const line = (first: number, samples: number) => Array.from({ length: samples }, (_, i) => first + i);
const over = <T>(length: number, value: (i: number) => T | T[]) => Array.from({ length }, (_, i) => value(i)).flat();

testInFolder("zea: lines of elements, with one or two channels, and of several tracks", async (dir) => {
  const path = join(dir, "a.hdf5");
  const raw = (channels: number, frames = 2) => placed([frames, 3, 6, 4, channels], [1000, 100, 1, 10, 0.5]);
  const others = { "scan/probe_geometry": placed([4, 3], [1, 1]), "data/image": placed([2, 5, 5], [1, 1, 1]) };
  for (const channels of [1, 2]) {
    await makeHdf5(path, { "data/raw_data": raw(channels), "scan/sampling_frequency": one(4e7), ...others });
    const rows = await readAll(hdf5, path, {}, 5);
    assertEquals([rows.rows, rows.shape, rows.rate], [24, [channels, 6], 4e7]);
    const lines = over(
      2,
      (f) => over(3, (t) => over(4, (e) => over(channels, (c) => line(1000 * f + 100 * t + 10 * e + c / 2, 6)))),
    );
    assertEquals(rows.values, lines);
    assert(rows.notes[0]!.startsWith("The layout is zea's: a row is the line of an element"), rows.notes[0]);
    assertEquals(rows.concluded, {
      member: "data/raw_data",
      settings: { axes: ["row", "row", "sample", "row", "channel"], rate: "scan/sampling_frequency" },
    });
  }
  const track = (i: number) => ({
    [`tracks/track_${i}/data/raw_data`]: raw(1, i + 1),
    [`tracks/track_${i}/scan/sampling_frequency`]: one(5),
  });
  await makeHdf5(path, { ...track(0), ...track(1) });
  const both = await readAll(hdf5, path);
  assertEquals([both.rows, both.shape, both.rate], [12 + 24, [1, 6], 5]);
  await makeHdf5(path, { "data/image/pixels": placed([3, 4, 5], [100, 10, 1]), "data/image/extent": placed([6], [1]) });
  const pictures = await readAll(hdf5, path);
  assertEquals([pictures.rows, pictures.shape, pictures.values], [
    3,
    [1, 4, 5],
    over(3, (f) => over(4, (y) => line(100 * f + 10 * y, 5))),
  ]);
  await makeHdf5(path, { ...track(0), ...track(1) });
  // What a user says comes first.
  const said = await readAll(hdf5, path, {
    member: "tracks/track_1/data/raw_data",
    settings: { axes: ["row", "row", "height", "width", "channel"] },
  });
  assertEquals([said.rows, said.shape, said.rate, said.concluded], [6, [1, 6, 4], undefined, undefined]);
});

testInFolder("UFF: of USTB, of version 0.3, and of PICMUS, in which imaginary parts are zeros", async (dir) => {
  const path = join(dir, "a.uff");
  const part = (add: number): Dataset => {
    const all = placed([2, 3, 4, 6], [1000, 100, 10, 1]);
    return { ...all, data: (all.data as Float32Array).map((value) => value + add) };
  };
  const pair = (group: string, carrier: number) => ({
    [`${group}/data/real`]: part(0),
    [`${group}/data/imag`]: part(0.5),
    [`${group}/sampling_frequency`]: one(2e7),
    [`${group}/modulation_frequency`]: one(carrier),
    [`${group}/probe/geometry`]: placed([7, 4], [1, 1]),
  });
  const firsts = over(2, (f) => over(3, (w) => over(4, (c) => 1000 * f + 100 * w + 10 * c)));
  await makeHdf5(path, pair("channel_data", 5e6));
  const complex = await readAll(hdf5, path, {}, 7);
  assertEquals([complex.rows, complex.shape, complex.rate], [24, [2, 6], 2e7]);
  assertEquals(complex.values, firsts.flatMap((first) => [...line(first, 6), ...line(first + 0.5, 6)]));
  await makeHdf5(path, pair("US/US_DATASET0000", 0));
  const real = await readAll(hdf5, path);
  assertEquals([real.rows, real.shape, real.values], [24, [1, 6], firsts.flatMap((first) => line(first, 6))]);
  const channels = await readAll(hdf5, path, { settings: { complex: "imag", rate: 7 } });
  assertEquals([channels.rate, channels.values[0]], [7, 0.5]);
  const setup = "channel_data/unique_events/00000001/receive_setup/sampling_frequency";
  await makeHdf5(path, { "channel_data/data": placed([3, 4, 6], [100, 10, 1]), [setup]: one(3e7) });
  const plain = await readAll(hdf5, path);
  assertEquals([plain.rows, plain.shape, plain.rate, plain.values.slice(6, 12)], [12, [1, 6], 3e7, line(10, 6)]);
});

testInFolder("k-Wave, PyBF and URX", async (dir) => {
  const path = join(dir, "a.h5");
  const cube = (value: number) => ({ data: Float32Array.of(value), shape: [1, 1, 1] });
  await makeHdf5(path, {
    p: placed([1, 6, 4], [0, 1, 10]),
    p_final: placed([1, 8, 8], [1, 1, 1]),
    dt: cube(0.25),
    Nt: cube(6),
  });
  const kWave = await readAll(hdf5, path);
  assertEquals([kWave.rows, kWave.shape, kWave.rate], [4, [1, 6], 4]);
  assertEquals(kWave.values, over(4, (sensor) => line(10 * sensor, 6)));
  const timed = await readAll(hdf5, path, { settings: { rate: 9 } });
  assertEquals(timed.rate, 9);

  for (const turned of [false, true]) {
    const shot = (k: number): Dataset => {
      const all = turned ? placed([6, 4], [1, 10]) : placed([4, 6], [10, 1]);
      return { ...all, data: (all.data as Float32Array).map((value) => value + 100 * k) };
    };
    const shots = Object.fromEntries(
      [0, 1, 2].map((k) => [`data/rf_data/frame_${1 + (k >> 1)}/shot_${1 + k % 2}`, shot(k)]),
    );
    await makeHdf5(path, { ...shots, "data/f_sampling": one(8), "sim_params/scatters_data": placed([3, 5], [1, 1]) });
    const rows = await readAll(hdf5, path);
    assertEquals([rows.rows, rows.shape, rows.rate], [12, [1, 6], 8]);
    assertEquals(rows.values, over(3, (k) => over(4, (element) => line(100 * k + 10 * element, 6))));
  }

  const events = [0, 1, 2], group = "dataset/acquisition/groups/00000000/sequence";
  const setups = (samples: readonly number[]) =>
    Object.fromEntries(events.flatMap((event) => {
      const setup = `${group}/0000000${event}/receive_setup`;
      return [[`${setup}/number_samples`, one(samples[event]!)], [`${setup}/sampling_frequency`, one(3e7)]];
    }));
  for (const parts of [1, 2]) {
    const raw = placed([2 * 3 * 4 * 6, parts], [1, 0.5]);
    await makeHdf5(path, { "dataset/acquisition/groups_data/00000000/raw_data": raw, ...setups([6, 6, 6]) });
    const rows = await readAll(hdf5, path);
    assertEquals([rows.rows, rows.shape, rows.rate], [24, [parts, 6], 3e7]);
    assertEquals(rows.values, over(24, (row) => over(parts, (part) => line(6 * row + part / 2, 6))));
  }
  // Lines of several lengths cannot be told apart by one window.
  await makeHdf5(path, {
    "dataset/acquisition/groups_data/00000000/raw_data": placed([96, 1], [1, 0]),
    ...setups([6, 8, 6]),
  });
  assertEquals((await readAll(hdf5, path)).concluded, undefined);
});

Deno.test("Verasonics: acquisitions of the first buffer, without what lies behind them", async () => {
  for (const name of ["verasonics5.mat", "verasonics73.mat"]) {
    const path = fromFileUrl(new URL(`../../../golden/${name}`, import.meta.url));
    const rows = await readAll(mat, path, {}, 5);
    assertEquals([rows.rows, rows.shape, rows.rate], [4 * 2 * 3, [1, 8], 62.5e6], name);
    const lines = over(
      4,
      (channel) => over(2, (frame) => over(3, (k) => line(1000 * frame + 100 * k + 10 * channel, 8))),
    );
    assertEquals(rows.values, lines);
    assertEquals(rows.concluded!.settings, {
      axes: ["sample", "row", "row"],
      window: 8,
      until: 24,
      rate: "Receive(1)/decimSampleRate MHz",
    });
    const second = await readAll(mat, path, {
      member: "RcvData{2}",
      settings: { axes: ["sample", "row", "row"], window: 4 },
    });
    assertEquals([second.rows, second.rate], [8, undefined]);
    const lost = await refusalOf(mat, path, { settings: { rate: "Receive(9)/decimSampleRate MHz" } });
    assert(lost.includes("has no array of one number Receive(9)/decimSampleRate"), lost);
    const alone = await refusalOf(mat, path, {
      member: "RcvData{1}",
      settings: { axes: ["sample", "row", "row"], until: 24 },
    });
    assert(alone.startsWith("data.reader.until: 24 needs a window"), alone);
  }
});

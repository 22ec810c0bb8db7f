import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { hdf5, openHdf5 } from "../../../../core/data/readers/hdf5.ts";
import { UserError } from "../../../../core/errors.ts";
import { Hdf5File } from "../../../../core/formats/hdf5.ts";
import { testInFolder } from "../../../temp.ts";
import { makeHdf5 } from "./make_hdf5.ts";
import { readAll, refusalOf } from "./read_all.ts";

const GOLDEN = fromFileUrl(new URL("../../../golden/hdf5.h5", import.meta.url));
/** The reader in this thread, and not in a process of its own. */
const inside = { ...hdf5, open: openHdf5 };
const range = (length: number) => Float32Array.from({ length }, (_, i) => i);

Deno.test("arrays as h5py writes them", async () => {
  const values = Array.from({ length: 24 }, (_, i) => i);
  const read = async (member: string) => (await readAll(hdf5, GOLDEN, { member }, 3)).values;
  assertEquals(await read("big"), values);
  assertEquals(await read("/truth"), values.map((value) => value % 2));
  assertEquals(await read("lzf"), values.map((value) => value / 4));
  assertEquals(await read("checked"), values);
  const source = await readAll(hdf5, GOLDEN, { member: "big", settings: { rate: "@rate" } });
  assertEquals([source.rows, source.shape, source.rate, source.rowNames], [4, [1, 6], 5208333.25, null]);
  assertEquals(source.members.map(({ name, type }) => `${name} ${type}`), [
    "big int16",
    "checked uint32",
    "complex complex float64",
    "half float16",
    "lzf float64",
    "text text",
    "truth enumeration",
  ]);
  assertEquals(source.notes, [
    "Links to other files are not followed: foreign.",
    "Rows of big (4 x 6) are its first axis, samples its second one; data.reader.axes says so otherwise.",
  ]);
  const complex = await readAll(hdf5, GOLDEN, { member: "complex" }),
    real = await readAll(hdf5, GOLDEN, {
      member: "complex",
      settings: { complex: "real" },
    });
  assertEquals(complex.shape, [2, real.columns]);
  assertEquals((await readAll(hdf5, GOLDEN, { member: "complex", settings: { complex: "imag" } })).values, real.values);
  assertEquals(complex.values.slice(0, 2 * real.columns), [1, 2].flatMap(() => real.values.slice(0, real.columns)));
  assert((await refusalOf(hdf5, GOLDEN, { member: "foreign" })).includes("has no array foreign"));
  assert((await refusalOf(hdf5, GOLDEN)).startsWith(`data.member: is not set, and ${GOLDEN} holds several arrays`));
});

testInFolder("any order of axes, in one part or many", async (dir) => {
  const path = join(dir, "a.h5");
  // 2 frames, 3 samples, 4 channels: the value is 100 frame + 10 channel + sample.
  const data = Float32Array.from(
    { length: 24 },
    (_, i) => 100 * Math.floor(i / 12) + 10 * (i % 4) + Math.floor(i / 4) % 3,
  );
  const line = (frame: number, channel: number) => [0, 1, 2].map((sample) => 100 * frame + 10 * channel + sample);
  const all = [0, 1].flatMap((frame) => [0, 1, 2, 3].map((channel) => line(frame, channel)));
  for (const chunks of [undefined, [1, 2, 3], [2, 3, 4]]) {
    await makeHdf5(path, { rf: { data, shape: [2, 3, 4], chunks } });
    for (const blockRows of [1, 3, 100]) {
      const read = async (axes: string[]) => await readAll(inside, path, { settings: { axes } }, blockRows);
      const frames = await read(["row", "sample", "channel"]);
      assertEquals([frames.rows, frames.shape, frames.values], [2, [4, 3], all.flat()]);
      const lines = await read(["row", "sample", "row"]);
      assertEquals([lines.rows, lines.shape, lines.values], [8, [1, 3], all.flat()]);
      const pictures = await read(["row", "width", "height"]);
      assertEquals([pictures.rows, pictures.shape, pictures.values], [2, [1, 4, 3], all.flat()]);
      const samples = await read(["sample", "row", "channel"]);
      assertEquals([samples.rows, samples.shape], [3, [4, 2]]);
      assertEquals(samples.values.slice(0, 8), [0, 100, 10, 110, 20, 120, 30, 130]);
    }
  }
  const windows = await readAll(inside, path, { settings: { axes: ["row", "sample", "row"], window: 2, hop: 1 } }, 5);
  assertEquals([windows.rows, windows.rowNames!.slice(0, 3)], [16, ["rf#1@0", "rf#1@1", "rf#2@0"]]);
  assertEquals(windows.values, all.flatMap(([a, b, c]) => [a!, b!, b!, c!]));
  const refusal = (settings: Record<string, unknown>) => refusalOf(inside, path, { settings });
  const proposed = await refusal({});
  assert(proposed.startsWith("data.reader.axes: is not set, and rf has more than two axes (2 x 3 x 4)"), proposed);
  assert(proposed.includes("such as [row, row, sample]: row, channel, sample"), proposed);
  assert(
    (await refusal({ axes: ["row", "sample"] })).startsWith("data.reader.axes: names 2 axes, rf has 3 (2 x 3 x 4)"),
  );
  assert((await refusal({ axes: ["row", "row", "row"] })).includes("names neither sample nor height and width"));
  assert((await refusal({ axes: ["row", "height", "row"] })).includes("one of height and width without the other"));
  assert((await refusal({ axes: ["frame", "sample", "row"] })).includes('has no word "frame"'));
  assert((await refusal({ axes: ["sample", "sample", "row"] })).includes("names sample twice"));
});

testInFolder("two arrays of real and imaginary parts, as in UFF, are one of complex numbers", async (dir) => {
  const path = join(dir, "a.uff"),
    values = (add: number) => ({ data: range(12).map((i) => add + i), shape: [2, 2, 3] });
  await makeHdf5(path, { "channel/data/real": values(0), "channel/data/imag": values(100), "fs": { data: [4] } });
  const settings = { axes: ["row", "channel", "sample"], rate: "fs" };
  const both = await readAll(hdf5, path, { settings }, 1);
  assertEquals([both.rows, both.shape, both.rate], [2, [4, 3], 4]);
  assertEquals(both.values, [
    0,
    1,
    2,
    100,
    101,
    102,
    3,
    4,
    5,
    103,
    104,
    105,
    6,
    7,
    8,
    106,
    107,
    108,
    9,
    10,
    11,
    109,
    110,
    111,
  ]);
  const member = "channel/data";
  const abs = await readAll(hdf5, path, {
    member,
    settings: { ...settings, axes: ["sample", "channel", "row"], complex: "abs" },
  });
  assertEquals(abs.values.slice(0, 2), [0, 6].map((i) => Math.fround(Math.hypot(i, 100 + i))));
  assertEquals(
    (await readAll(hdf5, path, { member: "channel/data/imag", settings })).values,
    [...range(12).map((i) => 100 + i)],
  );
  assertEquals((await readAll(hdf5, path, { member: "**/real", settings })).values, [...range(12)]);
});

testInFolder("several arrays, or several files, are one source", async (dir) => {
  const arrays = (add: number) => ({
    "rf/frame_10/shot": { data: range(6).map((value) => add + 10 + value), shape: [2, 3] },
    "rf/frame_2/shot": { data: range(6).map((value) => add + value), shape: [2, 3] },
    "rate": { data: Float64Array.of(2e7), attributes: { hz: 3.5, none: 0 } },
    "dt": { data: Float64Array.of(2.5e-7) },
  });
  await makeHdf5(join(dir, "a.h5"), arrays(0));
  await makeHdf5(join(dir, "b.h5"), arrays(100));
  const refusal = await refusalOf(hdf5, join(dir, "a.h5"));
  assert(refusal.endsWith('such as "rf/frame_10/shot", or "rf/*/shot" for all that are alike)'), refusal);
  const one = await readAll(hdf5, join(dir, "a.h5"), { member: "rf/*/shot", settings: { rate: "rate" } });
  assertEquals([one.rows, one.rate], [4, 2e7]);
  assertEquals(one.values, [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15]);
  assertEquals(one.rowNames, ["rf/frame_2/shot#1", "rf/frame_2/shot#2", "rf/frame_10/shot#1", "rf/frame_10/shot#2"]);
  const both = await readAll(hdf5, dir, { member: "rf/frame_2/shot", settings: { rate: "rate@hz" } });
  assertEquals([both.values, both.rate], [[0, 1, 2, 3, 4, 5, 100, 101, 102, 103, 104, 105], 3.5]);
  assertEquals([...both.rowTables], [["part", ["a.h5", "a.h5", "b.h5", "b.h5"]]]);
  assert(hdf5.claims(dir, new Uint8Array(0)));
  const timed = { member: "rf/frame_2/shot", settings: { interval: "dt" } };
  assertEquals((await readAll(hdf5, dir, timed)).rate, 4e6);
  const twice = await refusalOf(hdf5, dir, { ...timed, settings: { interval: "dt", rate: "rate" } });
  assert(twice.startsWith("data.reader.interval: and rate exclude each other"), twice);
  const never = await refusalOf(hdf5, dir, { ...timed, settings: { interval: "rate@none" } });
  assert(never.includes("data.reader.interval") && never.includes("not a time in seconds"), never);
  const lost = await refusalOf(hdf5, dir, { member: "rf/frame_2/shot", settings: { rate: "rate@khz" } });
  assert(lost.startsWith(`data.reader.rate: ${join(dir, "a.h5")} has no attribute khz of rate`), lost);
  assert((await refusalOf(hdf5, dir, { member: "rf/frame_3/shot" })).includes("did you mean rf/frame_2/shot?"));
});

testInFolder("damaged files are refused, and the library goes on", async (dir) => {
  const path = join(dir, "a.h5");
  await Deno.writeTextFile(path, "no HDF5 at all");
  assertEquals(
    await refusalOf(hdf5, path),
    `${path}: cannot be opened as HDF5: file signature not found (make the file again, or fetch it again)`,
  );
  const whole = await Deno.readFile(GOLDEN);
  await Deno.writeFile(path, whole.slice(0, whole.length - 1000));
  assert((await refusalOf(hdf5, path)).includes("truncated file"));
  // Chunks that are damaged are noticed when they are read: by their checksums, or by what does not inflate.
  await makeHdf5(path, { x: { data: range(4000), shape: [40, 100], chunks: [10, 100] } });
  const bytes = await Deno.readFile(path);
  const zlib = bytes.findIndex((byte, i) => byte === 0x78 && [0x01, 0x5e, 0x9c, 0xda].includes(bytes[i + 1]!));
  assert(zlib > 0);
  bytes.fill(0xff, zlib + 20, zlib + 60);
  await Deno.writeFile(path, bytes);
  assert((await refusalOf(hdf5, path)).startsWith(`${path}: x cannot be read: `));
  {
    using file = await Hdf5File.open(path);
    assertThrows(() => file.read(file.arrays[0]!, [0, 0], [41, 100]), UserError, "x cannot be read");
  }
  // Many files, one after another, in this thread.
  let refused = 0;
  for (let round = 0; round < 40; round++) {
    const changed = whole.slice();
    for (let i = 0; i < 20; i++) changed[(round * 7919 + i * 104729) % 6000]! ^= 1 << i % 8;
    await Deno.writeFile(path, changed);
    try {
      await readAll(inside, path, { member: "lzf" });
    } catch (error) {
      assert(error instanceof UserError, String(error));
      assert(!error.message.includes("\n"), error.message);
      refused++;
    }
  }
  assert(refused > 10, `${refused} were refused`);
  assertEquals((await readAll(hdf5, GOLDEN, { member: "big" })).rows, 4);
});

testInFolder("arrays with a label a row are tables of the rows", async (dir) => {
  const path = join(dir, "a.h5");
  await makeHdf5(path, {
    "data/rf": { data: range(24), shape: [6, 4] },
    "data/class": { data: Int32Array.of(0, 1, 2, 0, 1, 2) },
    "data/material": { data: ["steel", "steel", "zinc", "zinc", "steel", "zinc"] },
    "data/gain": { data: Float32Array.of(0.5, 1, 0.5, 1, 0.5, 1) },
    "data/shots": { data: Int32Array.of(1, 2, 3) },
  });
  const { rowTables } = await readAll(hdf5, path);
  assertEquals([...rowTables.keys()].sort(), ["data/class", "data/material"]);
  assertEquals(rowTables.get("data/material"), ["steel", "steel", "zinc", "zinc", "steel", "zinc"]);
  assertEquals(rowTables.get("data/class"), ["0", "1", "2", "0", "1", "2"]);
});

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { hdf5 } from "../../../../core/data/readers/hdf5.ts";
import { mat, openMatlab } from "../../../../core/data/readers/mat.ts";
import { UserError } from "../../../../core/errors.ts";
import { testInFolder } from "../../../temp.ts";
import { readAll, refusalOf } from "./read_all.ts";

/** The reader in this thread, and not in a process of its own. */
const inside = { ...mat, open: openMatlab };
const golden = (name: string) => fromFileUrl(new URL(`../../../golden/${name}`, import.meta.url));
const FILES = ["mat5.mat", "mat5_packed.mat", "mat73.mat"].map(golden);
/** What MATLAB shows of rf(i, j) and volume(i, j, k): 10 i + j + 100 k. */
const rf = (i: number, j: number, k = 0) => 10 * i + j + 100 * k;
const over = <T>(length: number, value: (i: number) => T) => Array.from({ length }, (_, i) => value(i));

Deno.test("axes are those that MATLAB shows, in every version", async () => {
  for (const path of FILES) {
    const read = async (member: string, axes?: string[]) => await readAll(mat, path, { member, settings: { axes } }, 2);
    const rows = await read("rf");
    assertEquals([rows.rows, rows.shape], [3, [1, 4]], path);
    assertEquals(rows.values, over(3, (i) => over(4, (j) => rf(i, j))).flat());
    const columns = await read("rf", ["sample", "row"]);
    assertEquals(columns.values, over(4, (j) => over(3, (i) => rf(i, j))).flat());
    assert(rows.notes.includes("Values of float64 were rounded to float32."));
    assert(rows.notes[0]!.startsWith("Rows of rf (3 x 4) are its first axis, samples its second one"));
    const frames = await read("volume", ["sample", "channel", "row"]);
    assertEquals([frames.rows, frames.shape], [2, [4, 3]]);
    assertEquals(frames.values, over(2, (k) => over(4, (j) => over(3, (i) => rf(i, j, k)))).flat(2));
    const lines = await read("volume", ["sample", "row", "row"]);
    assertEquals(lines.values, over(4, (j) => over(2, (k) => over(3, (i) => rf(i, j, k)))).flat(2));
    assertEquals((await read("flags")).values, over(3, (i) => over(4, (j) => (rf(i, j) + 1) % 2)).flat());
    assertEquals((await read("probe/data/rf")).values, rows.values);
    const rate = await readAll(mat, path, { member: "rf", settings: { rate: "fs", window: 3 } });
    assertEquals([rate.rate, rate.rows, rate.rowNames![2]], [62500000.5, 3, "rf#3@0"]);
    assert((await refusalOf(mat, path, { member: "word" })).includes("holds no numbers that are read"));
    assert((await refusalOf(mat, path)).includes("holds several arrays: "));
    assert((await refusalOf(mat, path, { member: "volumes" })).includes("did you mean volume?"));
  }
});

Deno.test("what a file of version 5 holds is listed in MATLAB's words", async () => {
  for (const path of FILES.slice(0, 2)) {
    const source = await mat.open(path, { member: "line" });
    source.close();
    assertEquals(source.members.map(({ name, shape, type }) => `${name} ${shape.join("x")} ${type}`), [
      "rf 3x4 double",
      "volume 3x4x2 int16",
      "fs 1x1 double",
      "line 1x7 single",
      "flags 3x4 logical",
      "word 1x6 char",
      "waves 3x4 complex double",
      "cells 1x2 cell",
      "cells{1} 1x1 double",
      "cells{2} 1x1 char",
      "few 3x4 sparse",
      "probe/pitch 1x1 double",
      "probe/data/rf 3x4 uint8",
      "probe/name 1x6 char",
    ]);
    assertEquals([source.rows, source.shape], [1, [1, 7]]);
  }
});

const NESTED = ["nested5.mat", "nested5_packed.mat", "nested73.mat"].map(golden);
/** Of the k-th cell or structure, from 0. */
const vector = (k: number, length = 5) => over(length, (i) => 100 * k + i);

Deno.test("cells and fields of structures that hold arrays of one shape are rows, and each can be named", async () => {
  for (const path of NESTED) {
    const read = async (member: string, settings = {}) => await readAll(inside, path, { member, settings }, 2);
    const lines = await read("lines");
    assertEquals([lines.rows, lines.shape], [4, [1, 5]], path);
    assertEquals(lines.values, over(4, (k) => vector(k)).flat());
    const columns = await read("columns", { axes: ["row", "sample"] });
    assertEquals(columns.values, over(3, (k) => vector(k)).flat());
    const turned = await read("columns", { axes: ["sample", "row"] });
    assertEquals(turned.values, over(5, (i) => over(3, (k) => 100 * k + i)).flat());
    const images = await read("images", { axes: ["row", "height", "width"] });
    assertEquals([images.rows, images.shape], [2, [1, 3, 4]]);
    assertEquals(images.values, over(2, (k) => over(3, (i) => over(4, (j) => rf(i, j, k)))).flat(2));
    assertEquals((await read("lines{3}")).values, vector(2));
    assertEquals((await read("frames.rf")).values, over(3, (k) => vector(k)).flat());
    assertEquals((await read("frames(2).rf")).values, vector(1));
    assertEquals((await read("frames(3)/rf")).values, vector(2));
    assertEquals(
      (await read("frames.rf", { window: 2, hop: 3 })).values,
      [0, 1, 2].flatMap((k) => {
        return [100 * k, 100 * k + 1, 100 * k + 3, 100 * k + 4];
      }),
    );
    assertEquals(
      (await read("frames.probe.pitch", { axes: ["row", "sample"] })).values,
      [0.3, 1.3, 2.3].map(Math.fround),
    );
    assertEquals((await read("inside.a")).values, [...vector(7), ...vector(8)]);
    assertEquals((await read("inside{2}.a")).values, vector(8));
    assertEquals((await read("lines", { rate: "frames(2).gain" })).rate, 2);
    const unequal = await refusalOf(inside, path, { member: "unequal" });
    assert(unequal.includes("what is in the cells of unequal of"), unequal);
    assert(
      unequal.includes('name one, such as "unequal{1}", or those that a pattern fits, such as "unequal*"'),
      unequal,
    );
    const cut = await read("unequal*", { window: 3 });
    assertEquals(cut.values, [0, 1, 2, 100, 101, 102]);
    assertEquals(cut.rowNames, ["unequal{1}@0", "unequal{2}@0"]);
    const source = await openMatlab(path, { member: "lines" });
    source.close();
    const shown = source.members.map(({ name, shape, type }) => `${name} ${shape.join("x")} ${type}`);
    assert(shown.includes("lines 4x5 cell of double"), String(shown));
    assert(shown.includes("frames/rf 3x5 struct of int16"), String(shown));
    assert(!shown.some((text) => text.startsWith("lines{")), String(shown));
  }
});

Deno.test("complex numbers are two channels, or what data.reader.complex says", async () => {
  for (const path of NESTED) {
    const read = async (member: string, complex?: string, more = {}) =>
      await readAll(inside, path, { member, settings: { ...complex ? { complex } : {}, ...more } }, 2);
    const real = over(3, (i) => over(4, (j) => rf(i, j))), imag = real.map((row) => row.map((value) => value + 0.5));
    const both = await read("iq");
    assertEquals([both.rows, both.shape], [3, [2, 4]], path);
    assertEquals(both.values, over(3, (i) => [...real[i]!, ...imag[i]!]).flat());
    assert(both.notes.includes(
      "Values are complex: each channel became two, of real and of imaginary parts; data.reader.complex says otherwise.",
    ));
    assertEquals((await read("iq", "real")).values, real.flat());
    assertEquals((await read("iq", "imag")).values, imag.flat());
    const magnitude = await read("iq", "abs", { axes: ["sample", "row"] });
    assertEquals(magnitude.shape, [1, 3]);
    assertEquals(
      magnitude.values,
      over(4, (j) => over(3, (i) => Math.fround(Math.hypot(real[i]![j]!, imag[i]![j]!)))).flat(),
    );
    // Channels of the array stay beside each other: real and imaginary parts of one, then of the next.
    const channels = await read("iq", "channels", { axes: ["channel", "sample"] });
    assertEquals([channels.rows, channels.shape], [1, [6, 4]]);
    assertEquals(channels.values, both.values);
    const windows = await read("iq", undefined, { window: 2 });
    assertEquals([windows.rows, windows.shape], [6, [2, 2]]);
    assertEquals(windows.values.slice(4, 8), [2, 3, 2.5, 3.5]);
    assertEquals((await read("waves")).values, [over(5, () => 0), vector(0), over(5, () => 0), vector(1)].flat());
    assertEquals((await read("frames.iq")).values.slice(10, 20), [...vector(1), -1, -1, -1, -1, -1]);
    assert(
      (await refusalOf(inside, path, { member: "lines", settings: { complex: "abs" } })).includes("holds real numbers"),
    );
    assert(
      (await refusalOf(inside, path, { member: "iq", settings: { complex: "phase" } })).includes(
        "must be one of channels",
      ),
    );
  }
});

Deno.test("files are told apart by their first bytes", async () => {
  const heads = await Promise.all(
    [...FILES, golden("hdf5.h5")].map(async (path) => (await Deno.readFile(path)).slice(0, 4096)),
  );
  assertEquals(heads.map((head) => mat.claims("x", head)), [true, true, true, false]);
  assertEquals(heads.map((head) => hdf5.claims("x", head)), [false, false, false, true]);
});

/** What every refusal of damaged data advises. */
const AGAIN = " (make the file again, or fetch it again)";

testInFolder("damaged files are refused", async (dir) => {
  const path = join(dir, "a.mat");
  const plain = await Deno.readFile(FILES[0]!), packed = await Deno.readFile(FILES[1]!);
  const refusal = async (bytes: Uint8Array) => {
    await Deno.writeFile(path, bytes);
    return (await refusalOf(mat, path, { member: "rf" })).replace(`${path}: `, "").replace(AGAIN, "");
  };
  assertEquals(await refusal(new Uint8Array(0)), "is not a MATLAB file of versions 5 to 7");
  assertEquals(await refusal(plain.slice(0, 140)), "the file ends within the variable at byte 128");
  assertEquals(await refusal(plain.slice(0, 132)), "the file ends within a tag");
  // rf: 3 x 4 becomes 3 x 1,000,004, in far fewer bytes.
  const absurd = plain.slice();
  absurd.set([0x44, 0x42, 0x0f], 164);
  assert((await refusal(absurd)).startsWith("rf: 3 x 1000004 of float64 are claimed to be 96 bytes"));
  // The sum behind the compressed data of rf, the first variable.
  const sum = packed.slice();
  sum[128 + 8 + sum[132]! - 1]! ^= 1;
  assert((await refusal(sum)).includes("compressed data are damaged: incorrect data check"));
  packed[150]! ^= 0xff;
  assert((await refusal(packed)).includes("compressed data are damaged"));
  // Many files, one after another, in this thread.
  let refused = 0;
  for (const whole of [plain, await Deno.readFile(FILES[1]!)]) {
    for (let round = 0; round < 80; round++) {
      const changed = whole.slice();
      for (let i = 0; i < 3; i++) {
        changed[128 + (round * 7919 + i * 104729) % (whole.length - 128)]! ^= 1 << (round + i) % 8;
      }
      await Deno.writeFile(path, changed);
      try {
        await readAll(inside, path, { member: ["rf", "volume", "probe/data/rf"][round % 3] });
      } catch (error) {
        assert(error instanceof UserError, String(error));
        refused++;
      }
    }
  }
  assert(refused > 15, `${refused} were refused`);
});

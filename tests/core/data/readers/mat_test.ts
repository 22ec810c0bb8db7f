import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { hdf5 } from "../../../../core/data/readers/hdf5.ts";
import { mat, openMatlab } from "../../../../core/data/readers/mat.ts";
import { UserError } from "../../../../core/errors.ts";
import { testInFolder } from "../../../temp.ts";
import { readAll, refusalOf } from "./read_all.ts";

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
      "few 3x4 sparse",
      "probe/pitch 1x1 double",
      "probe/data/rf 3x4 uint8",
      "probe/name 1x6 char",
    ]);
    assertEquals([source.rows, source.shape], [1, [1, 7]]);
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
  const inside = { ...mat, open: openMatlab };
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

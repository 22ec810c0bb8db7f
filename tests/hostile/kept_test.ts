/** Faults that `mutate_readers.ts` has found: one copy for each kind, which is refused in one line since. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { strToU8, unzipSync, zipSync } from "fflate";
import { image } from "../../core/data/readers/image.ts";
import { numpy } from "../../core/data/readers/numpy.ts";
import { sparseNpz } from "../../core/data/readers/sparse_npz.ts";
import { UserError } from "../../core/errors.ts";
import { bytesOf } from "../core/formats/pictures/golden.ts";
import { readAll } from "../core/data/readers/read_all.ts";
import { testInFolder } from "../temp.ts";
import { SAMPLES } from "./samples.ts";

/** Where a tag of the first directory of a TIFF file has its entry. */
function entryOf(bytes: Uint8Array, tag: number): number {
  const view = new DataView(bytes.buffer), directory = view.getUint32(4, true);
  const entries = Array.from({ length: view.getUint16(directory, true) }, (_, i) => directory + 2 + 12 * i);
  return entries.find((at) => view.getUint16(at, true) === tag)!;
}

testInFolder("a palette of a TIFF file that lies beyond its end", async (dir) => {
  const path = join(dir, "palette.tif"), bytes = bytesOf("palette.tif"), COLOR_MAP = 320;
  assertEquals(new DataView(bytes.buffer).getUint16(0, true), 0x4949); // of little byte order
  new DataView(bytes.buffer).setUint32(entryOf(bytes, COLOR_MAP) + 8, bytes.length - 3, true);
  Deno.writeFileSync(path, bytes);
  await assertRejects(() => readAll(image, path), UserError, "page 1 cannot be decoded as TIFF");
});

testInFolder("an array of an archive with 0 bytes, stored or packed", async (dir) => {
  const path = join(dir, "a.npz");
  for (const level of [0, 6] as const) {
    const bytes = zipSync({ "x.npy": new Uint8Array(0) }, { level });
    const view = new DataView(bytes.buffer), packed = bytes.length - 22 - 51 + 20; // in the archive's directory
    assertEquals(view.getUint32(packed - 20, true), 0x02014b50);
    view.setUint32(packed, 0, true);
    Deno.writeFileSync(path, bytes);
    await assertRejects(() => readAll(numpy, path), UserError, "x");
  }
});

testInFolder("a type of an array with a line end in its name", async (dir) => {
  const path = join(dir, "a.npz"), samples = await SAMPLES.sparse_npz();
  const members = unzipSync(samples[0]!.bytes);
  const header = new TextDecoder("latin1").decode(members["shape.npy"]);
  const changed = Uint8Array.from(members["shape.npy"]!);
  changed.set(strToU8("\n\r4"), header.indexOf("<i4"));
  Deno.writeFileSync(path, zipSync({ ...members, "shape.npy": changed }));
  const { message } = await assertRejects(() => readAll(sparseNpz, path), UserError, "is not a type of numbers");
  assert(!/[\n\r]/.test(message), message);
});

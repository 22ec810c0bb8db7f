import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { gzipSync } from "node:zlib";
import { idx } from "../../../../core/data/readers/idx.ts";
import { testInFolder } from "../../../temp.ts";
import { readAll, refusalOf } from "./read_all.ts";

/** @param code of the type: 8 is uint8, 0x0b int16, 0x0d float32, 0x0e float64 */
function makeIdx(code: number, shape: readonly number[], values: readonly number[]): Uint8Array<ArrayBuffer> {
  const size = { 8: 1, 0x0b: 2, 0x0c: 4, 0x0d: 4, 0x0e: 8 }[code]!;
  const bytes = new Uint8Array(4 + 4 * shape.length + size * values.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, code, shape.length]);
  shape.forEach((length, i) => view.setUint32(4 + 4 * i, length));
  values.forEach((value, i) => {
    const at = 4 + 4 * shape.length + size * i;
    if (code === 8) view.setUint8(at, value);
    else if (code === 0x0b) view.setInt16(at, value);
    else if (code === 0x0c) view.setInt32(at, value);
    else if (code === 0x0d) view.setFloat32(at, value);
    else view.setFloat64(at, value);
  });
  return bytes;
}
const PICTURES = makeIdx(8, [3, 1, 2], [0, 51, 102, 153, 204, 255]);
const LABELS = makeIdx(8, [3], [7, 0, 9]);

testInFolder("pictures with the labels beside them, plain or gzip", async (dir) => {
  const names = { pictures: "train-images-idx3-ubyte", labels: "train-labels-idx1-ubyte" };
  for (const [packed, ending] of [[false, ""], [true, ".gz"]] as const) {
    const folder = join(dir, `x${ending}`);
    await Deno.mkdir(folder);
    await Deno.writeFile(join(folder, names.pictures + ending), packed ? gzipSync(PICTURES) : PICTURES);
    await Deno.writeFile(join(folder, names.labels), LABELS);
    for (const path of [folder, join(folder, names.pictures + ending)]) {
      const source = await readAll(idx, path, {}, 2);
      assertEquals([source.rows, source.shape, source.blocks], [3, [1, 1, 2], [2, 1]]);
      assertEquals(source.values.map((value) => Math.round(value * 5)), [0, 1, 2, 3, 4, 5]);
      assertEquals([...source.rowTables], [["label", ["7", "0", "9"]]]);
      assert(source.notes.includes(`Labels of ${names.pictures}${ending} are those of ${names.labels}.`));
    }
    assert(idx.claims("x", packed ? gzipSync(PICTURES) : PICTURES));
    assert(idx.claims(folder, new Uint8Array(0)));
  }
});

testInFolder("several files of one kind are one source", async (dir) => {
  await Deno.writeFile(join(dir, "a.idx"), makeIdx(0x0b, [2, 3], [1, -2, 3, 4, 5, 600]));
  await Deno.writeFile(join(dir, "b.idx"), makeIdx(0x0b, [1, 3], [7, 8, 9]));
  const source = await readAll(idx, join(dir, "*.idx"));
  assertEquals(source.values, [1, -2, 3, 4, 5, 600, 7, 8, 9]);
  assertEquals([...source.rowTables], [["file", ["a.idx", "a.idx", "b.idx"]]]);
  assertEquals(source.shape, undefined);
  await Deno.writeFile(join(dir, "c.idx"), makeIdx(0x0d, [1, 2, 2], [0.5, 1, 2, 3]));
  assertEquals((await readAll(idx, join(dir, "c.idx"))).values, [0.5, 1, 2, 3]);
  assertEquals(
    await refusalOf(idx, join(dir, "*.idx")),
    `${join(dir, "c.idx")}: its rows are 2 x 2 of float32, those of a.idx 3 of int16 (name files of one kind)`,
  );
  await Deno.writeFile(join(dir, "d.idx"), makeIdx(0x0e, [1, 1], [0.1]));
  const rounded = await readAll(idx, join(dir, "d.idx"));
  assertEquals([rounded.values, rounded.notes], [[Math.fround(0.1)], ["Values of float64 were rounded to float32."]]);
  await Deno.writeFile(join(dir, "e.idx"), makeIdx(0x0c, [1, 2], [7, -9]));
  const whole = await readAll(idx, join(dir, "e.idx"));
  const held = "Values of int32 became float32, which holds whole numbers up to 16,777,216 exactly.";
  assertEquals([whole.values, whole.notes], [[7, -9], [held]]);
});

testInFolder("damaged and absurd files are refused", async (dir) => {
  const path = join(dir, "x");
  const refusal = async (bytes: Uint8Array) => {
    await Deno.writeFile(path, bytes);
    return (await refusalOf(idx, path)).replace(`${path}: `, "");
  };
  assertEquals(await refusal(new Uint8Array(0)), "the file ends within its header");
  assertEquals(await refusal(PICTURES.slice(0, 10)), "the file ends within its header");
  assertEquals(await refusal(PICTURES.slice(0, 20)), "3 x 1 x 2 of uint8 needs 6 bytes, the file holds 4");
  assertEquals(await refusal(gzipSync(PICTURES.slice(0, 20))), "the file ends before its last row");
  const longer = Uint8Array.from([...PICTURES, 1]);
  assertEquals(await refusal(gzipSync(longer)), "the file goes on behind its last row");
  assert((await refusal(gzipSync(PICTURES).subarray(0, 30))).startsWith("is not a whole gzip file"));
  assert((await refusal(LABELS)).startsWith("holds one number a row: these are labels"));
  assertEquals(
    await refusal(Uint8Array.from([1, 2, 3, 4, 5])),
    "is not an IDX file: it begins with the bytes 1, 2, 3, 4",
  );
  const absurd = gzipSync(makeIdx(8, [60000, 60000, 60000], []));
  assertEquals(
    await refusal(absurd),
    `claims 60000 x 60000 x 60000, more than its ${absurd.length} bytes can hold`,
  );
  assertEquals(await refusal(makeIdx(8, [0, 2, 2], [])), "claims a shape of 0 x 2 x 2");
  await Deno.writeFile(join(dir, "images-idx3-ubyte"), PICTURES);
  await Deno.writeFile(join(dir, "labels-idx1-ubyte"), makeIdx(8, [2], [1, 2]));
  assert(
    (await refusalOf(idx, join(dir, "images-idx3-ubyte"))).includes("holds 2 labels for the 3 rows of images-idx3"),
  );
});

testInFolder("files with changed bytes are rows or errors of one line", async (dir) => {
  const path = join(dir, "x");
  const packed = gzipSync(PICTURES);
  let refused = 0;
  for (let at = 0; at < packed.length; at++) {
    for (const bytes of [PICTURES, packed]) {
      if (at >= bytes.length) continue;
      const changed = Uint8Array.from(bytes);
      changed[at]! ^= 1 << at % 8;
      await Deno.writeFile(path, changed);
      try {
        await readAll(idx, path);
      } catch (error) {
        assertEquals((error as Error).name, "UserError", String(error));
        refused++;
      }
    }
  }
  assert(refused > 20, `${refused} were refused`);
});

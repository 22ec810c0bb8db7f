import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { binary } from "../../../../core/data/readers/binary.ts";
import { testInFolder } from "../../../temp.ts";
import { readAll, refusalOf } from "./read_all.ts";

const bytesOf = (values: { readonly buffer: ArrayBuffer }) => new Uint8Array(values.buffer);

testInFolder("values of every type and byte order", async (dir) => {
  const path = join(dir, "a.bin");
  const values = [1, 2, 100];
  const little: Record<string, { readonly buffer: ArrayBuffer }> = {
    int8: Int8Array.from(values),
    uint8: Uint8Array.from(values),
    int16: Int16Array.from(values),
    uint16: Uint16Array.from(values),
    int32: Int32Array.from(values),
    uint32: Uint32Array.from(values),
    int64: BigInt64Array.from(values, BigInt),
    uint64: BigUint64Array.from(values, BigInt),
    float32: Float32Array.from(values),
    float64: Float64Array.from(values),
  };
  for (const [type, array] of Object.entries(little)) {
    const size = array.buffer.byteLength / 3;
    // Tests run on machines whose byte order is little.
    const big = bytesOf(array).map((_, i, all) => all[i - i % size + size - 1 - i % size]!);
    for (const [byte_order, bytes] of [["little", bytesOf(array)], ["big", big]] as const) {
      for (const skip of [0, 3]) {
        await Deno.writeFile(path, Uint8Array.from([...new Uint8Array(skip), ...bytes]));
        const source = await readAll(binary, path, { settings: { type, byte_order, skip, rate: 5e6 } });
        assertEquals(source.values, values, `${type} ${byte_order}`);
        assertEquals([source.shape, source.rate, source.rowNames], [[1, 3], 5e6, ["a.bin"]]);
        assertEquals(source.notes.length, size > 2 && type !== "float32" ? 1 : 0, type);
      }
    }
  }
});

testInFolder("rows of a shape lie one after another, or records are cut", async (dir) => {
  await Deno.writeFile(join(dir, "a.bin"), bytesOf(Int16Array.from({ length: 12 }, (_, i) => i)));
  await Deno.writeFile(join(dir, "b.bin"), bytesOf(Int16Array.from({ length: 6 }, (_, i) => 100 + i)));
  const rows = await readAll(binary, dir, { settings: { type: "int16", shape: [2, 3] } }, 1);
  assertEquals([rows.rows, rows.shape, rows.rowNames], [3, [2, 3], ["a.bin#1", "a.bin#2", "b.bin"]]);
  assertEquals(rows.values, [...Array(12).keys(), 100, 101, 102, 103, 104, 105]);
  assertEquals([...rows.rowTables], [["file", ["a.bin", "a.bin", "b.bin"]]]);
  const flat = await readAll(binary, join(dir, "a.bin"), { settings: { type: "int16", shape: [4] } });
  assertEquals(flat.shape, [1, 4]);
  const cut = await readAll(binary, dir, { settings: { type: "int16", channels: 2, window: 2, hop: 3 } });
  assertEquals(cut.rowNames, ["a.bin@0", "a.bin@3", "b.bin@0"]);
  assertEquals(cut.values, [0, 2, 1, 3, 6, 8, 7, 9, 100, 102, 101, 103]);
});

testInFolder("a size that does not fit is refused with what is left over", async (dir) => {
  const path = join(dir, "a.bin");
  await Deno.writeFile(path, new Uint8Array(13));
  const refusal = async (settings: Record<string, unknown>) => {
    return (await refusalOf(binary, path, { settings })).replace(`${path}: `, "");
  };
  const hint = "(check data.reader: type, shape and skip)";
  assertEquals(
    await refusal({ type: "int16" }),
    `its 13 bytes are no whole number of values of int16 (2 bytes): 1 byte is left over ${hint}`,
  );
  assertEquals(
    await refusal({ type: "int16", skip: 1, shape: [4] }),
    `its 13 bytes behind the first 1 are no whole number of rows of 4 values of int16: 4 bytes are left over ${hint}`,
  );
  assertEquals(
    await refusal({ type: "int8", channels: 2 }),
    `its 13 bytes are no whole number of samples of 2 channels of int8: 1 byte is left over ${hint}`,
  );
  assertEquals(await refusal({ type: "int8", skip: 13 }), "has 13 bytes, data.reader.skip is 13: nothing is left");
  assert((await refusal({})).startsWith("data.reader.type: is not set: raw values do not say what they are"));
  assert((await refusal({ type: "int61" })).endsWith('got "int61" (did you mean int16?)'));
  assert((await refusal({ type: "int8", shape: [1], window: 3 })).startsWith("data.reader.shape: and window exclude"));
  assert((await refusal({ type: "int8", rate: 0 })).startsWith("data.reader.rate: must be a number above 0"));
  assert(!binary.claims(path, new Uint8Array(13)));
});

testInFolder("a .bins file of ML-NDT is what the .meta beside it says", async (dir) => {
  const path = join(dir, "x.bins");
  await Deno.writeFile(path, bytesOf(Uint16Array.from({ length: 12 }, (_, i) => i)));
  assert(!binary.claims(path, new Uint8Array(1)));
  await Deno.writeTextFile(join(dir, "x.meta"), "UInt16, 3 x 2 x 2\n");
  assert(binary.claims(path, new Uint8Array(1)));
  const source = await readAll(binary, path);
  assertEquals([source.rows, source.shape, source.notes], [2, [1, 2, 3], ["Type and shape are those of x.meta."]]);
  assertEquals(source.values, [...Array(12).keys()]);
});

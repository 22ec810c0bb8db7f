import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { NpyReader, NpyWriter, readNpy, writeNpy } from "../../../core/formats/npy.ts";
import { UserError } from "../../../core/errors.ts";
import { testInFolder } from "../../temp.ts";

testInFolder("npy: every element type comes back as written", async (dir) => {
  const path = join(dir, "a.npy");
  const arrays = {
    f32: new Float32Array([1.5, -0, NaN, Infinity, 1e-40, 3]),
    f64: new Float64Array([Math.PI, -0, NaN, -Infinity, 5e-324, 2]),
    i32: new Int32Array([-(2 ** 31), 2 ** 31 - 1, 0, 1, 2, 3]),
    i64: new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n, 0n, 1n, 2n, 3n]),
    u8: new Uint8Array([0, 255, 1, 2, 3, 4]),
  };
  for (const dtype of Object.keys(arrays) as (keyof typeof arrays)[]) {
    for (const shape of [[6], [3, 2], [1, 2, 3]]) {
      await writeNpy(path, dtype, shape, arrays[dtype]);
      assertEquals(await readNpy(path), { dtype, shape, data: arrays[dtype] });
    }
  }
  await writeNpy(path, "f32", [], new Float32Array([7]));
  assertEquals(await readNpy(path), { dtype: "f32", shape: [], data: new Float32Array([7]) });
  await writeNpy(path, "f32", [0, 4], new Float32Array(0));
  assertEquals((await readNpy(path)).data.length, 0);
});

testInFolder("npy: rows are written and read a few at a time, and the file appears only when whole", async (dir) => {
  const path = join(dir, "rows.npy");
  {
    await using writer = await NpyWriter.create(path, "f32", [5, 3]);
    await writer.write(Float32Array.from({ length: 6 }, (_, i) => i));
    assertEquals(await Array.fromAsync(Deno.readDir(dir), (entry) => entry.name === "rows.npy"), [false]);
    await assertRejects(() => writer.write(new Float32Array(4)), RangeError, "rows of 3");
    await assertRejects(() => writer.write(new Float32Array(12)), RangeError, "room for 9");
    await writer.write(Float32Array.from({ length: 9 }, (_, i) => 6 + i));
    await writer.close();
  }
  using reader = await NpyReader.open(path);
  assertEquals(await reader.rows(1, 2), Float32Array.from({ length: 6 }, (_, i) => 3 + i));
  await assertRejects(() => reader.rows(4, 2), RangeError);
  assertEquals([...Deno.readDirSync(dir)].length, 1);
});

testInFolder("npy: a writer left early, or short of rows, leaves nothing", async (dir) => {
  {
    await using writer = await NpyWriter.create(join(dir, "a.npy"), "u8", [4]);
    await writer.write(new Uint8Array(2));
  }
  const short = await NpyWriter.create(join(dir, "b.npy"), "u8", [4]);
  await short.write(new Uint8Array(3));
  await assertRejects(() => short.close(), Error, "3 values written of 4");
  assertEquals([...Deno.readDirSync(dir)], []);
});

testInFolder("npy: a file cut or changed anywhere is refused with its name, or is still an array", async (dir) => {
  const good = join(dir, "good.npy");
  const bad = join(dir, "bad.npy");
  await writeNpy(good, "i32", [4, 2], Int32Array.from({ length: 8 }, (_, i) => i));
  const bytes = await Deno.readFile(good);
  let refused = 0;
  for (let length = 0; length < bytes.length; length++) {
    await Deno.writeFile(bad, bytes.subarray(0, length));
    const error = await assertRejects(() => readNpy(bad), UserError, bad);
    assert(!error.message.includes("\n"));
    refused++;
  }
  for (let at = 0; at < bytes.length; at++) {
    for (const bit of [0, 3, 7]) {
      const changed = bytes.slice();
      changed[at]! ^= 1 << bit;
      await Deno.writeFile(bad, changed);
      try {
        const { data } = await readNpy(bad);
        assertEquals(data.byteLength, 32);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        assertStringIncludes(error.message, bad);
        refused++;
      }
    }
  }
  assert(refused > bytes.length + 100, `${refused} refused`);
});

testInFolder("npy: refusals say which field and what to do", async (dir) => {
  const path = join(dir, "a.npy");
  const write = async (header: string, data = 8) => {
    const text = new TextEncoder().encode(header);
    const bytes = new Uint8Array(10 + text.length + data);
    bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8]);
    bytes.set(text, 10);
    await Deno.writeFile(path, bytes);
  };
  const cases: [string, string][] = [
    ["{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", "descr: '>f4'"],
    ["{'descr': '<\n4', 'fortran_order': False, 'shape': (2,), }", "descr: '< 4' is not"],
    ["{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "descr: '|O'"],
    ["{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", "descr"],
    ["{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", "fortran_order"],
    [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }",
      "shape: [3] of <f4 needs 12 bytes, the file holds 8",
    ],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "shape"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "no shape"],
    ["{'descr': '<f4', 'shape': (2,), }", "no fortran_order"],
    ["import os", "no descr"],
  ];
  for (const [header, expected] of cases) {
    await write(header);
    await assertRejects(() => readNpy(path), UserError, expected);
  }
  // A column of one row is the same in both orders.
  await write("{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }");
  assertEquals((await readNpy(path)).shape, [2]);
  await assertRejects(() => readNpy(dir), UserError, "is not a regular file");
  await assertRejects(() => readNpy(join(dir, "none.npy")), UserError, "No such file");
});

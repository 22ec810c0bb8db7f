import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { locate } from "../../../../core/data/locate.ts";
import { safetensors } from "../../../../core/data/readers/safetensors.ts";
import { tensorSizes } from "../../../../core/formats/tensor.ts";
import { encodeSafetensors } from "../../../../core/formats/safetensors.ts";
import { bytesOf, fileOf, type Given } from "../../../helpers/safetensors.ts";
import { testInFolder } from "../../../temp.ts";
import { memorySource } from "../../formats/tensors.ts";
import { readAll, refusalOf } from "./read_all.ts";

const F32: Given = { dtype: "F32", shape: [3, 2], bytes: bytesOf(Float32Array.of(1, -2, 0.5, 3, 4, 5.25)) };

testInFolder("values of every type, at odd offsets too", async (dir) => {
  const path = join(dir, "a.safetensors");
  const cases: readonly (readonly [dtype: string, array: ArrayBufferView, values: readonly number[]])[] = [
    ["F32", Float32Array.of(1.5, -2, 0, 1e30), [1.5, -2, 0, Math.fround(1e30)]],
    ["F16", Float16Array.of(1.5, -2, 65504, 2 ** -24), [1.5, -2, 65504, 2 ** -24]],
    ["BF16", Uint16Array.of(0x3fc0, 0xc000, 0x7f7f, 0x0001), [1.5, -2, 3.3895313892515355e38, 9.183549615799121e-41]],
    ["F64", Float64Array.of(0.1, 2, 3, 4), [Math.fround(0.1), 2, 3, 4]],
    ["I8", Int8Array.of(-1, 2, 3, 4), [-1, 2, 3, 4]],
    ["U16", Uint16Array.of(1, 65535, 3, 4), [1, 65535, 3, 4]],
    ["I32", Int32Array.of(-70000, 2, 3, 4), [-70000, 2, 3, 4]],
    ["I64", BigInt64Array.of(-1n, 2n, 3n, 4n), [-1, 2, 3, 4]],
  ];
  for (const [dtype, array, values] of cases) {
    for (const before of [0, 1]) {
      const odd = { dtype: "U8", shape: [before], bytes: new Uint8Array(before) };
      await Deno.writeFile(path, fileOf({ odd, "layer.3": { dtype, shape: [2, 2], bytes: bytesOf(array) } }));
      const source = await readAll(safetensors, path, {}, 1);
      assertEquals([source.rows, source.columns, source.blocks], [2, 2, [1, 1]]);
      assertEquals(source.values, values, dtype);
      const isRounded = dtype === "F64" || dtype === "I32" || dtype === "I64";
      assertEquals(source.notes.length, isRounded ? 1 : 0, dtype);
    }
  }
});

testInFolder("what the engine writes is read", async (dir) => {
  const path = join(dir, "own.safetensors");
  const shape = [5, 3], values = Float32Array.from({ length: 15 }, (_, i) => i / 4);
  assertEquals(tensorSizes({ dtype: "F32", shape }).bytes, values.byteLength);
  using file = await Deno.create(path);
  for await (const piece of encodeSafetensors([memorySource("acts", "F32", shape, bytesOf(values))])) {
    await file.write(piece);
  }
  assert(safetensors.claims(path, await Deno.readFile(path)));
  assertEquals((await readAll(safetensors, path)).values, [...values]);
});

testInFolder("the last axis is a row, and several tensors follow each other", async (dir) => {
  const path = join(dir, "a.safetensors");
  const texts: Given = {
    dtype: "F32",
    shape: [2, 3, 2],
    bytes: bytesOf(Float32Array.from({ length: 12 }, (_, i) => i)),
  };
  await Deno.writeFile(
    path,
    fileOf({ b: texts, a: F32, tokens: { dtype: "I64", shape: [3], bytes: new Uint8Array(24) } }),
  );
  assertEquals((await readAll(safetensors, path, { member: "b" })).rows, 6);
  const both = await readAll(safetensors, path, { member: "?" });
  assertEquals(both.values, [1, -2, 0.5, 3, 4, 5.25, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assertEquals(both.rowTables.get("tensor"), ["a", "a", "a", "b", "b", "b", "b", "b", "b"]);
  assertEquals(
    await refusalOf(safetensors, path),
    `data.member: is not set, and ${path} holds several arrays: b (2 x 3 x 2 F32), a (3 x 2 F32) ` +
      '(name one, such as "b")',
  );
  assertEquals(
    await refusalOf(safetensors, path, { member: "tokens" }),
    `${path}: tokens has the shape [3]: rows need two axes or more, of which the last one is a row ` +
      "(name another tensor with data.member)",
  );
  assertEquals(
    await refusalOf(safetensors, path, { member: "c" }),
    `data.member: ${path} has no array c (did you mean b?)`,
  );
  await Deno.writeFile(path, fileOf({ a: F32, b: { dtype: "F32", shape: [1, 3], bytes: new Uint8Array(12) } }));
  assertEquals(
    await refusalOf(safetensors, path, { member: "*" }),
    `${path}: b has rows of 3 values, a of 2 (name tensors of one width with data.member)`,
  );
  await Deno.writeFile(path, fileOf({ a: { dtype: "F8_E4M3", shape: [2, 2], bytes: new Uint8Array(4) } }));
  assertEquals(
    await refusalOf(safetensors, path, { member: "a" }),
    `data.member: a of ${path} holds no numbers that are read (F8_E4M3)`,
  );
});

testInFolder("a folder or a glob of shards has a source for each", async (dir) => {
  for (const name of ["shard-10", "shard-2"]) {
    await Deno.writeFile(join(dir, `${name}.safetensors`), fileOf({ a: F32 }));
  }
  await Deno.writeTextFile(join(dir, "about.json"), '{"model": "gpt2"}');
  for (const path of [dir, join(dir, "*.safetensors")]) {
    const places = locate(path, "data.path", "auto");
    assertEquals(places.map(({ kind, name }) => [kind, name]), [
      ["source", "shard-2.safetensors"],
      ["source", "shard-10.safetensors"],
    ]);
  }
});

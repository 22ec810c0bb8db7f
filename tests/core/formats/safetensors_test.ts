import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../../../core/errors.ts";
import { encodeSafetensors, SafetensorsFile } from "../../../core/formats/safetensors.ts";
import { largestSlice, tensorSizes, tensorSlices, type TensorSource } from "../../../core/formats/tensor.ts";
import { testInFolder } from "../../temp.ts";
import { bytesOf, patternTensor } from "./tensors.ts";

async function write(path: string, sources: TensorSource[], metadata?: Record<string, string>): Promise<Uint8Array> {
  const pieces = await Array.fromAsync(encodeSafetensors(sources, metadata), (piece) => piece.slice());
  const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
  await Deno.writeFile(path, bytes);
  return bytes;
}

/** A file of this header and so many bytes of data. */
async function writeRaw(path: string, header: string, data: number): Promise<void> {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  await Deno.writeFile(path, bytes);
}

testInFolder("safetensors: tensors of all types and shapes come back, in slices too", async (dir) => {
  const path = join(dir, "a.safetensors");
  const sources = [
    patternTensor("encoder.0.weight", "F32", [7, 300], 1),
    patternTensor("scalar", "F64", [], 2),
    patternTensor("last", "U32", [11], 3),
    patternTensor("empty", "F32", [0, 5], 4),
    patternTensor("hollow", "F32", [5, 0], 5),
    patternTensor('"quoted\n__proto__', "I64", [2, 3, 4], 6),
    patternTensor("__proto__", "F32", [3], 7),
    patternTensor("tall", "F32", [3_000_001], 8),
  ];
  const bytes = await write(path, sources, { step: "12" });
  using file = await SafetensorsFile.open(path);
  assertEquals(file.metadata, { step: "12" });
  assertEquals(file.tensors.size, sources.length);
  for (const source of sources) {
    const stored = file.tensors.get(source.name)!;
    assertEquals([stored.dtype, stored.shape], [source.dtype, source.shape]);
    assert(
      source.shape.includes(0) || stored.offset % (source.dtype === "F32" || source.dtype === "U32" ? 4 : 8) === 0,
    );
    const expected = await bytesOf(source);
    const { rows, rowBytes } = tensorSizes(source);
    assertEquals(await bytesOf(file.source(source.name)), expected);
    const middle = new Uint8Array(rowBytes * Math.min(2, rows));
    await file.read(source.name, rows - Math.min(2, rows), Math.min(2, rows), middle);
    assertEquals(middle, expected.subarray(expected.length - middle.length));
  }
  assertEquals(new DataView(bytes.buffer).getUint32(0, true) % 8, 0);
  await assertRejects(() => file.read("last", 10, 2, new Uint8Array(8)), RangeError);
  await assertRejects(() => file.read("none", 0, 1, new Uint8Array(8)), UserError, '"none"');
});

Deno.test("safetensors: a slice is read while the one before is used, and none any more once the file is given up", async () => {
  const tensor = patternTensor("tall", "F32", [3_000_001], 8);
  const expected = await bytesOf(tensor);
  let begun = 0, ended = 0;
  const source: TensorSource = {
    ...tensor,
    read: async (firstRow, rows, into) => {
      begun++;
      await new Promise((resolve) => setTimeout(resolve, 1));
      await tensor.read(firstRow, rows, into);
      ended++;
    },
  };
  let at = -1, pieces = 0; // the header is no slice
  for await (const piece of encodeSafetensors([source])) {
    if (at >= 0) {
      pieces++;
      await new Promise((resolve) => setTimeout(resolve, 5));
      assertEquals(begun, Math.min(pieces + 1, 6));
      assertEquals(piece, expected.subarray(at, at + piece.length));
    }
    at = at < 0 ? 0 : at + piece.length;
  }
  assertEquals([at, pieces], [expected.length, 6]);

  for await (const piece of encodeSafetensors([source])) if (piece.length > 1000) break;
  assertEquals([begun, ended], [8, 8]);

  const failing: TensorSource = { ...tensor, read: (firstRow) => Promise.reject(new Error(`row ${firstRow}`)) };
  await assertRejects(() => Array.fromAsync(encodeSafetensors([failing])), Error, "row 0");
});

Deno.test("tensor slices: at least 16 rows, about 2 MB, each row once", () => {
  let compared = 0;
  for (const shape of [[1], [17], [1000, 60_000], [40, 1_000_000], [3_000_000], [5, 2, 3], []]) {
    const info = { name: "t", dtype: "F32", shape } as const;
    let next = 0;
    for (const { firstRow, rows, bytes } of tensorSlices(info)) {
      assertEquals(firstRow, next);
      assert(bytes <= largestSlice([info]));
      assert(bytes <= 2 << 20 || rows <= 16);
      next += rows;
      compared++;
    }
    assertEquals(next, tensorSizes(info).rows);
  }
  assert(compared > 10);
});

testInFolder("safetensors: cut at every length, each refusal names the file", async (dir) => {
  const path = join(dir, "cut.safetensors");
  const bytes = await write(path, [patternTensor("a", "F32", [3, 5], 1), patternTensor("b", "U32", [4], 2)]);
  for (let length = 0; length < bytes.length; length++) {
    await Deno.writeFile(path, bytes.subarray(0, length));
    await assertRejects(() => SafetensorsFile.open(path), UserError, path);
  }
  await Deno.writeFile(path, new Uint8Array([...bytes, 0]));
  await assertRejects(() => SafetensorsFile.open(path), UserError, "the tensors take");
});

testInFolder("safetensors: any flipped bit of the header is refused or leaves a consistent file", async (dir) => {
  const path = join(dir, "flip.safetensors");
  const bytes = await write(path, [patternTensor("a", "F32", [3, 5], 1), patternTensor("b", "U32", [4], 2)]);
  const headerEnd = 8 + new DataView(bytes.buffer).getUint32(0, true);
  let refused = 0;
  for (let at = 0; at < headerEnd; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const changed = bytes.slice();
      changed[at]! ^= 1 << bit;
      await Deno.writeFile(path, changed);
      try {
        using file = await SafetensorsFile.open(path);
        let held = 0;
        for (const tensor of file.tensors.values()) held += tensorSizes(tensor).bytes;
        assert(held <= bytes.length);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        assertStringIncludes(error.message, path);
        refused++;
      }
    }
  }
  assert(refused > headerEnd * 4, `${refused} of ${headerEnd * 8} refused`);
});

testInFolder("safetensors: hostile headers", async (dir) => {
  const path = join(dir, "bad.safetensors");
  const entry = (fields: string) => `{"a":{${fields}}}`;
  const cases: [string, number, string][] = [
    ["[]", 0, "not an object"],
    ["{", 0, "not JSON"],
    ['{"a":1}', 0, '"a": not an object'],
    ['{"__metadata__":{"a":1}}', 0, "not an object of strings"],
    [entry('"dtype":"F16","shape":[2],"data_offsets":[0,4]'), 4, 'dtype: "F16"'],
    [entry('"dtype":"toString","shape":[2],"data_offsets":[0,4]'), 4, "dtype"],
    [entry('"dtype":"F32","shape":[-1],"data_offsets":[0,4]'), 4, "shape"],
    [entry('"dtype":"F32","shape":[1.5],"data_offsets":[0,6]'), 6, "shape"],
    [entry('"dtype":"F32","shape":"4","data_offsets":[0,4]'), 4, "shape"],
    [entry('"dtype":"F32","shape":[9007199254740991,9],"data_offsets":[0,4]'), 4, "shape: too large"],
    [entry('"dtype":"F32","shape":[1],"data_offsets":[0,8]'), 8, "hold 8 bytes, the shape needs 4"],
    [entry('"dtype":"F32","shape":[1],"data_offsets":[4,0]'), 4, "data_offsets"],
    [entry('"dtype":"F32","shape":[1],"data_offsets":[4,8]'), 8, "a gap or an overlap"],
    [entry('"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1'), 4, 'unknown field "x"'],
    [entry('"dtype":"F32","shape":[1]'), 4, "data_offsets"],
    [
      '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}',
      12,
      '"b": data_offsets: begins at 4, expected 8 (a gap or an overlap)',
    ],
    [entry('"dtype":"F32","shape":[1],"data_offsets":[0,4]'), 3, "the tensors take 4 bytes, the file holds 3"],
  ];
  for (const [header, data, expected] of cases) {
    await writeRaw(path, header, data);
    await assertRejects(() => SafetensorsFile.open(path), UserError, expected);
  }
  const huge = new Uint8Array(64).fill(0xff);
  await Deno.writeFile(path, huge);
  await assertRejects(() => SafetensorsFile.open(path), UserError, "header length");
});

Deno.test("safetensors: two tensors of one name are a mistake of the caller", async () => {
  const twice = [patternTensor("a", "F32", [1], 1), patternTensor("a", "F32", [1], 2)];
  await assertRejects(() => Array.fromAsync(encodeSafetensors(twice)), Error, 'two tensors named "a"');
});

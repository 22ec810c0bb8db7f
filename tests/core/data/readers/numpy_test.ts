import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { zipSync } from "fflate";
import { locate } from "../../../../core/data/locate.ts";
import { numpy } from "../../../../core/data/readers/numpy.ts";
import { UserError } from "../../../../core/errors.ts";
import { type NumpyArray, NumpyFile } from "../../../../core/formats/numpy_arrays.ts";
import { testInFolder } from "../../../temp.ts";
import { readAll, refusalOf } from "./read_all.ts";

/** An array as NumPy writes it. @param shape as Python writes it: "(2, 3)" */
function makeNpy(descr: string, shape: string, values: { readonly buffer: ArrayBuffer }, fortran = false, version = 1) {
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': ${shape}, }`;
  const start = version === 1 ? 10 : 12;
  const length = Math.ceil((start + text.length + 1) / 64) * 64 - start;
  const head = new Uint8Array(start + length).fill(0x20);
  head.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0, length & 0xff, length >> 8]);
  if (version > 1) head.set([0, 0], 10);
  head.set(new TextEncoder().encode(text), start);
  head[head.length - 1] = 0x0a;
  return Uint8Array.from([...head, ...new Uint8Array(values.buffer)]);
}
/** The same of many bytes. */
function makeNpyOf(values: Uint8Array, rows: number, samples: number): Uint8Array {
  const head = makeNpy("|u1", `(${rows}, ${samples})`, new Uint8Array(0));
  const all = new Uint8Array(head.length + values.length);
  all.set(head);
  all.set(values, head.length);
  return all;
}

const text = (word: string) => Uint32Array.from(word, (char) => char.codePointAt(0)!);
const range = (length: number) => Array.from({ length }, (_, i) => i);

testInFolder("arrays of every type, version and order of axes", async (dir) => {
  const path = join(dir, "a.npy");
  const big = Uint8Array.from(range(6).flatMap((value) => [0, value]));
  const cases: [string, { readonly buffer: ArrayBuffer }][] = [
    ["|i1", Int8Array.from(range(6))],
    ["|u1", Uint8Array.from(range(6))],
    ["<i2", Int16Array.from(range(6))],
    [">i2", big],
    ["<u4", Uint32Array.from(range(6))],
    ["<i8", BigInt64Array.from(range(6), BigInt)],
    ["<f4", Float32Array.from(range(6))],
    ["<f8", Float64Array.from(range(6))],
  ];
  for (const [descr, values] of cases) {
    for (const version of [1, 2]) {
      await Deno.writeFile(path, makeNpy(descr, "(2, 3)", values, false, version));
      assertEquals((await readAll(numpy, path)).values, range(6), descr);
      await Deno.writeFile(path, makeNpy(descr, "(2, 3)", values, true, version));
      assertEquals((await readAll(numpy, path)).values, [0, 2, 4, 1, 3, 5], descr);
    }
  }
  // Parts of a large array are read one by one, whichever axis rows are.
  const many = Float32Array.from(range(60));
  for (const fortran of [false, true]) {
    await Deno.writeFile(path, makeNpy("<f4", "(3, 4, 5)", many, fortran));
    const at = (i: number, j: number, k: number) => fortran ? i + 3 * j + 12 * k : 20 * i + 5 * j + k;
    const first = await readAll(numpy, path, { settings: { axes: ["row", "channel", "sample"] } }, 1);
    assertEquals(first.values, range(60).map((n) => at(Math.floor(n / 20), Math.floor(n / 5) % 4, n % 5)));
    const last = await readAll(numpy, path, { settings: { axes: ["sample", "row", "row"] } }, 7);
    assertEquals(last.values, range(60).map((n) => at(n % 3, Math.floor(n / 15), Math.floor(n / 3) % 5)));
  }
});

testInFolder("a folder of archives: each is a record, its single values are tables", async (dir) => {
  for (const [name, gain, level] of [["b2", 600, 0], ["b10", 20, 6]] as const) {
    const members = {
      "signal.npy": makeNpy("<i4", "(4,)", Int32Array.from([gain, gain + 1, gain + 2, gain + 3])),
      "GAIN.npy": makeNpy("<i4", "()", Int32Array.of(gain)),
      "V.npy": makeNpy("<U3", "()", text("5V\0")),
      "note.txt": new Uint8Array(3),
    };
    await Deno.writeFile(join(dir, `${name}.npz`), zipSync(members, { level }));
  }
  const source = await readAll(numpy, dir, { settings: { rate: "GAIN" } });
  assertEquals([source.rows, source.shape, source.rate], [2, [1, 4], 600]);
  assertEquals(source.rowNames, ["b2.npz", "b10.npz"]);
  assertEquals(source.values, [600, 601, 602, 603, 20, 21, 22, 23]);
  assertEquals(Object.fromEntries(source.rowTables), {
    part: ["b2.npz", "b10.npz"],
    GAIN: ["600", "20"],
    V: ["5V", "5V"],
  });
  const windows = await readAll(numpy, dir, { settings: { window: 2 } });
  assertEquals(windows.rowTables.get("GAIN"), ["600", "600", "20", "20"]);
  assert(numpy.claims(dir, new Uint8Array(0)));
});

testInFolder("complex numbers are two channels, or a part of them, or their magnitudes", async (dir) => {
  const path = join(dir, "a.npy"), pairs = [3, 4, 6, 8, 0, 1, 5, 12, 8, 15, 1, 0];
  const read = async (complex?: string) =>
    await readAll(numpy, path, { settings: { axes: ["row", "sample"], ...complex ? { complex } : {} } }, 1);
  for (const [descr, values] of [["<c8", Float32Array.from(pairs)], ["<c16", Float64Array.from(pairs)]] as const) {
    for (const isFortran of [false, true]) {
      // Both are read as [[3+4i, 6+8i, 1i], [5+12i, 8+15i, 1]].
      const order = isFortran ? [0, 3, 1, 4, 2, 5] : [0, 1, 2, 3, 4, 5];
      const stored = values.slice();
      order.forEach((from, to) => stored.set(values.subarray(2 * from, 2 * from + 2), 2 * to));
      await Deno.writeFile(path, makeNpy(descr, "(2, 3)", stored, isFortran));
      const both = await read();
      assertEquals([both.shape, both.values], [[2, 3], [3, 6, 0, 4, 8, 1, 5, 8, 1, 12, 15, 0]], descr);
      assertEquals((await read("real")).values, [3, 6, 0, 5, 8, 1]);
      assertEquals((await read("imag")).values, [4, 8, 1, 12, 15, 0]);
      assertEquals((await read("abs")).values, [5, 10, 1, 13, 17, 1]);
      const packed = zipSync({ "iq.npy": makeNpy(descr, "(2, 3)", stored, isFortran) });
      await Deno.writeFile(join(dir, "a.npz"), packed);
      assertEquals((await readAll(numpy, join(dir, "a.npz"))).values, both.values);
    }
  }
  await Deno.writeFile(path, makeNpy("<c8", "(2, 3)", Float32Array.from(pairs.slice(1))));
  assert((await refusalOf(numpy, path)).includes("array: 2 x 3 of complex64 needs 48 bytes, it holds 44"));
});

testInFolder("members of archives that are larger than what is read at once are inflated part by part", async (dir) => {
  const path = join(dir, "a.npz"), rows = 90, samples = 100_000;
  // As float32 36 MB, of which 32 MB are read at once.
  const values = Uint8Array.from({ length: rows * samples }, (_, i) => (i >> 8) % 251 + i % 3);
  for (const level of [0, 1] as const) {
    const zip = zipSync({ "x.npy": makeNpyOf(values, rows, samples) }, { level });
    await Deno.writeFile(path, zip);
    const file = await NumpyFile.open(path);
    const [array] = file.arrays as [NumpyArray];
    using stream = file.stream(array);
    const parts: [number, number][] = [[0, 10], [5, 20], [3_000_000, 100], [3_000_050, 100], [12, 5], [8_999_990, 10], [
      0,
      3,
    ]];
    for (const [from, count] of [...parts, [1, 9_000_000 - 1], [8_000_000, 50], [7, 1]] as const) {
      assertEquals(await stream.part(from, count), Float32Array.from(values.subarray(from, from + count)), `${from}`);
    }
    const source = await numpy.open(path, { settings: { axes: ["row", "sample"] } });
    let at = 0;
    for await (const block of source.read(7)) {
      assert("values" in block && block.values.every((value, i) => value === values[at + i]));
      at += block.values.length;
    }
    source.close();
    assertEquals(at, values.length);
    // A changed value before the end is told by the sum, at the latest behind the last row.
    if (level === 0) zip[4_000_000]! ^= 1;
    else zip[zip.length >> 1]! ^= 1;
    await Deno.writeFile(path, zip);
    assert(/damaged|does not hold/.test(await refusalOf(numpy, path, { settings: { axes: ["row", "sample"] } })));
  }
});

testInFolder("damaged arrays, and arrays of objects, are refused", async (dir) => {
  const path = join(dir, "a.npz");
  const array = makeNpy("<i4", "(4, 2)", Int32Array.from(range(8)));
  const write = (bytes: Uint8Array) => Deno.writeFile(path, bytes);
  const refusal = async (bytes: Uint8Array, member?: string) => {
    await write(bytes);
    return (await refusalOf(numpy, path, { member })).replace(`${path}: `, "");
  };
  assert((await refusal(array.slice(0, 140))).startsWith("array: 4 x 2 of int32 needs 32 bytes, it holds 12"));
  assert((await refusal(array.slice(0, 40))).startsWith("array: its header is cut short"));
  assert((await refusal(new Uint8Array(0))).startsWith("is no whole zip archive of arrays"));
  assert((await refusal(makeNpy("|O", "(4,)", new Uint8Array(9)))).includes("array (4 object)"));
  const flipped = zipSync({ "x.npy": array }, { level: 0 });
  flipped[30 + 5 + array.length - 3]! ^= 1;
  assertEquals(await refusal(flipped), "x is damaged: its CRC-32 is not as noted");
  assert((await refusal(zipSync({ "x.txt": array }))).startsWith("is a zip archive without arrays of NumPy"));
  let refused = 0;
  for (const level of [0, 6] as const) {
    const zip = zipSync({ "x.npy": array, "y.npy": makeNpy("<f8", "()", Float64Array.of(2)) }, { level });
    for (let at = 0; at < zip.length; at += 3) {
      const changed = zip.slice();
      changed[at]! ^= 1 << at % 8;
      await write(changed);
      try {
        await readAll(numpy, path, { member: "x" });
      } catch (error) {
        assert(error instanceof UserError, String(error));
        refused++;
      }
    }
  }
  assert(refused > 50, `${refused} were refused`);
});

testInFolder(
  "what is trained on as it is, and what is prepared because its values or bytes have another order",
  async (dir) => {
    const path = join(dir, "a.npy"), values = Float32Array.of(1, 4, 2, 5, 3, 6);
    const kinds: [string, string, boolean, { readonly buffer: ArrayBuffer }, string][] = [
      ["<f4", "(2, 3)", false, values, "chunk"],
      ["<f4", "(2, 3)", true, values, "source"],
      ["<f4", "(6,)", true, values, "chunk"],
      [">i2", "(2, 3)", false, Int16Array.of(1, 2, 3, 4, 5, 6), "source"],
      ["|u1", "(2, 3)", false, Uint8Array.of(1, 2, 3, 4, 5, 6), "chunk"],
    ];
    for (const [descr, shape, fortran, array, kind] of kinds) {
      await Deno.writeFile(path, makeNpy(descr, shape, array, fortran));
      assertEquals(locate(path, "data.path", "auto").map(({ kind }) => kind), [kind], `${descr} ${shape} ${fortran}`);
    }
  },
);

testInFolder("arrays of pictures are told by their sizes, others of more than two axes are refused", async (dir) => {
  const path = join(dir, "a.npy");
  const shapeOf = async (...sizes: number[]) => await ofType("|u1", 1, sizes);
  const ofType = async (descr: string, bytes: number, sizes: readonly number[]) => {
    const values = new Uint8Array(sizes.reduce((product, size) => product * size, bytes));
    await Deno.writeFile(path, makeNpy(descr, `(${sizes.join(", ")})`, values));
    const { rows, shape, notes } = await readAll(numpy, path);
    return { rows, shape, note: notes[0] };
  };
  const grey = await shapeOf(5, 9, 9);
  assertEquals([grey.rows, grey.shape], [5, [1, 9, 9]]);
  assertEquals(
    grey.note,
    "Rows of array (5 x 9 x 9) are pictures of 9 x 9, one for each index of its first axis; data.reader.axes says so otherwise.",
  );
  assertEquals((await shapeOf(5, 9, 9, 1)).shape, [1, 9, 9]);
  assertEquals((await shapeOf(5, 1, 9, 9)).shape, [1, 9, 9]);
  assertEquals((await shapeOf(5, 8, 12, 3)).shape, [3, 8, 12]);
  assertEquals((await shapeOf(5, 3, 9, 9)).shape, [3, 9, 9]);
  for (const sizes of [[5, 9, 10], [5, 4, 4], [5, 3, 9, 10], [5, 9, 9, 2], [9, 9, 3]]) {
    const refused = await shapeOf(...sizes).then(() => "", (error) => error.message);
    assertStringIncludes(refused, "has more than two axes", sizes.join());
  }
  // Squares of other numbers may be echoes of all pairs of elements.
  assertEquals((await ofType("<f4", 4, [5, 3, 9, 9])).shape, [3, 9, 9]);
  assertEquals((await ofType("<f4", 4, [5, 9, 9, 3])).shape, [3, 9, 9]);
  for (const sizes of [[5, 9, 9], [5, 8, 9, 3]]) {
    const refused = await ofType("<f4", 4, sizes).then(() => "", (error) => error.message);
    assertStringIncludes(refused, "has more than two axes", sizes.join());
  }
});

testInFolder("arrays with a label a row are tables of the rows of an archive", async (dir) => {
  const path = join(dir, "a.npz"), rows = range(30);
  const texts = Uint32Array.from(rows.flatMap((row) => [...text(row % 2 ? "T" : "Bä"), 0, 0, 0].slice(0, 3)));
  const archive = (more: Record<string, Uint8Array>) =>
    zipSync({ "x.npy": makeNpy("<f4", "(30, 2)", Float32Array.from(range(60))), ...more });
  await Deno.writeFile(
    path,
    archive({
      "kind.npy": makeNpy("<U3", "(30,)", texts),
      "y.npy": makeNpy("<i8", "(30,)", BigInt64Array.from(rows, (row) => BigInt(row % 3))),
      "good.npy": makeNpy("|b1", "(30, 1)", Uint8Array.from(rows, (row) => Number(row > 20))),
      "number.npy": makeNpy("<i4", "(30,)", Int32Array.from(rows)), // tells every row apart
      "time.npy": makeNpy("<f8", "(30,)", Float64Array.from(rows, (row) => row % 3 / 2)),
      "other.npy": makeNpy("<i4", "(29,)", Int32Array.from(rows.slice(1), () => 1)),
    }),
  );
  const { rowTables } = await readAll(numpy, path);
  assertEquals([...rowTables.keys()].sort(), ["good", "kind", "y"]);
  assertEquals(rowTables.get("kind")!.slice(0, 3), ["Bä", "T", "Bä"]);
  assertEquals(rowTables.get("y")!.slice(0, 4), ["0", "1", "2", "0"]);
  assertEquals(rowTables.get("good")!.slice(20, 22), ["0", "1"]);
});

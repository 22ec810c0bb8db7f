/** Types of numbers in HDF5 files as h5py writes them (tests/golden/make_hdf5.py): read as what they are, or refused in words. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { openH5ad } from "../../../core/data/readers/h5ad_open.ts";
import { openHdf5 } from "../../../core/data/readers/hdf5.ts";
import { UserError } from "../../../core/errors.ts";
import { Hdf5File } from "../../../core/formats/hdf5.ts";
import { testInFolder } from "../../temp.ts";

const golden = (name: string) => fromFileUrl(new URL(`../../golden/${name}`, import.meta.url));
const FILES = ["hdf5_types.h5", "hdf5_types_latest.h5"].map(golden);
const whole = Array.from({ length: 24 }, (_, i) => i), quarters = whole.map((value) => value / 4);

/** What arrays hold, by the beginnings of their names. */
const HELD: readonly (readonly [string, readonly number[]])[] = [
  ["half", quarters],
  ["bfloat16", quarters],
  ["float_big", quarters],
  ["double_big", quarters],
  ["int", whole.map((value) => value - 5)],
  ["uint", whole],
  ["complex", whole.flatMap((value) => [value, value === 0 ? 0 : -value])],
  ["enum", whole.map((value) => value % 2 === 1 ? -1 : 2)],
];

/** Words for what is not read: of some the type, of others, which look like plain numbers, the refusal. */
const LISTED = { mixed: "record of 2 fields", quadruple: "float of 128 bits", opaque: "opaque" } as const;
const REFUSED = { float24: "float of 24 bits in 4 bytes", int12: "integer of 12 bits in 2 bytes" } as const;

Deno.test("numbers of every size, form and byte order have their values, or are refused in words", async () => {
  for (const path of FILES) {
    using file = await Hdf5File.open(path);
    let read = 0;
    for (const array of file.arrays) {
      const { path: name, type, shape } = array, values = () => [...file.read(array, [0, 0], shape)];
      if (name in LISTED) assertEquals(type, LISTED[name as keyof typeof LISTED]);
      else if (name in REFUSED) {
        const { message } = assertThrows(values, UserError);
        assert(message.includes(`numbers that are not read (${REFUSED[name as keyof typeof REFUSED]})`), message);
      } else {
        assertEquals(values().map((value) => value + 0), HELD.find(([start]) => name.startsWith(start))![1], name);
        read++;
      }
    }
    assertEquals(read, 4 + 1 + 2 + 8 + 7 + 3, path);
    const types = Object.fromEntries(file.arrays.map(({ path, type }) => [path, type]));
    assertEquals([types.half, types.half_named, types.bfloat16], ["float16", "float16", "bfloat16"]);
    assertEquals([types["complex f2 big"], types["complex i2 little"]], ["complex float16", "complex int16"]);
  }
});

testInFolder("two bytes of floating point of another form are not guessed", async (dir) => {
  const path = join(dir, "a.h5"), bytes = Deno.readFileSync(FILES[0]!);
  // Of IEEE half precision: bit offset and precision, places and sizes of exponent and fraction, bias.
  const half = [0, 0, 16, 0, 10, 5, 0, 10, 15, 0, 0, 0];
  let changed = 0;
  for (let at = 0; at + half.length <= bytes.length; at++) {
    if (!half.every((byte, i) => bytes[at + i] === byte)) continue;
    bytes[at + 8] = 14; // the bias
    changed++;
  }
  assert(changed >= 4, `${changed} types were changed`);
  Deno.writeFileSync(path, bytes);
  using file = await Hdf5File.open(path);
  for (const name of ["half", "half_big", "half_packed", "half_named"]) {
    const { type, values } = file.array(name)!;
    assertEquals([type, values], ["float of 16 bits in 2 bytes", undefined], name);
  }
  assertEquals(file.array("complex f2 big")!.type, "record of 2 fields");
});

Deno.test("values that lie in other files are refused, and not read from there or taken for zeros", async () => {
  const path = golden("elsewhere.h5");
  const refused = async (member: string) => (await assertRejects(() => openHdf5(path, { member }), UserError)).message;
  assertEquals(
    await refused("virtual"),
    `data.member: virtual of ${path} holds no numbers that are read (parts of other arrays)`,
  );
  const source = await openHdf5(path, { member: "external" });
  const { message } = await assertRejects(() => Array.fromAsync(source.read(4)), UserError);
  assertEquals(message, `${path}: external lies in other files, which are not read`);
  source.close();
});

Deno.test("AnnData files of float16, sparse and dense", async () => {
  const counts = whole.map((value) => value % 3 === 0 ? value : 0);
  for (const member of ["X", "layers/dense"]) {
    const source = await openH5ad(golden("half.h5ad"), { member });
    const values: number[] = [];
    for await (const block of source.read(3)) {
      for (let row = 0; row < block.rows; row++) {
        const line = new Array(6).fill(0);
        if ("values" in block) block.values.subarray(6 * row, 6 * row + 6).forEach((value, j) => line[j] = value);
        else {for (let at = block.indptr[row]!; at < block.indptr[row + 1]!; at++) {
            line[block.indices[at]!] = block.data[at];
          }}
        values.push(...line);
      }
    }
    source.close();
    assertEquals([source.rows, source.columns, values], [4, 6, counts], member);
  }
});

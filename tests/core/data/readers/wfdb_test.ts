import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { wfdb } from "../../../../core/data/readers/wfdb.ts";
import { UserError } from "../../../../core/errors.ts";
import { testInFolder } from "../../../temp.ts";
import { readAll, refusalOf } from "./read_all.ts";

const settings = { window: 2 };

testInFolder("two channels in pairs of 12 bits, as the records of MIT-BIH are", async (dir) => {
  // The first bytes of record 100 are E3 33 F3: 995 and 1011, the initial values of its header.
  await Deno.writeFile(join(dir, "100.dat"), Uint8Array.of(0xe3, 0x33, 0xf3, 0xff, 0xff, 0xff, 0x00, 0x48, 0x00));
  await Deno.writeTextFile(
    join(dir, "100.hea"),
    "# a comment\n100 2 360 3\n100.dat 212 200 11 1024 995 994 0 MLII\n100.dat 212 400(11)/uV 11 1024 1011 1010 0 V5\n# 69 M\n",
  );
  await Deno.writeFile(join(dir, "100.atr"), new Uint8Array(4));
  assert(wfdb.claims(dir, new Uint8Array(0)));
  assert(wfdb.claims("100.hea", await Deno.readFile(join(dir, "100.hea"))));
  const source = await readAll(wfdb, dir, { settings });
  assertEquals([source.rows, source.shape, source.rate], [1, [2, 2], 360]);
  assertEquals(source.values, [(995 - 1024) / 200, -1025 / 200, (1011 - 11) / 400, -12 / 400].map(Math.fround));
  assertEquals(source.notes, [
    "Values are in mV and uV.",
    "Records were cut into 1 window of 2 samples, 2 samples apart.",
    "The end of 1 record is in no window: 1 sample in all.",
  ]);
  // The third sample of the second channel is 0x400 of 12 bits: 1024; of the first, 0x800: a missing value.
  const whole = await refusalOf(wfdb, dir);
  assert(whole.endsWith("the sum of channel 1 is 64482, its header says 994"), whole);
  const header = await Deno.readTextFile(join(dir, "100.hea"));
  await Deno.writeTextFile(
    join(dir, "100.hea"),
    header.replace("995 994", "995 64482").replace("1011 1010", "1011 2034"),
  );
  assertEquals((await readAll(wfdb, dir)).values.slice(2), [NaN, 2.5, Math.fround(-12 / 400), Math.fround(1013 / 400)]);
});

const pair = (value: number) => [value & 255, value >> 8 & 255];

/** Three samples of 10 bits in two pairs of bytes: two with a bit below them, the third one in the upper 5 bits of both. */
function packed310(values: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0; at < values.length; at += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => (values[at + k] ?? 0) & 0x3ff) as [number, number, number];
    bytes.push(...pair(a << 1 | 1 | (c & 0x1f) << 11), ...pair(b << 1 | c >> 5 << 11));
  }
  return Uint8Array.from(bytes);
}

/** Three samples of 10 bits in a word of 32, the first one lowest; the upper two bits mean nothing. */
function packed311(values: readonly number[]): Uint8Array {
  const words = Uint32Array.from({ length: Math.ceil(values.length / 3) }, (_, i) => {
    const [a, b, c] = [0, 1, 2].map((k) => (values[3 * i + k] ?? 0) & 0x3ff) as [number, number, number];
    return (a | b << 10 | c << 20 | 0b10 << 30) >>> 0;
  });
  return Uint8Array.from([...words].flatMap((word) => [...pair(word), ...pair(word >>> 16)]));
}

testInFolder(
  "10 bits: the bytes of the published layout, signs, missing values, and files that end within a word",
  async (dir) => {
    const header = join(dir, "a.hea");
    const read = async (format: number, bytes: readonly number[], samples = 0) => {
      await Deno.writeFile(join(dir, "a.dat"), Uint8Array.from(bytes));
      await Deno.writeTextFile(header, `a 1 100 ${samples}\na.dat ${format} 1\n`);
      return (await readAll(wfdb, header)).values;
    };
    // 310: 0x03FF: bits 1 to 10 are 0x1FF = 511; 0x0401 gives 0x200, which marks a missing sample.
    // The third one: 0b10101 of the first pair below 0b01010 of the second: 0b0101010101 = 341.
    assertEquals(await read(310, [0xff, 0xab, 0x01, 0x54]), [511, NaN, 341]);
    // 311: 0x3FF = -1, 0x001 = 1, 0x200 is missing; the upper two bits are set.
    assertEquals(await read(311, [0xff, 0x07, 0x00, 0xe0]), [-1, 1, NaN]);
    const values = [511, -511, 0, -1, 1, 300, -300, 5];
    for (const length of [6, 7, 8]) {
      const some = values.slice(0, length), rest = length % 3;
      const cut = (bytes: Uint8Array, end: number) => [...bytes.subarray(0, end)];
      assertEquals(await read(310, cut(packed310(some), 8 + [0, 2, 4][rest]!), length), some);
      assertEquals(await read(311, cut(packed311(some), 8 + [0, 2, 3][rest]!), length), some);
      if (rest < 2) assertEquals(await read(310, cut(packed310(some), 8 + 2 * rest)), some);
      assertEquals(await read(311, cut(packed311(some), 8 + [0, 2, 3][rest]!)), some);
    }
  },
);

testInFolder(
  "differences are summed signal by signal from the header's initial values, in windows too",
  async (dir) => {
    const first = [1000, 1100, 1227, 1099, 1099, 1100], second = [-500, -628, -627, -600, -600, -500];
    const differences = (values: readonly number[], initial: number) =>
      values.map((v, i) => v - (values[i - 1] ?? initial));
    const a = differences(first, 1000), b = differences(second, -400);
    await Deno.writeFile(join(dir, "a.dat"), Uint8Array.from(a.flatMap((value, i) => [value, b[i]!])));
    const header = join(dir, "a.hea");
    const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0) & 0xffff;
    await Deno.writeTextFile(
      header,
      `a 2 100 6\na.dat 8 1 16 0 1000 ${sum(first)} 0 x\na.dat 8 1 16 0 -400 ${sum(second)} 0 y\n`,
    );
    assertEquals((await readAll(wfdb, header)).values, [...first, ...second]);
    for (const [window, hop] of [[2, 1], [2, 2], [1, 4], [3, 1]] as const) {
      const { values } = await readAll(wfdb, header, { settings: { window, hop } }, 1);
      const starts = Array.from({ length: 1 + Math.floor((6 - window) / hop) }, (_, i) => i * hop);
      assertEquals(values, starts.flatMap((at) => [...first.slice(at, at + window), ...second.slice(at, at + window)]));
    }
    // Where a header has no initial value, it is the zero of the converter.
    await Deno.writeTextFile(header, "a 2 100 6\na.dat 8 1(0) 16 1000\na.dat 8 1(0) 16 -400\n");
    assertEquals((await readAll(wfdb, header)).values, [...first, ...second]);
    await Deno.writeTextFile(header, "a 2 100 6\na.dat 8 1\na.dat 80 1\n");
    assert((await refusalOf(wfdb, header)).endsWith("says that signals of a.dat are of different formats"));
  },
);

testInFolder("every format, in one file or several", async (dir) => {
  const values = [0, 1, -2, 100, -20, 7];
  const bytes = (size: number, set: (view: DataView, at: number, value: number) => void) => {
    const view = new DataView(new ArrayBuffer(size * values.length));
    values.forEach((value, i) => set(view, size * i, value));
    return new Uint8Array(view.buffer);
  };
  const files: Record<string, Uint8Array> = {
    "16": bytes(2, (view, at, value) => view.setInt16(at, value, true)),
    "61": bytes(2, (view, at, value) => view.setInt16(at, value)),
    "32": bytes(4, (view, at, value) => view.setInt32(at, value, true)),
    "80": bytes(1, (view, at, value) => view.setUint8(at, value + 128)),
    "24": Uint8Array.from(values.flatMap((value) => [value & 255, value >> 8 & 255, value >> 16 & 255])),
    "160": bytes(2, (view, at, value) => view.setUint16(at, value + 32768, true)),
    // Differences from the initial value of the header, 0.
    "8": Uint8Array.from(values.map((value, i) => value - (values[i - 1] ?? 0))),
    "310": packed310(values),
    "311": packed311(values),
    "212": Uint8Array.from([0, 1, 2].flatMap((pair) => {
      const [a, b] = [values[2 * pair]! & 0xfff, values[2 * pair + 1]! & 0xfff];
      return [a & 255, a >> 8 | b >> 8 << 4, b & 255];
    })),
  };
  for (const [format, content] of Object.entries(files)) {
    await Deno.writeFile(join(dir, `f${format}.dat`), Uint8Array.from([9, 9, ...content]));
    await Deno.writeTextFile(join(dir, "a.hea"), `a 1 1000\nf${format}.dat ${format}+2 1\n`);
    const source = await readAll(wfdb, join(dir, "a.hea"));
    assertEquals([source.values, source.shape], [values, [1, 6]], format);
    const windows = await readAll(wfdb, join(dir, "a.hea"), { settings: { window: 3, hop: 1 } }, 1);
    assertEquals(windows.values, [0, 1, 2, 3].flatMap((at) => values.slice(at, at + 3)), format);
  }
  await Deno.writeTextFile(join(dir, "a.hea"), "a 2 1000 3\nf16.dat 16+2 1\nf80.dat 80+2 2/V\n");
  assertEquals((await readAll(wfdb, join(dir, "a.hea"))).values, [0, 1, -2, 0, 0.5, -1]);
});

testInFolder("what is not read, or leads out of the folder, is refused", async (dir) => {
  const path = join(dir, "a.hea");
  await Deno.writeFile(join(dir, "a.dat"), new Uint8Array(20));
  const refusal = async (header: string) => {
    await Deno.writeTextFile(path, header);
    return (await refusalOf(wfdb, path)).replace(`${path}: `, "");
  };
  assertEquals(await refusal("<html>"), "is no header of a WFDB record");
  assertEquals(
    await refusal("a/2 1 100 10\na.dat 16\n"),
    "is a record of several segments (name the headers of its segments)",
  );
  assertEquals(await refusal("a 2 100 10\na.dat 16\n"), "describes 1 of its 2 signals");
  assertEquals(await refusal("a 1 100 11\na.dat 16\n"), "claims 11 samples, its files hold 10");
  assertEquals(await refusal("a 1 0 10\na.dat 16\n"), "claims 0 samples a second");
  assertEquals(await refusal("a 1 100\na.dat 508\n"), "a.dat: format 508 is not read (convert it to format 16)");
  assertEquals(
    await refusal("a 1 100\na.dat 16x4\n"),
    "a.dat: has 4 samples a frame, where 1 is read (convert it to format 16)",
  );
  assertEquals(await refusal("a 1 100\n../b.dat 16\n"), 'names the file "../b.dat", which is not one beside it');
  assert((await refusal("a 1 100\nb.dat 16\n")).includes("b.dat: cannot open (No such file or directory)"));
  let refused = 0;
  const header = "a 2 360 5\na.dat 16 200 11 1024 995 0 0 x\na.dat 16 200(1)/mV 11 1024 995 0 0 y\n";
  for (let at = 0; at < header.length; at++) {
    await Deno.writeTextFile(path, header.slice(0, at) + "7-x"[at % 3] + header.slice(at + 1));
    try {
      await readAll(wfdb, path);
    } catch (error) {
      assert(error instanceof UserError, String(error));
      refused++;
    }
  }
  assert(refused > 15, `${refused} were refused`);
});

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { wav } from "../../../../core/data/readers/wav.ts";
import { UserError } from "../../../../core/errors.ts";
import { testInFolder } from "../../../temp.ts";
import { readAll, refusalOf } from "./read_all.ts";

interface Wav {
  readonly bits?: number;
  readonly float?: boolean;
  readonly channels?: number;
  readonly rate?: number;
  readonly extensible?: boolean;
  readonly code?: number;
  /** Replaces the length of the samples in the header. */
  readonly claimed?: number;
  readonly riff?: string;
}

/** @param values whole numbers as they are stored, or floating point */
function makeWav(values: readonly number[], wav: Wav = {}): Uint8Array<ArrayBuffer> {
  const { bits = 16, float = false, channels = 1, rate = 8000, extensible = false, riff = "RIFF" } = wav;
  const code = wav.code ?? (float ? 3 : 1);
  const data = new Uint8Array(values.length * bits / 8);
  const view = new DataView(data.buffer);
  values.forEach((value, i) => {
    if (bits === 8) data[i] = value;
    else if (bits === 16) view.setInt16(2 * i, value, true);
    else if (bits === 24) data.set([value & 255, value >> 8 & 255, value >> 16 & 255], 3 * i);
    else if (bits === 64) view.setFloat64(8 * i, value, true);
    else if (float) view.setFloat32(4 * i, value, true);
    else view.setInt32(4 * i, value, true);
  });
  const format = new Uint8Array(extensible ? 40 : 16);
  const fields = new DataView(format.buffer);
  fields.setUint16(0, extensible ? 0xfffe : code, true);
  fields.setUint16(2, channels, true);
  fields.setUint32(4, rate, true);
  fields.setUint32(8, rate * channels * bits / 8, true);
  fields.setUint16(12, channels * bits / 8, true);
  fields.setUint16(14, bits, true);
  if (extensible) {
    fields.setUint16(16, 22, true);
    fields.setUint16(24, code, true);
    format.set([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71], 26);
  }
  const chunk = (name: string, body: Uint8Array, length = body.length) => {
    const head = new Uint8Array(8);
    head.set(new TextEncoder().encode(name));
    new DataView(head.buffer).setUint32(4, length, true);
    return [...head, ...body, ...body.length % 2 ? [0] : []];
  };
  const long = new Uint8Array(28);
  new DataView(long.buffer).setBigUint64(8, BigInt(data.length), true);
  const body = [
    ...new TextEncoder().encode("WAVE"),
    ...riff === "RF64" ? chunk("ds64", long) : [],
    ...chunk("LIST", Uint8Array.of(1, 2, 3)),
    ...chunk("fmt ", format),
    ...chunk("data", data, wav.claimed ?? data.length),
  ];
  return Uint8Array.from(chunk(riff, Uint8Array.from(body)));
}

testInFolder("samples of every kind", async (dir) => {
  const path = join(dir, "a.wav");
  const cases: [readonly number[], Wav, readonly number[]][] = [
    [[0, 128, 255], { bits: 8 }, [-1, 0, 127 / 128]],
    [[-32768, 0, 16384], {}, [-1, 0, 0.5]],
    [[-(2 ** 23), 1, 2 ** 22], { bits: 24 }, [-1, 2 ** -23, 0.5]],
    [[-(2 ** 31), 0, 2 ** 30], { bits: 32 }, [-1, 0, 0.5]],
    [[-1.5, 0.25, 2], { bits: 32, float: true }, [-1.5, 0.25, 2]],
    [[-1.5, 0.25, 2], { bits: 64, float: true }, [-1.5, 0.25, 2]],
    [[-32768, 0, 16384], { extensible: true }, [-1, 0, 0.5]],
    [[-32768, 0, 16384], { riff: "RF64", claimed: 0xffffffff }, [-1, 0, 0.5]],
  ];
  for (const [values, options, expected] of cases) {
    await Deno.writeFile(path, makeWav(values, options));
    const source = await readAll(wav, path);
    assertEquals(source.values, expected, JSON.stringify(options));
    assertEquals([source.shape, source.rate, source.rowNames], [[1, 3], 8000, ["a.wav"]]);
  }
});

testInFolder("channels come one after another, records may be cut into windows", async (dir) => {
  // Left counts from 0, right from 100.
  const values = Array.from({ length: 7 }, (_, i) => [i, 100 + i]).flat();
  await Deno.mkdir(join(dir, "one"));
  await Deno.mkdir(join(dir, "two"));
  await Deno.writeFile(join(dir, "one/a.wav"), makeWav(values, { channels: 2 }));
  await Deno.writeFile(join(dir, "two/b.wav"), makeWav(values.slice(0, 8), { channels: 2 }));
  await Deno.writeFile(join(dir, "two/c.wav"), makeWav(values.slice(0, 2), { channels: 2 }));
  const refusal = await refusalOf(wav, dir);
  assert(refusal.includes("two/b.wav has 4 samples, one/a.wav has 7 (set data.reader.window: SAMPLES"), refusal);

  for (const blockRows of [1, 2, 100]) {
    const source = await readAll(wav, dir, { settings: { window: 3, hop: 2 } }, blockRows);
    const rows = source.values.map((value) => value * 32768);
    assertEquals(source.shape, [2, 3]);
    assertEquals(rows, [0, 2, 4, 0].flatMap((at) => [at, at + 1, at + 2, at + 100, at + 101, at + 102]));
    assertEquals(source.rowNames, ["one/a.wav@0", "one/a.wav@2", "one/a.wav@4", "two/b.wav@0"]);
    assertEquals([...source.rowTables], [
      ["class", ["one", "one", "one", "two"]],
      ["file", ["one/a.wav", "one/a.wav", "one/a.wav", "two/b.wav"]],
    ]);
    assertEquals(source.notes, [
      "Values of 16 bits were scaled to -1 to 1.",
      "Records were cut into 4 windows of 3 samples, 2 samples apart.",
      "The end of 2 records are in no window: 2 samples in all.",
      "1 record is shorter than a window.",
    ]);
  }
  const apart = await readAll(wav, join(dir, "one"), { settings: { window: 1, hop: 5 } });
  assertEquals(apart.values.map((value) => value * 32768), [0, 100, 5, 105]);
  assert((await refusalOf(wav, dir, { settings: { window: 8 } })).startsWith("data.reader.window: 8 samples are more"));
  assert((await refusalOf(wav, dir, { settings: { hop: 8 } })).startsWith("data.reader.hop: 8 needs a window"));
  await Deno.writeFile(join(dir, "two/d.wav"), makeWav([1, 2], { channels: 2, rate: 16000 }));
  assert(
    (await refusalOf(wav, dir)).includes("d.wav: has 2 channels of 16000 Hz, one/a.wav has 2 channels of 8000 Hz"),
  );
});

testInFolder("damaged and foreign files are refused, open-ended ones read to their end", async (dir) => {
  const path = join(dir, "a.wav");
  const refusal = async (bytes: Uint8Array) => {
    await Deno.writeFile(path, bytes);
    return (await refusalOf(wav, path)).replace(`${path}: `, "");
  };
  const whole = makeWav([1, 2, 3, 4]);
  assertEquals(await refusal(new Uint8Array(0)), "is not a WAV file");
  assertEquals(await refusal(whole.slice(0, 30)), "has no description of its format");
  assertEquals(await refusal(whole.slice(0, whole.length - 2)), "claims 8 bytes of samples, the file holds 6");
  assertEquals(await refusal(whole.slice(0, 58)), "claims 8 bytes of samples, the file holds 2");
  assert((await refusal(makeWav([1, 2], { code: 85 }))).startsWith("holds samples of the compressed format 85"));
  assert((await refusal(makeWav([1], { channels: 2000 }))).startsWith("claims 2000 channels"));
  assert((await refusal(makeWav([1], { rate: 0 }))).startsWith("claims 0 samples a second"));
  assert((await refusal(makeWav([]))).endsWith("a.wav has no samples"));
  await Deno.writeFile(path, makeWav([1, 2, 3], { claimed: 0xffffffff }));
  const open = await readAll(wav, path);
  assertEquals(open.values.length, 3);
  assert(open.notes.includes("The header of a.wav does not say how long it is: it was read to its end."));
});

testInFolder("files with changed bytes are rows or errors of one line", async (dir) => {
  const path = join(dir, "a.wav");
  const files = [makeWav([1, 2, 3, 4], { channels: 2 }), makeWav([1, 2], { riff: "RF64", extensible: true })];
  let refused = 0;
  for (const file of files) {
    for (let at = 0; at < file.length; at++) {
      for (const value of [0, 1, 0x7f, 0xff]) {
        const bytes = file.slice();
        bytes[at] = value;
        await Deno.writeFile(path, bytes);
        try {
          await readAll(wav, path);
        } catch (error) {
          assert(error instanceof UserError, String(error));
          refused++;
        }
      }
    }
  }
  assert(refused > 50, `${refused} were refused`);
});

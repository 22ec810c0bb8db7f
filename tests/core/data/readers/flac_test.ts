import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { flac } from "../../../../core/data/readers/flac.ts";
import { UserError } from "../../../../core/errors.ts";
import { testInFolder } from "../../../temp.ts";
import { readAll, refusalOf } from "./read_all.ts";

const golden = (bits: number) => fromFileUrl(new URL(`../../../golden/flac${bits}.flac`, import.meta.url));

/** What tests/golden/make_flac.py writes, of a channel. */
function expected(bits: number, channel: number): number[] {
  const most = 2 ** (bits - 1);
  return Array.from({ length: 400 }, (_, i) => {
    if (i === 0) return (channel === 0 ? -most : most - 1) / most;
    return ((7919 * i * (i + 1) + 104729 * channel) % 2 ** bits - most) / most;
  });
}

Deno.test("recordings have the values that WAV files would have", async () => {
  for (const bits of [8, 16, 24]) {
    const source = await readAll(flac, golden(bits));
    assertEquals([source.shape, source.rate], [[2, 400], 8000]);
    assertEquals(source.values, [...expected(bits, 0), ...expected(bits, 1)], `${bits} bits`);
    assertEquals(source.notes, [`Values of ${bits} bits were scaled to -1 to 1.`]);
  }
  const windows = await readAll(flac, golden(16), { settings: { window: 100, hop: 90 } }, 2);
  assertEquals([windows.rows, windows.rowNames![3]], [4, "flac16.flac@270"]);
  assertEquals(windows.values.slice(700), expected(16, 1).slice(270, 370));
});

testInFolder("a folder of recordings, and damaged ones", async (dir) => {
  const path = join(dir, "a.flac"), whole = await Deno.readFile(golden(16));
  await Deno.writeFile(join(dir, "b.flac"), whole);
  await Deno.writeFile(path, whole);
  assert(flac.claims(dir, new Uint8Array(0)));
  assertEquals((await readAll(flac, dir)).rowNames, ["a.flac", "b.flac"]);
  const refusal = async (bytes: Uint8Array) => {
    await Deno.writeFile(path, bytes);
    return (await refusalOf(flac, path)).replace(`${path}: `, "");
  };
  const changed = (at: number, value: number) => whole.map((byte, i) => i === at ? value : byte);
  assertEquals(await refusal(new Uint8Array(3)), "is not a FLAC file");
  assertEquals(await refusal(whole.slice(0, 30)), "its header is cut short");
  assert((await refusal(whole.slice(0, whole.length - 10))).startsWith("is damaged: 0 of its 400 samples"));
  assert((await refusal(changed(whole.length - 100, 0))).startsWith("is damaged: "));
  assertEquals(await refusal(changed(30, 1)), "is damaged: the MD5 of its samples is not as the encoder noted");
  assert((await refusal(changed(21, 0xff))).includes("more than the 134,217,728 that are decoded"));
  let refused = 0;
  for (let at = 0; at < whole.length; at += 13) {
    await Deno.writeFile(path, changed(at, whole[at]! ^ 0x55));
    try {
      await readAll(flac, path);
    } catch (error) {
      assert(error instanceof UserError, String(error));
      refused++;
    }
  }
  assert(refused > 20, `${refused} were refused`);
  assertEquals((await readAll(flac, golden(8))).rows, 1);
});

import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { deflateSync } from "node:zlib";
import { join } from "@std/path";
import { UserError } from "../../../../core/errors.ts";
import { InputFile } from "../../../../core/formats/file.ts";
import { readHeads } from "../../../../core/formats/pictures/head.ts";
import { type Picture, pictureDecoder, upright } from "../../../../core/formats/pictures/picture.ts";
import { fitted, resized } from "../../../../core/formats/pictures/resize.ts";
import { testInFolder } from "../../../temp.ts";
import { bytesOf, NAMES, RESIZED, valuesOf } from "./golden.ts";
import { chunk, greyPng, makePng } from "./make_png.ts";

async function decode(dir: string, bytes: Uint8Array<ArrayBuffer>, channels?: 1 | 3): Promise<Picture[]> {
  const path = join(dir, "picture");
  await Deno.writeFile(path, bytes);
  using file = await InputFile.open(path);
  const decoder = pictureDecoder(file);
  const pictures: Picture[] = [];
  for (const head of await readHeads(file)) pictures.push(await decoder(head, channels ?? (head.colour ? 3 : 1)));
  return pictures;
}

const refusal = async (dir: string, bytes: Uint8Array<ArrayBuffer>) =>
  (await assertRejects(() => decode(dir, bytes), UserError)).what;

/** Rounded to eighths of 1/255, so that 0.4 and 0.4 from another order of operations are the same. */
const levels = (picture: Picture) => [...picture.values].map((value) => Math.round(value * 255 * 8) / 8);

/** Pillow's order of values as ours: channel by channel. */
function planes(values: readonly number[], channels: number): number[] {
  const pixels = values.length / channels;
  return Array.from({ length: values.length }, (_, i) => values[(i % pixels) * channels + Math.floor(i / pixels)]!);
}

testInFolder("PNG of every colour type and depth", async (dir) => {
  const cases: [Parameters<typeof makePng>[0], number[]][] = [
    [{ width: 3, height: 1, bits: 1, colourType: 0, lines: [[0b101_00000]] }, [255, 0, 255]],
    [{ width: 3, height: 1, bits: 2, colourType: 0, lines: [[0b00_01_11_00]] }, [0, 85, 255]],
    [{ width: 2, height: 1, bits: 4, colourType: 0, lines: [[0x1f]] }, [17, 255]],
    [{ width: 1, height: 1, bits: 16, colourType: 0, lines: [[0x80, 0x80]] }, [128]],
    [{ width: 1, height: 2, colourType: 2, lines: [[1, 2, 3], [4, 5, 6]] }, [1, 4, 2, 5, 3, 6]],
    [{ width: 1, height: 1, bits: 16, colourType: 2, lines: [[1, 1, 2, 2, 3, 3]] }, [1, 2, 3]],
    [{ width: 2, height: 1, bits: 1, colourType: 3, palette: [9, 8, 7, 1, 2, 3], lines: [[0b01000000]] }, [
      9,
      1,
      8,
      2,
      7,
      3,
    ]],
    // A palette of greys is grey.
    [{ width: 2, height: 1, colourType: 3, palette: [9, 9, 9, 1, 1, 1], lines: [[1, 0]] }, [1, 9]],
    // Over white: a fifth of black is four fifths of white.
    [{ width: 2, height: 1, colourType: 4, lines: [[0, 51, 100, 255]] }, [204, 100]],
    [{ width: 1, height: 1, colourType: 6, lines: [[10, 20, 30, 0]] }, [255, 255, 255]],
    [{ width: 2, height: 1, colourType: 0, transparency: [0, 7], lines: [[7, 8]] }, [255, 8]],
    [{ width: 2, height: 1, colourType: 3, palette: [9, 9, 9, 0, 0, 0], transparency: [255, 51], lines: [[0, 1]] }, [
      9,
      204,
    ]],
  ];
  for (const [png, expected] of cases) {
    const [picture] = await decode(dir, makePng(png));
    assertEquals(levels(picture!), expected, JSON.stringify(png));
  }
});

testInFolder("JPEG, WebP and TIFF have the values that Pillow decodes", async (dir) => {
  const upright = NAMES.filter((name) => !/turned|moving|alpha|cmyk|bilevel|pages|sixteen|float|jpeg\.tif/.test(name));
  assert(upright.length >= 9, upright.join());
  for (const name of upright) {
    const expected = valuesOf(name);
    const channels = expected.length / 128;
    const [picture] = await decode(dir, bytesOf(name));
    assertEquals([picture!.channels, picture!.height, picture!.width], [name.endsWith("webp") ? 3 : channels, 8, 16]);
    assertEquals(levels(picture!), planes(expected, channels), name);
  }
  // Another JPEG decoder within TIFF: one level of 255 is rounding.
  const [within] = await decode(dir, bytesOf("jpeg.tif"));
  planes(valuesOf("jpeg.tif"), 3).forEach((value, i) => assertAlmostEquals(within!.values[i]! * 255, value, 1.01));
  const [sixteen] = await decode(dir, bytesOf("sixteen.tif"));
  assertEquals(sixteen!.values, Float32Array.from(valuesOf("sixteen.tif"), (value) => value / 65535));
  const [float] = await decode(dir, bytesOf("float.tif"));
  assertEquals([...float!.values], valuesOf("float.tif"));
  assertEquals((await decode(dir, bytesOf("pages.tif"))).map(({ width }) => width), [16, 16]);
});

testInFolder("transparency is laid over white, and pictures are turned upright", async (dir) => {
  const [alpha] = await decode(dir, bytesOf("alpha.webp"));
  assertEquals(levels(alpha!).slice(0, 3), [255, 0.2 * 16 + 204, 32].map((value) => Math.round(value * 8) / 8));
  // 6: the first row is the right side. Pillow's values are as they lie in the file.
  for (const name of ["turned.jpg", "turned.webp"]) {
    const [picture] = await decode(dir, bytesOf(name));
    assertEquals([picture!.height, picture!.width], [16, 8], name);
    const stored = planes(valuesOf(name), 3);
    assertEquals(levels(picture!)[7], stored[0], name);
    assertEquals(levels(picture!)[15 * 8], stored[7 * 16 + 15], name);
  }
  const [page] = await decode(dir, bytesOf("turned.tif"));
  assertEquals([page!.height, page!.width], [16, 8]);
  // Pillow turns the pages of TIFF files itself.
  assertEquals(levels(page!), planes(valuesOf("turned.tif"), 3));
});

Deno.test("orientations 1 to 8 of a letter F become the same picture", () => {
  // X X    what is stored for each orientation, of height x width
  // X .
  // X .
  const F = [1, 2, 3, 0, 4, 0];
  const stored: Record<number, [number, number, number[]]> = {
    1: [3, 2, [1, 2, 3, 0, 4, 0]],
    2: [3, 2, [2, 1, 0, 3, 0, 4]],
    3: [3, 2, [0, 4, 0, 3, 2, 1]],
    4: [3, 2, [4, 0, 3, 0, 1, 2]],
    5: [2, 3, [1, 3, 4, 2, 0, 0]],
    6: [2, 3, [2, 0, 0, 1, 3, 4]],
    7: [2, 3, [0, 0, 2, 4, 3, 1]],
    8: [2, 3, [4, 3, 1, 0, 0, 2]],
  };
  for (const [orientation, [height, width, values]] of Object.entries(stored)) {
    const turned = upright({ channels: 1, height, width, values: Float32Array.from(values) }, Number(orientation));
    assertEquals([turned.height, turned.width, ...turned.values], [3, 2, ...F], `orientation ${orientation}`);
  }
});

testInFolder("grey is made of colours as BT.601 says", async (dir) => {
  const png = makePng({ width: 1, height: 1, colourType: 2, lines: [[255, 0, 0]] });
  const [picture] = await decode(dir, png, 1);
  assertAlmostEquals(picture!.values[0]!, 0.299, 1e-6);
  const [grey] = await decode(dir, greyPng([[100]]), 3);
  assertEquals(levels(grey!), [100, 100, 100]);
});

Deno.test("resizing has the values of Pillow's BILINEAR", () => {
  const values = Float32Array.from({ length: 12 }, (_, i) => i * i / 100);
  assertEquals(RESIZED.length, 5);
  for (const { height, width, values: expected } of RESIZED) {
    const picture = resized({ channels: 1, height: 3, width: 4, values }, height, width);
    assertEquals([picture.height, picture.width], [height, width]);
    expected.forEach((value, i) => assertAlmostEquals(picture.values[i]!, value, 2e-7));
  }
});

Deno.test("crop cuts out the middle, cover scales to the larger of both factors first", () => {
  const picture: Picture = { channels: 1, height: 2, width: 4, values: Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7]) };
  assertEquals([...fitted(picture, 2, 2, "crop").values], [1, 2, 5, 6]);
  assertEquals([...fitted(picture, 1, 1, "crop").values], [1]);
  assertEquals([...fitted(picture, 2, 2, "cover").values], [1, 2, 5, 6]);
  // 2 x 4 becomes 1 x 2, of which one pixel is kept.
  assertEquals(fitted(picture, 1, 1, "cover").values.length, 1);
});

testInFolder("damaged and absurd PNG files are refused in one line", async (dir) => {
  const whole = greyPng([[1, 2], [3, 4]]);
  const cut = (length: number) => whole.slice(0, length);
  assertEquals(await refusal(dir, new Uint8Array(0)), "the file is empty");
  assertEquals(await refusal(dir, cut(20)), "the file ends within its header");
  assertEquals(await refusal(dir, cut(whole.length - 12)), "the PNG file is cut short");
  const flipped = whole.slice();
  flipped[45]! ^= 1;
  assert(/damaged|Crc error/.test(await refusal(dir, flipped)));
  const huge = makePng({ width: 100_000, height: 100_000, colourType: 0, lines: [] });
  assertEquals(await refusal(dir, huge), "claims 100,000 x 100,000 pixels, more than the 67,108,864 that are decoded");
  const base = { width: 2, height: 2, colourType: 0, lines: [] } as const;
  // A megabyte that inflates to a gigabyte is not inflated further than the picture needs.
  const bomb = makePng({ ...base, data: deflateSync(new Uint8Array(1e8)) });
  assertEquals(await refusal(dir, bomb), "its image data are more than its size needs");
  const short = makePng({ ...base, data: deflateSync(new Uint8Array(5)) });
  assertEquals(await refusal(dir, short), "its image data are 5 bytes, its size needs 6");
  const filter = makePng({ ...base, data: deflateSync(Uint8Array.from([9, 0, 0, 0, 0, 0])) });
  assert((await refusal(dir, filter)).startsWith("cannot be decoded as PNG"));
  // A profile that inflates without end is never looked at.
  const profile = Buffer.concat([Buffer.from("p\0\0"), deflateSync(new Uint8Array(1e8))]);
  const withProfile = Buffer.concat([whole.subarray(0, 33), chunk("iCCP", profile), whole.subarray(33)]);
  assertEquals(levels((await decode(dir, Uint8Array.from(withProfile)))[0]!), [1, 2, 3, 4]);
});

testInFolder("what no decoder reads is named", async (dir) => {
  assertEquals(await refusal(dir, bytesOf("cmyk.jpg")), "is a JPEG picture of 4 inks (CMYK)");
  assertEquals(await refusal(dir, bytesOf("moving.webp")), "is a moving WebP picture");
  assert((await refusal(dir, bytesOf("cmyk.tif"))).startsWith("has colours of kind 5"));
  assert((await refusal(dir, bytesOf("bilevel.tif"))).startsWith("has values of 1 bits"));
  assertEquals(await refusal(dir, Uint8Array.from([1, 2, 3])), "is no PNG, JPEG, TIFF or WebP picture");
});

testInFolder("a JPEG that is cut short is refused, and the next one is decoded", async (dir) => {
  for (const name of ["baseline.jpg", "progressive.jpg", "lossy.webp", "lossless.webp"]) {
    const whole = bytesOf(name);
    assert((await refusal(dir, whole.slice(0, whole.length - 40))).includes("damaged or cut short"), name);
    assertEquals(levels((await decode(dir, whole))[0]!), planes(valuesOf(name), 3), name);
  }
});

testInFolder("pages that run in a circle are refused", async (dir) => {
  const circle = Uint8Array.from([0x49, 0x49, 42, 0, 8, 0, 0, 0, 0, 0, 8, 0, 0, 0]);
  assertEquals(await refusal(dir, circle), "the pages of the TIFF file run in a circle");
});

testInFolder("files with changed bytes are pictures or errors of one line", async (dir) => {
  let state = 1;
  const below = (limit: number) => (state = (state * 48271) % 2147483647) % limit;
  const files = [...NAMES.map(bytesOf), greyPng([[1, 2, 3], [4, 5, 6]])];
  let refused = 0;
  for (let round = 0; round < 250; round++) {
    const bytes = files[below(files.length)]!.slice();
    for (let change = below(4); change >= 0; change--) bytes[below(bytes.length)] = below(256);
    try {
      await decode(dir, below(4) === 0 ? bytes.slice(0, below(bytes.length)) : bytes);
    } catch (error) {
      assert(error instanceof UserError, String(error));
      assert(!error.message.includes("\n"), error.message);
      refused++;
    }
  }
  assert(refused > 60, `only ${refused} files were refused`);
});

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { image } from "../../../../core/data/readers/image.ts";
import { testInFolder } from "../../../temp.ts";
import { bytesOf } from "../../formats/pictures/golden.ts";
import { greyPng, makePng } from "../../formats/pictures/make_png.ts";
import { readAll, refusalOf } from "./read_all.ts";

const put = async (dir: string, name: string, bytes: Uint8Array) => {
  await Deno.mkdir(join(dir, name, ".."), { recursive: true });
  await Deno.writeFile(join(dir, name), bytes);
};
const red = makePng({ width: 2, height: 1, colourType: 2, lines: [[255, 0, 0, 255, 0, 0]] });

testInFolder("a folder with folders of classes is a source", async (dir) => {
  await put(dir, "cat/10.png", greyPng([[30, 40]]));
  await put(dir, "cat/9.png", greyPng([[10, 20]]));
  await put(dir, "ant/1.PNG", greyPng([[50, 60]]));
  await put(dir, "notes.txt", Uint8Array.from([65]));
  await put(dir, ".hidden/1.png", Uint8Array.from([65]));
  await Deno.symlink(dir, join(dir, "again"));
  assert(image.claims(dir, new Uint8Array(0)));
  const source = await readAll(image, dir, {}, 2);
  assertEquals(source.rowNames, ["ant/1.PNG", "cat/9.png", "cat/10.png"]);
  assertEquals([...source.rowTables], [["class", ["ant", "cat", "cat"]]]);
  assertEquals([source.rows, source.columns, source.shape, source.sparse], [3, 2, [1, 1, 2], false]);
  assertEquals(source.values.map((value) => Math.round(value * 255)), [50, 60, 10, 20, 30, 40]);
  assertEquals(source.blocks, [2, 1]);
  assertEquals(source.notes, [
    "1 file is not read, because pictures have other names: notes.txt.",
    "Symbolic links to folders are not followed: again.",
    "Values of 8 bits were scaled to 0 to 1.",
  ]);
});

testInFolder("a file or a glob is a source, by its first bytes and not by its ending", async (dir) => {
  await put(dir, "a.bin", greyPng([[1, 2]]));
  await put(dir, "b.bin", red);
  assert(image.claims(join(dir, "a.bin"), greyPng([[1]])));
  assert(!image.claims(join(dir, "a.bin"), Uint8Array.from([1, 2, 3, 4])));
  const source = await readAll(image, join(dir, "*.bin"));
  assertEquals(source.rowNames, ["a.bin", "b.bin"]);
  assertEquals(source.rowTables.size, 0);
  assertEquals(source.shape, [3, 1, 2]);
  assertEquals(source.values.map((value) => Math.round(value * 255)), [1, 2, 1, 2, 1, 2, 255, 255, 0, 0, 0, 0]);
  assert(source.notes.includes("1 of 2 pictures are grey: red, green and blue of theirs are the same."));
  const grey = await readAll(image, join(dir, "*.bin"), { settings: { grey: true } });
  assertEquals(grey.shape, [1, 1, 2]);
  assertEquals(grey.values.map((value) => Math.round(value * 1000)), [4, 8, 299, 299]);
});

testInFolder("pages of a TIFF file are rows", async (dir) => {
  await put(dir, "pages.tif", bytesOf("pages.tif"));
  await put(dir, "plain.tif", bytesOf("plain.tif"));
  const source = await readAll(image, dir);
  assertEquals(source.rowNames, ["pages.tif#1", "pages.tif#2", "plain.tif"]);
  assertEquals(source.values.slice(0, 384), source.values.slice(768));
  assert(source.notes.includes("Pages of a TIFF file are rows of their own."));
});

testInFolder("pictures of different sizes are refused until the config says what to do", async (dir) => {
  await put(dir, "a.png", greyPng([[10, 20], [30, 40]]));
  await put(dir, "b.png", greyPng([[10, 20, 30, 40], [50, 60, 70, 80]]));
  const b = join(dir, "b.png");
  assertEquals(
    await refusalOf(image, dir),
    `${b}: is 2 x 4 pixels (height x width), a.png is 2 x 2 ` +
      "(set data.reader: {size: [2, 2], fit: resize} (or cover, or crop))",
  );
  assertEquals(
    await refusalOf(image, dir, { settings: { size: [2, 2] } }),
    `${b}: is 2 x 4 pixels (height x width), data.reader.size is 2 x 2 (set data.reader.fit: cover (or resize, or crop))`,
  );
  assertEquals(
    await refusalOf(image, dir, { settings: { size: [2, 3], fit: "crop" } }),
    `${join(dir, "a.png")}: is 2 x 2 pixels (height x width), too small to cut out 2 x 3 (set data.reader.fit: cover)`,
  );
  const source = await readAll(image, dir, { settings: { size: [2, 2], fit: "crop" } });
  assertEquals(source.values.map((value) => Math.round(value * 255)), [10, 20, 30, 40, 20, 30, 60, 70]);
  assert(source.notes.includes("1 of 2 pictures were cut to 2 x 2 (height x width)."));
  assertEquals((await readAll(image, dir, { settings: { size: [1, 5], fit: "resize" } })).shape, [1, 1, 5]);
});

testInFolder("settings are checked by name and value", async (dir) => {
  await put(dir, "a.png", greyPng([[1]]));
  const refusal = (settings: Record<string, unknown>) => refusalOf(image, dir, { settings });
  assertEquals(await refusal({ gray: true }), "data.reader.gray: image has no such setting (did you mean grey?)");
  assertEquals(
    await refusal({ palette: 1 }),
    "data.reader.palette: image has no such setting (it knows size, fit, grey, colour)",
  );
  assertEquals(
    await refusal({ fit: "resise", size: [1, 1] }),
    'data.reader.fit: must be one of resize, cover, crop, got "resise" (did you mean resize?)',
  );
  assertEquals(
    await refusal({ fit: "crop" }),
    "data.reader.fit: crop needs a size (set data.reader.size: [HEIGHT, WIDTH])",
  );
  assertEquals(await refusal({ grey: 1 }), "data.reader.grey: must be true or false, got 1");
  assert((await refusal({ size: [0, 1] })).startsWith("data.reader.size: must be a list of whole numbers above 0"));
  assert((await refusal({ size: [1] })).startsWith("data.reader.size: must be height and width"));
  assert((await refusal({ size: [1e5, 1e5], fit: "resize" })).includes("is more than 67108864 pixels"));
  assert((await refusalOf(image, dir, { member: "X" })).startsWith("data.member: a picture has no arrays with names"));
});

testInFolder("a folder of other data with some pictures in it is not one of pictures", async (dir) => {
  for (const name of ["a.h5ad", "b.h5ad", "plots/c.csv"]) await put(dir, name, Uint8Array.from([1]));
  await put(dir, "plots/map.png", greyPng([[1]]));
  assert(!image.claims(dir, new Uint8Array(0)));
  for (const name of ["1", "2", "3"]) await put(dir, `plots/${name}.png`, greyPng([[1]]));
  assert(image.claims(dir, new Uint8Array(0)));
});

testInFolder("folders without pictures, and links that lead nowhere, are named", async (dir) => {
  await put(dir, "a.txt", Uint8Array.from([65]));
  assert(!image.claims(dir, new Uint8Array(0)));
  assert((await refusalOf(image, dir)).includes("the folder holds no pictures (.png, .jpg"));
  await Deno.symlink(join(dir, "nowhere"), join(dir, "b.png"));
  assert((await refusalOf(image, dir)).includes("b.png: cannot open (No such file or directory)"));
});

testInFolder("a picture that is damaged behind its header is refused while it is read", async (dir) => {
  await put(dir, "a.png", greyPng([[1, 2]]));
  const bytes = greyPng([[3, 4]]);
  await put(dir, "b.png", bytes.slice(0, bytes.length - 6));
  assert((await refusalOf(image, dir)).includes("b.png: the PNG file is cut short"));
});

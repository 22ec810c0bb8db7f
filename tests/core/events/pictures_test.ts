/** Pictures of diagnostics, decoded again. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { crc32, inflateSync } from "node:zlib";
import type { Picture } from "../../../core/diagnostics/drawing.ts";
import { onceFor } from "../../../core/events/once.ts";
import { pictureOf } from "../../../core/events/pictures.ts";
import { latentMap } from "../../../core/diagnostics/latent.ts";
import { reconstructions } from "../../../core/diagnostics/reconstruction.ts";
import { Canvas } from "../../../core/formats/canvas.ts";
import { pngOf } from "../../../core/formats/png.ts";
import { temporary } from "../../helpers/cli.ts";

/** The pixels of a PNG of 8-bit RGB without filters, as texts `r,g,b`, row by row. */
function pixelsOf({ png, width, height }: Picture): string[][] {
  assertEquals([...png.subarray(0, 8)], [137, 80, 78, 71, 13, 10, 26, 10]);
  const view = new DataView(png.buffer, png.byteOffset);
  const chunks: [string, Uint8Array][] = [];
  for (let at = 8; at < png.length;) {
    const length = view.getUint32(at);
    const type = new TextDecoder().decode(png.subarray(at + 4, at + 8));
    assertEquals(view.getUint32(at + 8 + length), crc32(png.subarray(at + 4, at + 8 + length)), type);
    chunks.push([type, png.subarray(at + 8, at + 8 + length)]);
    at += 12 + length;
  }
  assertEquals(chunks.map(([type]) => type), ["IHDR", "IDAT", "IEND"]);
  const header = chunks[0]![1], size = new DataView(header.buffer, header.byteOffset);
  assertEquals([size.getUint32(0), size.getUint32(4), ...header.subarray(8)], [width, height, 8, 2, 0, 0, 0]);
  const rows = inflateSync(chunks[1]![1]);
  assertEquals(rows.length, height * (1 + 3 * width));
  return Array.from({ length: height }, (_, y) => {
    const row = rows.subarray(y * (1 + 3 * width), (y + 1) * (1 + 3 * width));
    assertEquals(row[0], 0);
    return Array.from({ length: width }, (_, x) => row.subarray(1 + 3 * x, 4 + 3 * x).join(","));
  });
}

Deno.test("png: each pixel, in its place", () => {
  const rgb = Uint8Array.from({ length: 3 * 5 * 4 }, (_, i) => i * 4);
  const pixels = pixelsOf({ png: pngOf(5, 4, rgb), width: 5, height: 4 });
  assertEquals(pixels.flat(), Array.from({ length: 20 }, (_, i) => rgb.subarray(3 * i, 3 * i + 3).join(",")));
});

Deno.test("canvas: dots and frames, cut at the edges", () => {
  const canvas = new Canvas(9, 9);
  canvas.dot(4, 4, 1, [0, 0, 0], 1);
  canvas.dot(0, 0, 1, [255, 0, 0], 1);
  canvas.dot(NaN, 3, 1, [0, 0, 0], 1);
  const pixels = pixelsOf({ png: canvas.png(), width: 9, height: 9 });
  assertEquals([pixels[4]![4], pixels[4]![2], pixels[0]![0], pixels[8]![8]], [
    ...["0,0,0", "255,255,255", "255,0,0", "255,255,255"],
  ]);
});

Deno.test("canvas: a picture in another one is copied as far as it lies inside", () => {
  const small = new Canvas(3, 2, [10, 20, 30]);
  small.mix(0, 0, [200, 0, 0], 1);
  for (const [left, top] of [[1, 1], [-1, -1], [4, 3], [-3, 0], [9, 9], [0, -5]] as const) {
    const copied = new Canvas(5, 4), mixed = new Canvas(5, 4);
    copied.place(small, left, top);
    for (let y = 0; y < 2; y++) for (let x = 0; x < 3; x++) mixed.mix(left + x, top + y, small.at(x, y), 1);
    assertEquals(copied.png(), mixed.png(), `${left}, ${top}`);
  }
});

Deno.test("sinks: what is made of an event is made once", async () => {
  const event = { event: "note", step: 1, text: "" } as const, other = { ...event };
  let count = 0;
  const make = () => Promise.resolve(++count);
  assertEquals(await Promise.all([onceFor(event, make), onceFor(event, make), onceFor(other, make)]), [1, 1, 2]);
});

Deno.test("pictures: rows stand where their scores are, the commonest label has the first colour", () => {
  const scores = [[0, 0], [10, 0], [0, 10], [10, 10], [5, 5]];
  const labels = ["b", "a", "a", "b", "b"];
  const picture = latentMap({ scores, labels });
  const pixels = pixelsOf(picture);
  const at = (x: number, y: number) => pixels[picture.height - 1 - y]![x]!;
  const [low, high] = [12, picture.width - 13];
  assertEquals(at(low, low), at(high, high));
  assertEquals(at(low, high), at(high, low));
  const [blue, orange] = [at(low, low), at(high, low)].map((colour) => colour.split(",").map(Number));
  assert(blue![2]! > blue![0]! && orange![0]! > orange![2]!);
  assertEquals(pixels[picture.height >> 1]![picture.width >> 1], at(low, low));
  const one = latentMap({ scores: [[3]], labels: null });
  assert(pixelsOf(one)[240]![240] !== "255,255,255", "a single row stands in the middle");
});

Deno.test("pictures: rows that crowd are hexagons, the larger or the deeper, the more there are", () => {
  // 3,000 rows in one place, one in each other corner.
  const scores = [...Array.from({ length: 3000 }, () => [0, 0]), [10, 0], [0, 10], [10, 10], [NaN, 1]];
  const inked = (labels: string[] | null, scores_: number[][] = scores) => {
    const picture = latentMap({ scores: scores_, labels }), pixels = pixelsOf(picture);
    const around = (x: number, y: number) =>
      Array.from(
        { length: 21 * 21 },
        (_, i) => pixels[picture.height - 1 - y - 10 + Math.floor(i / 21)]?.[x - 10 + i % 21],
      )
        .filter((pixel) => pixel !== undefined && pixel !== "255,255,255" && pixel !== "200,200,200");
    return { many: around(12, 12), one: around(468, 12) };
  };
  const labelled = inked(scores.map((_, i) => i < 2000 ? "a" : "b"));
  assert(labelled.many.length > 3 * labelled.one.length && labelled.one.length > 0, `${labelled.many.length}`);
  assert(labelled.many.includes("0,114,178"), "the mark has the colour of the commonest label");
  const plain = inked(null);
  assertEquals([new Set(plain.many).size, new Set(plain.one).size], [1, 1]);
  const [deep, pale] = [plain.many[0]!, plain.one[0]!].map((pixel) => Number(pixel.split(",")[0]));
  assert(deep! < pale! - 100 && Math.abs(plain.many.length - plain.one.length) < 20, `${deep} ${pale}`);
  const few = inked(null, scores.slice(2500));
  assert(Math.abs(few.many.length - few.one.length) < 12, "500 rows are points, wherever they lie");
});

Deno.test("pictures: a square for each column; what is reconstructed exactly lies on its diagonal", () => {
  const truth = [0, 1, 2, 3], column = { column: 1, name: "a", truth, reconstruction: truth, r2: 1 };
  const picture = reconstructions({ epoch: 1, split: "", rows: [], columns: Array(5).fill(column) })!;
  assertEquals([picture.width, picture.height], [480, 320]);
  const pixels = pixelsOf(picture);
  for (const [x, y] of [[4, 155], [155, 4], [320 + 4, 155], [160 + 4, 320 - 1 - 4]]) {
    assert(pixels[y!]![x!] !== "255,255,255" && pixels[y!]![x!] !== "200,200,200", `${x}, ${y}`);
  }
  assertEquals(pixels[300]![400], "255,255,255");
  assertEquals(reconstructions({ epoch: 1, split: "", rows: [], columns: [] }), null);
});

Deno.test("the picture of a user's own diagnostic is its first one, and other files have none", async () => {
  using folder = temporary();
  const path = join(folder.path, "mine.json"), png = new Canvas(3, 2).png();
  const text = { kind: "text", text: "a" },
    shown = { kind: "picture", caption: "", png: btoa(String.fromCharCode(...png)) };
  const written = (parts: unknown[]) =>
    Deno.writeTextFileSync(path, JSON.stringify({ epoch: 1, module: "mine.ts", title: "Mine", parts }));
  written([text, shown]);
  assertEquals(await pictureOf("mine", path), { width: 3, height: 2, png });
  written([text]);
  assertEquals(await pictureOf("mine", path), null);
  Deno.writeTextFileSync(path, "{}");
  assertEquals(await pictureOf("mine", path), null);
  assertEquals(await pictureOf("mine", join(folder.path, "none.json")), null);
});

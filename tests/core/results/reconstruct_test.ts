/** Reconstructions as pictures, recordings and sparse matrices, read back by the readers of these formats. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../../../core/errors.ts";
import { image } from "../../../core/data/readers/image.ts";
import { wav } from "../../../core/data/readers/wav.ts";
import { readNpy } from "../../../core/formats/npy.ts";
import { pictureOf } from "../../../core/formats/pictures/png_write.ts";
import { wavOf } from "../../../core/formats/wav_write.ts";
import { reconstructTo } from "../../../core/results/reconstruct.ts";
import { fileNames } from "../../../core/results/row_files.ts";
import { reconstruct } from "../../../core/train/results.ts";
import { restoreRun } from "../../../core/train/restore.ts";
import { train } from "../../../core/train/train.ts";
import { BatchCreator } from "../../../ffi/batches.ts";
import { Chunk } from "../../../ffi/chunk.ts";
import { engine } from "../../../ffi/library.ts";
import { random, writeChunks } from "../../helpers/npz.ts";
import { testInFolder } from "../../temp.ts";
import { readAll } from "../data/readers/read_all.ts";

engine(); // the library stays open: not a leak of the test that is first

async function trained(root: string, data: Record<string, unknown>, model = {}): Promise<string> {
  const run = join(root, "run");
  await train({
    config: {
      name: "given-back",
      data: { batch_size: 8, ...data },
      model: { start: "random", encoder: ["flatten", { linear: 6 }], decoder: [{ linear: "output" }], ...model },
      training: { max_steps: 4, epochs: 2 },
      evaluation: { pca: false },
      paths: { cache: join(root, "cache") },
    },
    runDir: run,
  });
  return run;
}

/** A folder of coloured pictures of 5 x 4 pixels in two folders. */
function writePictures(folder: string): void {
  const next = random(9);
  for (let i = 0; i < 12; i++) {
    const values = Float32Array.from({ length: 60 }, next);
    const path = join(folder, ["cat", "dog"][i % 2]!, `${i}.png`);
    Deno.mkdirSync(join(path, ".."), { recursive: true });
    Deno.writeFileSync(path, pictureOf(values, { channels: 3, height: 5, width: 4 }, [0, 1]));
  }
}

testInFolder("reconstruct: a folder of pictures, named like the data's, in the range of the data", async (root) => {
  writePictures(join(root, "in"));
  const told: string[] = [];
  const folder = await trained(root, { path: join(root, "in") });
  using run = await restoreRun(folder, { note: (text) => told.push(text) });
  const out = join(root, "out");
  assertEquals(await reconstructTo(run, "all", out, null), [12, 60]);
  assert(told.includes("pictures of 5 x 4 pixels, in colours; 0 is black and 1 is white"), told.join("\n"));
  const [given, back] = [await readAll(image, join(root, "in"), {}, 4), await readAll(image, out, {}, 4)];
  assertEquals(back.rowNames, given.rowNames);
  assertEquals(back.shape, [3, 5, 4]);
  const { values } = await reconstruct(run);
  back.values.forEach((value, at) => {
    assert(Math.abs(value - Math.min(1, Math.max(0, values[at]!))) <= 0.5 / 255 + 1e-6, `${value} and ${values[at]}`);
  });
  assert(new Set(back.values).size > 20);

  await assertRejects(() => reconstructTo(run, "all", out, null), UserError, "holds cat already");
  await assertRejects(() => reconstructTo(run, "all", join(root, "x.png"), null), UserError, "there are 12 rows");
  await assertRejects(() => reconstructTo(run, "all", join(root, "x.wav"), null), UserError, "12 rows");
  const some = Uint32Array.of(1, 2);
  await assertRejects(() => reconstructTo(run, "all", join(root, "y"), some), UserError, "have all columns");
  using one = await restoreRun(folder, { data: join(root, "in", "dog", "3.png") });
  await reconstructTo(one, "all", join(root, "x.png"), null);
  const single = await readAll(image, join(root, "x.png"), {}, 1);
  const row = back.rowNames!.indexOf("dog/3.png");
  const levels = (values: readonly number[]) => values.map((value) => Math.round(value * 255));
  assertEquals(levels(single.values), levels(back.values.slice(60 * row, 60 * row + 60)));
  await assertRejects(() => reconstructTo(one, "all", join(root, "y.wav"), null), UserError, "signals have");
});

testInFolder("reconstruct: recordings of 32 bit floating point at the rate of the data", async (root) => {
  const next = random(4);
  Deno.mkdirSync(join(root, "in"));
  for (let i = 0; i < 6; i++) {
    const channels = Float32Array.from({ length: 2 * 40 }, () => next() - 0.5);
    Deno.writeFileSync(join(root, "in", `tone${i}.wav`), wavOf(channels, 2, 8000));
  }
  const folder = await trained(root, { path: join(root, "in"), reader: { window: 20 } });
  using run = await restoreRun(folder);
  const out = join(root, "out");
  assertEquals(await reconstructTo(run, "all", out, null), [12, 40]);
  const back = await readAll(wav, out, {}, 4);
  assertEquals([back.rows, back.shape, back.rate], [12, [2, 20], 8000]);
  assertEquals(back.rowNames?.slice(0, 3), ["tone0@0.wav", "tone0@20.wav", "tone1@0.wav"]);
  assertEquals(Float32Array.from(back.values), (await reconstruct(run)).values);
  await assertRejects(() => reconstructTo(run, "all", join(root, "x.png"), null), UserError);
});

testInFolder("reconstruct: .npz is a CSR matrix of what is not below the threshold", async (root) => {
  writeChunks(join(root, "chunks"), 2, 30, 50);
  const told: string[] = [];
  const folder = await trained(root, { path: join(root, "chunks"), transforms: ["log1p"] }, {
    encoder: [{ linear: 6 }],
  });
  using run = await restoreRun(folder, { note: (text) => told.push(text) });
  const path = join(root, "r.npz");
  await assertRejects(() => reconstructTo(run, "all", path, null), UserError, "--threshold: must be given for .npz");
  const dense = await reconstruct(run);
  const threshold = 0.05;
  assertEquals(await reconstructTo(run, "all", path, null, { threshold }), [60, 50]);
  using chunk = await Chunk.open(path);
  using batches = new BatchCreator([chunk], 1, 1, { batchSize: 60, shuffle: false });
  const read = new Float32Array(60 * 50);
  for await (const { rows, rowPtr, columns, target } of batches) {
    for (let row = 0; row < rows; row++) {
      for (let at = rowPtr[row]!; at < rowPtr[row + 1]!; at++) read[50 * row + columns[at]!] = target[at]!;
    }
  }
  assertEquals(read, dense.values.map((value) => Math.abs(value) < threshold ? 0 : value));
  assertEquals([chunk.rows, chunk.columns], [60, 50]);
  const kept = dense.values.filter((value) => Math.abs(value) >= threshold).length;
  assertEquals(chunk.info.nnz, kept);
  assert(kept > 100 && kept < 2900, `${kept}`);
  assert(told.some((text) => text.includes(`nearer to 0 than ${threshold}`)), told.join("\n"));
  const again = await reconstructTo(run, "all", join(root, "r.npy"), null);
  assertEquals(again, [60, 50]);
  assertEquals((await readNpy(join(root, "r.npy"))).data, dense.values);
  const columns = Uint32Array.of(7, 3);
  assertEquals(await reconstructTo(run, "test", path, columns, { threshold: 0 }), [
    (await reconstruct(run, { split: "test" })).rows,
    2,
  ]);
  assertEquals([...Deno.readDirSync(root)].map(({ name }) => name).sort(), ["chunks", "r.npy", "r.npz", "run"]);
  await assertRejects(() => reconstructTo(run, "all", join(root, "folder"), null), UserError, "has no ending");
  const other = join(root, "r.npy");
  await assertRejects(
    () => reconstructTo(run, "all", other, null, { threshold }),
    UserError,
    "--threshold: is for .npz",
  );
});

Deno.test("names of rows become files that stay in their folder and are all different", () => {
  const names = [
    "../../etc/passwd",
    "/top/a.png",
    "cat/1.JPG",
    "cat/1.png",
    "a.wav@20",
    "b\nc:*?.tif#2",
    "..",
    "",
    "x/./y.",
  ];
  const files = fileNames(names.map((_, i) => i), names, ".png");
  assertEquals(files, [
    "_/_/etc/passwd.png",
    "top/a.png",
    "cat/1.png",
    "cat/1-row3.png",
    "a@20.png",
    "b_c___#2.png",
    "_.png",
    "_-row7.png",
    "x/_/y_.png",
  ]);
  assertEquals(fileNames([5, 100], null, ".wav"), ["row_005.wav", "row_100.wav"]);
});

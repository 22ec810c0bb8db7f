/** A trained run takes new files of the format that it was trained on, with its own settings and steps. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { UserError } from "../../../core/errors.ts";
import { pictureOf } from "../../../core/formats/pictures/png_write.ts";
import { wavOf } from "../../../core/formats/wav_write.ts";
import { embed } from "../../../core/train/results.ts";
import { restoreRun } from "../../../core/train/restore.ts";
import { train } from "../../../core/train/train.ts";
import { engine } from "../../../ffi/library.ts";
import { writeH5ad } from "../../helpers/h5ad.ts";
import { random } from "../../helpers/npz.ts";
import { testInFolder } from "../../temp.ts";

engine(); // the library stays open: not a leak of the test that is first

async function trained(root: string, data: Record<string, unknown>): Promise<string> {
  const run = join(root, "run");
  await train({
    config: {
      name: "new-data",
      data: { batch_size: 8, ...data },
      model: { start: "random", encoder: ["flatten", { linear: 3 }], decoder: [{ linear: "output" }] },
      training: { max_steps: 3, epochs: 1 },
      evaluation: { pca: false },
      paths: { cache: join(root, "cache") },
    },
    runDir: run,
  });
  return run;
}

/** The vectors of new data are those of the same rows in the run's own data. @param rows of the run's, in the new order */
async function assertSame(run: string, data: string, rows?: readonly number[]): Promise<void> {
  const own = await embed(run), other = await embed(run, { data });
  const wanted = rows ?? Array.from({ length: own.rows }, (_, row) => row);
  assertEquals(other.rows, wanted.length);
  wanted.forEach((row, at) => {
    for (let i = 0; i < own.columns; i++) {
      const [a, b] = [other.values[at * own.columns + i]!, own.values[row * own.columns + i]!];
      assert(Math.abs(a - b) <= 1e-5 * (1 + Math.abs(b)), `row ${at}: ${a} and ${b}`);
    }
  });
}

const picture = (channels: 1 | 3, height: number, width: number, value: (at: number) => number) =>
  pictureOf(
    Float32Array.from({ length: channels * height * width }, (_, at) => value(at)),
    { channels, height, width },
    [0, 1],
  );

testInFolder("new data: .h5ad, with the run's layer and the run's order of genes", async (root) => {
  const next = random(3), genes = Array.from({ length: 8 }, (_, i) => `gene${i}`);
  const values = Array.from({ length: 20 }, () => genes.map(() => Math.floor(5 * next() ** 2)));
  const cells = values.map((_, i) => `cell${i}`);
  const matrices = (counts: number[][]) => ({
    X: { form: "dense", values: counts.map((row) => row.map(() => 7)) },
    "layers/counts": { form: "csr", values: counts },
  } as const);
  await writeH5ad(join(root, "a.h5ad"), { cells, genes, matrices: matrices(values) });
  const run = await trained(root, { path: join(root, "a.h5ad"), member: "layers/counts", transforms: ["log1p"] });
  const turned = [...genes.keys()].reverse(), some = [4, 9, 2];
  await writeH5ad(join(root, "b.h5ad"), {
    cells: some.map((row) => cells[row]!),
    genes: turned.map((column) => genes[column]!),
    matrices: matrices(some.map((row) => turned.map((column) => values[row]![column]!))),
  });
  await assertSame(run, join(root, "b.h5ad"), some);
});

testInFolder("new data: a picture gets the size and the channels that the run was trained on", async (root) => {
  const next = random(7);
  const put = (name: string, bytes: Uint8Array) => {
    Deno.mkdirSync(join(root, name, ".."), { recursive: true });
    Deno.writeFileSync(join(root, name), bytes);
  };
  for (let i = 0; i < 8; i++) put(`in/${i}.png`, picture(3, 4, 4, next));
  put("in/8.png", picture(1, 4, 4, () => 0.4));
  const run = await trained(root, { path: join(root, "in") });
  await assertSame(run, join(root, "in", "3.png"), [3]);
  put("grey.png", picture(1, 4, 4, () => 0.4)); // alone it would have one channel
  await assertSame(run, join(root, "grey.png"), [8]);
  put("large.png", picture(3, 6, 6, next));
  const large = join(root, "large.png");
  await assertRejects(() => restoreRun(run, { data: large }), UserError, "is 6 x 6 pixels (height x width)");
  using fitted = await restoreRun(run, { data: large, overrides: ["data.reader.fit=resize"] });
  assertEquals((await embed(fitted)).rows, 1);
});

testInFolder("new data: recordings go through the run's windows and steps", async (root) => {
  const next = random(5);
  const tone = () => wavOf(Float32Array.from({ length: 64 }, (_, at) => Math.sin(at * (1 + next()))), 1, 1000);
  Deno.mkdirSync(join(root, "in"));
  for (let i = 0; i < 5; i++) Deno.writeFileSync(join(root, "in", `${i}.wav`), tone());
  const steps = ["remove_dc", { band_pass: [50, 300] }, "envelope", { window: 16 }];
  const run = await trained(root, { path: join(root, "in"), reader: { window: 32 }, steps });
  await assertSame(run, join(root, "in", "2.wav"), [8, 9, 10, 11]);
});

testInFolder("new data: a .mat file is read by the run's member and axes", async (root) => {
  const golden = fromFileUrl(new URL("../../golden/mat5.mat", import.meta.url));
  const copy = join(root, "new.mat");
  Deno.copyFileSync(golden, copy);
  const reader = { axes: ["sample", "row", "row"], rate: "fs" };
  const run = await trained(root, { path: golden, member: "volume", reader, split: { train: 1 } });
  await assertSame(run, copy);
});

/** What is suggested for data of each kind, and that a config of it is a good one. */
import { assert, assertEquals } from "@std/assert";
import { loadConfig } from "../../../core/config/mod.ts";
import { configText, suggest, transformsFor } from "../../../core/data/suggest.ts";
import type { Inspection } from "../../../core/data/inspect.ts";
import type { ValueSample } from "../../../core/data/value_sample.ts";

const sample = (change: Partial<ValueSample>): ValueSample => ({
  rows: 100,
  emptyRows: 0,
  least: 1,
  greatest: 400,
  whole: true,
  zeros: 0.9,
  rowSums: [500, 2000, 9000],
  likeness: null,
  ...change,
});

Deno.test("transforms by the kind of the values", () => {
  const cases: readonly [Partial<ValueSample>, string, readonly string[]][] = [
    [{}, "counts", ["library_size: 10000", "log1p"]],
    [{ rowSums: [20, 183, 900] }, "counts", ["library_size: 180", "log1p"]],
    [{ rowSums: [1000, 1000, 1000] }, "counts", ["log1p"]],
    [{ whole: false, greatest: 47000 }, "not negative, with a long tail", ["library_size: 10000", "log1p"]],
    [{ whole: false, greatest: 7.5 }, "not negative, and small", []],
    [{ greatest: 1 }, "zeros and ones", []],
    [{ zeros: 0.4, greatest: 16 }, "whole numbers in a range", ["scale: 0.0625"]],
    [{ zeros: 0, greatest: 255 }, "whole numbers in a range", ["scale: 0.003922"]],
    [{ zeros: 0, greatest: 900, whole: false }, "not negative", ["scale: 0.001111"]],
    [{ least: -3, greatest: 4, whole: false, zeros: 0 }, "with negative values", []],
    [{ least: -500, greatest: 4, whole: false, zeros: 0 }, "with negative values", ["scale: 0.002"]],
    [{ least: 0, greatest: 0, zeros: 1, rowSums: [0, 0, 0] }, "all zero", []],
  ];
  for (const [change, kind, transforms] of cases) {
    const found = transformsFor(sample(change));
    assertEquals([found.kind, found.transforms], [kind, transforms]);
    assert(found.why.length > 0);
  }
});

const inspection = (rows: number, columns: number, files = 1): Inspection => ({
  format: "csr_npz",
  path: "chunks",
  files: Array.from({ length: files }, (_, i) => `chunks/${i}.npz`),
  rows,
  columns,
  dataType: "float32",
  sample: sample({}),
});

Deno.test("sizes suit the data: no more hidden units than columns or a quarter of the rows, weights that fit a machine", () => {
  const seen = (rows: number, columns: number) => {
    const { hidden, latent, batchSize } = suggest("a", inspection(rows, columns));
    return [hidden, latent, batchSize];
  };
  assertEquals(seen(2700, 13714), [512, 64, 128]);
  assertEquals(seen(271, 47192), [64, 32, 16]);
  assertEquals(seen(1797, 64), [64, 16, 64]);
  assertEquals(seen(1_000_000, 3_000_000), [16, 16, 256]);
  assertEquals(seen(1, 1), [2, 1, 1]);
});

Deno.test("the text is a config, whatever the paths and names", () => {
  for (const path of ["chunks", "../a b/#x: {y}", "'", '"', "-", "123", "null", "a\\b", "x*.npz", "ünï", "./~"]) {
    for (const [rows, columns, files] of [[2700, 13714, 6], [5, 3, 1], [1, 1, 1]] as const) {
      const seen = inspection(rows, columns, files);
      const text = configText(suggest(path, seen), seen, {
        data: path,
        labels: `${path}.txt`,
        columnNames: `${path}.txt`,
        otherLabels: [path],
        member: null,
        settings: {},
      });
      const { config } = loadConfig({ text: text.replace(/^name: .*$/m, "name: a"), cwd: "/base" });
      assertEquals(config.data.labels, config.data.column_names);
      assertEquals(`${config.data.path}.txt`, config.data.labels);
      assertEquals(
        config.data.path,
        new URL(encodeURIComponent(path).replaceAll("%2F", "/"), "file:///base/").pathname
          .split("/").map(decodeURIComponent).join("/"),
        path,
      );
      assertEquals(config.training.epochs, Infinity);
    }
  }
});

Deno.test("a config names a preset that may suit counts, pictures and signals better, as a comment", () => {
  const paths = { data: "a", labels: null, columnNames: null, otherLabels: [], member: null, settings: {} };
  const presetFor = (shape: readonly number[] | null, change: Partial<ValueSample> = {}) => {
    const seen = { ...inspection(300, 4096, 1), sample: sample(change) };
    const source = { shape, columnNames: null } as unknown as Inspection["source"];
    const text = configText(suggest("a", seen), { ...seen, source }, paths);
    loadConfig({ text, cwd: "/base" });
    return /^ {2}# preset: (\w+)/m.exec(text)?.[1];
  };
  const plain = { zeros: 0, greatest: 255 };
  assertEquals(
    [presetFor(null), presetFor(null, { whole: false }), presetFor(null, plain)],
    ["scvi", undefined, undefined],
  );
  assertEquals([presetFor([1, 64, 64], plain), presetFor([1, 4096], plain)], ["image_autoencoder", "cnn_autoencoder"]);
});

/** How far rows are shuffled by default, and what is said of sorted ones. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Config } from "../../../core/config/types.ts";
import { loadConfig } from "../../../core/config/mod.ts";
import type { ChunkFile, Source } from "../../../core/data/source.ts";
import { sortedWarning, windowText, withWindow } from "../../../core/train/shuffling.ts";

const ROWS = 1000;

/** Sparse files of so many stored values, each of which takes 8 bytes. */
function source(...stored: number[]): Source {
  const files = stored.map((nnz) => ({
    info: { rows: ROWS, nnz, dataType: "float32", indicesType: "int32", indptrType: "int32" },
    parts: { train: new Uint32Array(ROWS), validation: new Uint32Array(0), test: new Uint32Array(0) },
  }));
  return { files: files as unknown as ChunkFile[] } as unknown as Source;
}

function config(data: Record<string, unknown> = {}): Config {
  const text = JSON.stringify({
    data: { path: "rows.npz", format: "csr_npz", ...data },
    model: { encoder: [{ linear: 2 }], decoder: [{ linear: "output" }] },
  });
  return loadConfig({ text }).config;
}

Deno.test("shuffle_window: auto takes all files where they are small, and as many as the memory holds otherwise", () => {
  const of = (...stored: number[]) => withWindow(config(), source(...stored)).data.shuffle_window;
  assertEquals(of(1e6, 1e6, 1e6), 3);
  assertEquals(of(1e7, 1e7, 1e7, 1e7, 1e7), 3); // 80 MB each
  assertEquals(of(1e7, 1.5e7, 1e7), 2); // the largest count
  assertEquals(of(1e8, 1e8), 1);
  const given = config({ shuffle_window: 2 });
  assert(withWindow(given, source(1, 1, 1)) === given);
  assertEquals(windowText(withWindow(config(), source(1, 1)), source(1, 1)), null);
  assertEquals(windowText(given, source(1, 1, 1)), "rows of 2 of 3 files are shuffled together");
});

Deno.test("sorted labels are told where an epoch does not mix the rows", () => {
  const files = source(1, 1), labels = Array.from({ length: 2 * ROWS }, (_, row) => `day ${Math.floor(row / 250)}`);
  const one = config({ shuffle_window: 1 });
  assertStringIncludes(sortedWarning(one, files, labels)!, "only rows of 1 of 2 files are shuffled together");
  assertStringIncludes(sortedWarning(config({ shuffle: false }), files, labels)!, "data.shuffle is false");
  assertEquals(sortedWarning(withWindow(config(), files), files, labels), null); // all are mixed
  assertEquals(sortedWarning(one, files, null), null);
  assertEquals(sortedWarning(one, files, labels.map(() => "a")), null); // one label
  const mixed = labels.map((_, row) => `day ${(row * 7919) % 8}`);
  assertEquals(sortedWarning(one, files, mixed), null);
});

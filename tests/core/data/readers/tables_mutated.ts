/**
 * Reads changed copies of tables and prints how many were refused, and what was said otherwise than in one line. It is a process of
 * its own, since a thread in WebAssembly that goes around in circles lives as long as its process. Many copies by hand:
 *
 *     deno run -A tests/core/data/readers/tables_mutated.ts tests/golden/tables 2000
 */
import { join } from "@std/path";
import { readerOf } from "../../../../core/data/readers/mod.ts";
import type { Reader } from "../../../../core/data/readers/reader.ts";
import { WorkerSource } from "../../../../core/data/readers/worker_client.ts";
import { UserError } from "../../../../core/errors.ts";
import { mutations, readAll } from "../../../helpers/readers.ts";

const FILES = {
  "a.loom": "loom",
  "hdf5.biom": "biom",
  "json.biom": "biom",
  "json.biom.gz": "biom",
  "snappy.parquet": "parquet",
  "none.parquet": "parquet",
  "gzip.parquet": "parquet",
  "zstd.parquet": "parquet",
  "lz4.parquet": "parquet",
  "brotli.parquet": "parquet",
  "odd.parquet": "parquet",
  "bsr.npz": "sparse_npz",
  "dia.npz": "sparse_npz",
} as const;

const [tables, count] = [Deno.args[0]!, Number(Deno.args[1])];
const path = join(Deno.makeTempDirSync({ prefix: "narrows_mutated_" }), "table");
const PATIENCE_MS = 3000;
let worker = new WorkerSource(path, PATIENCE_MS), refused = 0, all = 0;
const wrong: string[] = [];

/** A reader whose source is read in a worker that goes on to the next file. */
const inWorker = (format: "loom" | "biom" | "parquet"): Reader => ({
  ...readerOf(format),
  async open(path, options) {
    const { facts } = await worker.ask({ ask: "open", reader: format, path, options });
    return { ...facts!, read: (blockRows) => worker.blocks(blockRows), close: () => {} };
  },
});

for (const [file, format] of Object.entries(FILES)) {
  const reader = format === "sparse_npz" ? readerOf(format) : inWorker(format);
  for (const copy of mutations(Deno.readFileSync(join(tables, file)), count, file.length)) {
    Deno.writeFileSync(path, copy);
    all++;
    try {
      await readAll(reader, path, file === "odd.parquet" ? { settings: { tables: ["when"] } } : {});
    } catch (error) {
      refused++;
      const isOurs = error instanceof UserError && !error.message.includes("\n");
      if (!isOurs) wrong.push(`${file}: ${error}`);
      const isOver = error instanceof UserError && /no row came|MB to read|cannot be read:/.test(error.message);
      if (isOver) worker = new WorkerSource(path, PATIENCE_MS);
    }
  }
}
Deno.removeSync(join(path, ".."), { recursive: true });
console.log(JSON.stringify({ refused, all, wrong }));
Deno.exit(0);

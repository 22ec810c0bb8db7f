/** Rows per second from chunk files, by the batch creator and by scipy with PyTorch's DataLoader. */
import { BatchCreator } from "../../ffi/batches.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { near } from "../check.ts";
import { type Csr, dropCache, npzBytes, syntheticCsr, writeChunks } from "../chunks.ts";
import { byTurns, ratio, timing } from "../stats.ts";
import type { Context, Goal, Outcome, Row, Workload } from "../types.ts";
import type { Peer } from "../peer.ts";

const BATCH = 128, COLUMNS = 60_664, NNZ = 1820;

/** Opens files as in training: at most `workers` files at a time. */
async function openAll(paths: readonly string[], workers: number): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  let next = 0;
  const open = async () => {
    while (next < paths.length) {
      const index = next++;
      chunks[index] = await Chunk.open(paths[index]!);
    }
  };
  await Promise.all(Array.from({ length: workers }, open));
  return chunks;
}

/** Milliseconds to open the files and take every row once, shuffled, through a queue of eight batches. */
async function cutAll(paths: readonly string[], workers: number): Promise<number> {
  const begun = performance.now();
  const chunks = await openAll(paths, workers);
  using batches = new BatchCreator(chunks, 8, workers, { batchSize: BATCH, shuffle: true });
  for (const chunk of chunks) chunk.close();
  while (await batches.skip() > 0);
  return performance.now() - begun;
}

interface Loaded {
  readonly rows: number;
  readonly open_s: number;
  readonly epoch_s: number;
}

type Form = "rows" | "dense" | "sparse";
const FORMS: Readonly<Record<Form, string>> = {
  rows: "a dense row at a time",
  dense: "a dense batch at a time",
  sparse: "a CSR batch at a time",
};

interface Files {
  readonly kind: "stored" | "deflated";
  readonly cache: "warm" | "cold";
  readonly paths: readonly string[];
}

async function measureFiles(context: Context, files: Files, rows: number, peer: Peer | null): Promise<Row[]> {
  const rounds = context.mode === "quick" ? 3 : 7;
  const prepare = () => files.cache === "cold" ? dropCache(files.paths) : Promise.resolve();
  const name = `${files.kind} chunks, ${files.cache} cache`;
  const ours = async () => {
    await prepare();
    return 1e3 * rows / await cutAll(files.paths, context.threads);
  };
  const theirs = (form: Form, workers: number) => async () => {
    await prepare();
    const { open_s, epoch_s } = await peer!.ask<Loaded>("load", { chunks: files.paths, batch: BATCH, workers, form });
    return rows / (open_s + epoch_s);
  };
  await ours();
  if (!peer) {
    const [values] = await byTurns(rounds, [ours]);
    return [{ what: name, unit: "rows/s", narrows: timing(values!), peer: null, ratio: null, floor: null }];
  }
  const quick = context.mode === "quick";
  const forms: Form[] = ["rows", "dense", "sparse"];
  const out: Row[] = [];
  for (const form of forms) {
    for (const count of quick ? [0] : [0, 1, 2]) {
      const [a, b] = await byTurns(form === "rows" ? 3 : rounds, [ours, theirs(form, count)]);
      const narrows = timing(a!), other = timing(b!);
      const what = `${name}; DataLoader: ${FORMS[form]}, ${count} workers`;
      out.push({ what, unit: "rows/s", narrows, peer: other, ratio: ratio(narrows, other, "more"), floor: null });
    }
  }
  return out;
}

async function measure(context: Context): Promise<Outcome> {
  const shape = { chunks: context.mode === "quick" ? 2 : 4, rowsPerChunk: 1024, columns: COLUMNS, nnzPerRow: NNZ };
  const stored = await writeChunks(context.scratch, shape);
  const deflated = await writeChunks(context.scratch, { ...shape, deflated: true });
  await using peer = await context.peer();
  const rows: Row[] = [];
  for (const [kind, paths] of [["stored", stored], ["deflated", deflated]] as const) {
    for (const cache of ["warm", "cold"] as const) {
      rows.push(...await measureFiles(context, { kind, cache, paths }, shape.chunks * shape.rowsPerChunk, peer));
    }
  }
  return {
    rows,
    goals: [
      goal(rows, FORMS.rows, FORMS.rows),
      goal(rows, FORMS.dense, FORMS.dense),
      goal(rows, "its best form", ""),
    ],
    plots: [],
    notes: [
      `${
        COLUMNS.toLocaleString("en-US")
      } columns, ${NNZ} non-zeros per row, batches of ${BATCH} rows, shuffled, without transforms. Times are from opening ` +
      "the files to the last batch on both sides. The ratio of a goal is the smallest over 0, 1 and 2 workers of the peer.",
      "Both sides check the CRC-32 of the members and shuffle over all files. narrows also checks the structure, every column " +
      "and every value, and stores each batch by column as well. The CSR batches of the peer are not checked and not stored " +
      "by column. Its dense batches, which a PyTorch network needs, are made by toarray.",
      "Cold: the files are written out and dropped from the page cache with posix_fadvise(DONTNEED), as GNU dd's nocache does. " +
      "A cache below the file system, such as that of a virtual disk's host, may still have them.",
    ],
  };
}

/** Against the peer at its best among the forms that `form` is part of. */
function goal(rows: readonly Row[], name: string, form: string): Goal {
  const warm = rows.filter(({ what, peer }) =>
    what.startsWith("stored chunks, warm") && what.includes(form) && peer !== null
  );
  const least = warm.length > 0 ? Math.min(...warm.map(({ ratio }) => ratio!)) : null;
  return {
    work: `batch creator, stored chunks, against scipy + DataLoader, ${name}`,
    wanted: "10 x",
    got: least === null ? null : `${least.toFixed(1)} x`,
    reached: least === null ? null : least >= 10,
  };
}

/** Checks that every row comes once, with its own values. */
async function check({ scratch }: Context): Promise<void> {
  const csr: Csr = syntheticCsr(300, 1000, 20, 3);
  const path = `${scratch}/check-loader.npz`;
  await Deno.writeFile(path, npzBytes(csr, true));
  using chunk = await Chunk.open(path);
  using batches = new BatchCreator([chunk], 2, 2, { batchSize: 32, shuffle: true });
  let rows = 0, got = 0, wanted = 0;
  for await (const batch of batches) {
    rows += batch.rows;
    batch.rowIds.forEach((id, i) => {
      const first = csr.indptr[Number(id)]!, begin = batch.rowPtr[i]!;
      for (let k = begin; k < batch.rowPtr[i + 1]!; k++) {
        near("column of a value", batch.columns[k]!, csr.indices[first + k - begin]!, 0);
        got += batch.target[k]! * (1 + Number(id));
        wanted += csr.data[first + k - begin]! * (1 + Number(id));
      }
    });
  }
  near("rows in an epoch", rows, csr.rows, 0);
  near("sum of the values", got, wanted, 1e-12);
}

export const loader: Workload = {
  name: "loader",
  title: "Rows per second from chunk files",
  skip: () => null,
  check,
  measure,
};

/**
 * Reads changed copies of the samples of one reader, and prints for each a line of JSON. `mutate_readers.ts` starts it as a process of
 * its own, which it can end.
 */
import { join } from "@std/path";
import type { SourceFormat } from "../../core/config/data_formats.ts";
import type { Asked } from "../../core/data/readers/messages.ts";
import { blocksOf } from "../../core/data/readers/messages.ts";
import { readerOf } from "../../core/data/readers/mod.ts";
import { ReaderProcess } from "../../core/data/readers/process_client.ts";
import { readerProgram } from "../../core/data/readers/process_program.ts";
import { type OpenSource, OutOfOrder, type Reader, type ReaderOptions } from "../../core/data/readers/reader.ts";
import { UserError } from "../../core/errors.ts";
import { mutated } from "./mutations.ts";
import { placed, SAMPLES } from "./samples.ts";

export interface Outcome {
  readonly number: number;
  /** `ended`: by its own patience or memory, and the process in which it was read is a new one since. */
  readonly became: "rows" | "refused" | "ended" | "fault";
  readonly text: string;
  readonly ms: number;
  /** The largest memory of the processes that read it, in bytes. */
  readonly bytes: number;
}

/**
 * How much processor time a copy may take in a process of its own, which has been warmed up, so that a busy machine ends no others; and
 * how much time in all. A program waits for two minutes.
 */
const PATIENCE_MS = 2000, WAIT_MS = 30_000, LOOK_MS = 50;

type There = Extract<Asked, { ask: "open" }>["reader"];
/** Readers that run in a process of their own, and the names of their modules there. */
const THERE: Partial<Record<SourceFormat, There>> = {
  h5ad: "h5ad",
  loom: "loom",
  biom: "biom",
  "10x": "ten_x_h5",
  mat: "mat",
  hdf5: "hdf5",
  pickle: "pickle",
  parquet: "parquet",
};

const there: { process: ReaderProcess | null } = { process: null };

/** Opens a source as its reader does, but in a process that goes on to the next file. */
async function open(format: SourceFormat, path: string, options: ReaderOptions): Promise<OpenSource> {
  const reader = THERE[format];
  if (reader === undefined || !Deno.statSync(path).isFile) return await readerOf(format).open(path, options);
  const process = there.process!;
  const { facts } = await process.ask({ ask: "open", reader, path, options });
  return { ...facts!, read: (blockRows) => blocksOf(process, blockRows), close: () => {} };
}

/** Reads everything. @throws {Error} where a reader breaks what it promises */
async function read(source: OpenSource): Promise<void> {
  const { rows, columns, rowNames, columnNames, rowTables, shape } = source;
  const wrong = (what: string) => new Error(`PROMISE ${what}`);
  if (!Number.isSafeInteger(rows) || rows < 0 || !Number.isSafeInteger(columns)) throw wrong(`${rows} x ${columns}`);
  if (rowNames && rowNames.length !== rows) throw wrong(`${rowNames.length} names of ${rows} rows`);
  if (columnNames && columnNames.length !== columns) throw wrong(`${columnNames.length} names of ${columns} columns`);
  for (const [name, { length }] of rowTables) if (length !== rows) throw wrong(`${length} entries of ${name}`);
  if (shape && shape.reduce((product, size) => product * size, 1) !== columns) throw wrong(`shape ${shape}`);
  let seen = 0;
  for await (const block of source.read(100)) {
    seen += block.rows;
    if ("values" in block) {
      if (block.values.length !== block.rows * columns) throw wrong(`${block.values.length} values`);
      continue;
    }
    const { indptr, indices, data } = block;
    if (indptr.length !== block.rows + 1 || indptr[0] !== 0) throw wrong("indptr");
    if (indices.length !== data.length || indptr.at(-1) !== data.length) throw wrong("lengths");
    for (let row = 0; row < block.rows; row++) {
      for (let at = indptr[row]!, last = -1; at < indptr[row + 1]!; last = indices[at++]!) {
        if (!(indices[at]! > last && indices[at]! < columns)) throw wrong(`column ${indices[at]} after ${last}`);
      }
    }
  }
  // Preparing refuses it too.
  if (seen !== rows) throw new UserError("", `has ${seen} rows, but says ${rows}`);
}

/** The largest memory of a process since it was last asked, in bytes; 0 where the system does not tell. */
function peakMemory(pid: number | "self"): number {
  try {
    const kilobytes = /^VmHWM:\s*(\d+) kB/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1] ?? 0;
    Deno.writeTextFileSync(`/proc/${pid}/clear_refs`, "5");
    return 1024 * Number(kilobytes);
  } catch {
    return 0;
  }
}

/** Starts a process and has it read a sample as it is, so that all code is loaded. */
async function warmUp(format: SourceFormat, path: string, options: ReaderOptions): Promise<void> {
  if (THERE[format] === undefined || there.process !== null) return;
  there.process = new ReaderProcess(readerProgram()!);
  await open(format, path, options);
}

/** Processor time that the process in which files are read has taken, in ms; of this one where there is no other. */
function takenMs(): number {
  try {
    const stat = Deno.readTextFileSync(`/proc/${there.process?.pid ?? "self"}/stat`);
    // Behind the name, which may hold anything: time of the program and of the system for it, in ticks of 10 ms.
    const [user, system] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13).map(Number);
    return 10 * (user! + system!);
  } catch {
    return performance.now();
  }
}

/** @throws {UserError} where a promise takes longer than the patience */
async function within<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {}); // it may fail after it was given up
  let timer = 0;
  const begun = takenMs(), deadline = performance.now() + WAIT_MS;
  const over = new Promise<never>((_, reject) => {
    const look = () => {
      if (takenMs() - begun < PATIENCE_MS && performance.now() < deadline) return;
      reject(new UserError("", `is damaged: no row came within ${PATIENCE_MS / 1000} s`));
    };
    timer = setInterval(look, LOOK_MS) as unknown as number;
  });
  return await Promise.race([promise, over]).finally(() => clearInterval(timer));
}

async function one(format: SourceFormat, path: string, options: ReaderOptions): Promise<[Outcome["became"], string]> {
  let source: OpenSource | null = null;
  try {
    source = await within(open(format, path, options));
    await within(read(source));
    return ["rows", ""];
  } catch (error) {
    if (error instanceof OutOfOrder && !options.anyOrder) {
      return await one(format, path, { ...options, anyOrder: true });
    }
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    if (!(error instanceof UserError) || error.message.includes("\n")) return ["fault", text];
    if (!/no row came|MB to read|^cannot be read: /.test(error.what)) return ["refused", text];
    there.process?.close();
    there.process = null;
    return ["ended", text];
  } finally {
    source?.close();
  }
}

if (import.meta.main) {
  const [name, seed, from, to] = Deno.args;
  const format = name as SourceFormat, reader: Reader = readerOf(format);
  const samples = await SAMPLES[format]();
  const folder = Deno.makeTempDirSync({ prefix: `narrows-mutated-${reader.format}-` });
  try {
    for (let number = Number(from); number < Number(to); number++) {
      const sample = samples[number % samples.length]!;
      const bytes = mutated(sample.bytes, Math.floor(number / samples.length), Number(seed));
      const inside = join(folder, "data");
      Deno.mkdirSync(inside);
      await warmUp(format, placed(inside, sample, sample.bytes), sample.options ?? {});
      const path = placed(inside, sample, bytes), begun = performance.now();
      const [became, text] = await one(format, path, sample.options ?? {});
      const ms = performance.now() - begun;
      const peak = Math.max(peakMemory("self"), there.process === null ? 0 : peakMemory(there.process.pid));
      console.log(
        JSON.stringify({ number, became, text: text.replaceAll(folder, ""), ms, bytes: peak } satisfies Outcome),
      );
      Deno.removeSync(inside, { recursive: true });
    }
  } finally {
    there.process?.close();
    Deno.removeSync(folder, { recursive: true });
  }
}

/** A worker in which one source is read: what a damaged file does to the code that parses it stays there, and it can be ended. */
import { parentPort } from "node:worker_threads";
import { type Answer, type Asked, failureOf, type SourceFacts } from "./messages.ts";
import type { OpenSource } from "./reader.ts";

/** The readers that run in a worker, by the names of their modules. */
const OPENERS = {
  h5ad: async () => (await import("./h5ad_open.ts")).openH5ad,
  hdf5: async () => (await import("./hdf5.ts")).openHdf5,
  loom: async () => (await import("./loom_open.ts")).openLoom,
  biom: async () => (await import("./biom_open.ts")).openBiom,
  parquet: async () => (await import("./parquet_open.ts")).openParquet,
  pickle: async () => (await import("./pickle.ts")).openPickles,
  mat: async () => (await import("./mat.ts")).openMatlab,
  ten_x_h5: async () => (await import("./ten_x_h5_open.ts")).openTenXH5,
} as const;

export type WorkerReader = keyof typeof OPENERS;

let source: OpenSource | null = null;
let blocks: AsyncIterator<unknown> | null = null;

function factsOf({ read: _, close: __, ...facts }: OpenSource): SourceFacts {
  return facts;
}

async function answer(asked: Asked): Promise<Answer> {
  if (asked.ask === "open") {
    source?.close();
    [source, blocks] = [null, null];
    const open = await OPENERS[asked.reader]();
    source = await open(asked.path, asked.options);
    return { facts: factsOf(source) };
  }
  blocks ??= source!.read(asked.blockRows)[Symbol.asyncIterator]();
  const { done, value } = await blocks.next();
  return { block: done ? null : value as Answer["block"] };
}

// Standard output may belong to a process that waits for answers there.
console.log = console.error;

const port = parentPort!;

port.on("message", (asked: Asked) => {
  answer(asked).then((result) => {
    const { block } = result;
    const arrays = block ? "values" in block ? [block.values] : [block.indptr, block.indices, block.data] : [];
    port.postMessage(result, [...new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer))]);
  }, (error) => port.postMessage({ failure: failureOf(error) } satisfies Answer));
});

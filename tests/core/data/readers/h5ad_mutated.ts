/**
 * Reads changed copies of an AnnData file in a worker and prints how many were refused, and what was said otherwise than in one
 * line. It is a process of its own, since a thread in WebAssembly that goes around in circles lives as long as its process.
 */
import { h5ad } from "../../../../core/data/readers/h5ad.ts";
import type { Reader } from "../../../../core/data/readers/reader.ts";
import { WorkerSource } from "../../../../core/data/readers/worker_client.ts";
import { UserError } from "../../../../core/errors.ts";
import { mutations, readAll } from "../../../helpers/readers.ts";

const path = Deno.args[0]!;
const start = () => new WorkerSource(path, 2000);
let worker = start(), refused = 0, all = 0;
const wrong: string[] = [];
const inWorker: Reader = {
  ...h5ad,
  async open(path, options) {
    const { facts } = await worker.ask({ ask: "open", reader: "h5ad", path, options });
    return { ...facts!, read: (blockRows) => worker.blocks(blockRows), close: () => {} };
  },
};
for (const copy of mutations(Deno.readFileSync(path), 200)) {
  Deno.writeFileSync(path, copy);
  try {
    await readAll(inWorker, path, { member: ["X", "layers/counts", "layers/dense"][all++ % 3]! });
  } catch (error) {
    if (!(error instanceof UserError) || error.message.includes("\n")) wrong.push(String(error));
    refused++;
    if (error instanceof UserError && error.message.includes("no row came")) worker = start();
  }
}
console.log(JSON.stringify({ refused, all, wrong }));
Deno.exit(0);

/**
 * The batches of a run, for a peer that trains on the very same ones: for each epoch a list of batches, each the global
 * numbers of its rows in order, as JSON on stdout. With `--part validation` (or test): that part's rows once.
 *
 *     deno run -A tests/peer/dump_batches.ts RUN/config.yaml
 */
import { loadConfig } from "../../core/config/mod.ts";
import { feed } from "../../core/data/feed.ts";
import { readingPlan, trainingPlan } from "../../core/data/plan.ts";
import { openSource } from "../../core/data/source.ts";

const { config } = loadConfig({ file: Deno.args[0] });
const source = openSource(config.data);

async function rowsOf(epoch: number, part: "train" | "validation"): Promise<number[][]> {
  const training = part === "train";
  const plan = training ? trainingPlan(source, config.data, epoch) : readingPlan(source, part, config.data);
  const rows: number[][] = [];
  for await (const { batches } of feed(plan, { data: config.data, epoch, part, training })) {
    for await (const batch of batches) rows.push(Array.from(batch.rowIds, Number));
  }
  return rows;
}

const epochs: number[][][] = [];
for (let epoch = 1; epoch <= config.training.epochs; epoch++) epochs.push(await rowsOf(epoch, "train"));
console.log(JSON.stringify({
  files: source.files.map((file) => file.path),
  epochs,
  validation: await rowsOf(0, "validation"),
}));

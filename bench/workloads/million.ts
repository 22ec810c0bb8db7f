/** One epoch over a million made-up cells, as a user trains it. */
import { join } from "@std/path";
import { type Csr, npzBytes, random, skewedCsr } from "../chunks.ts";
import { checkAutoencoder } from "../check.ts";
import { configOf } from "../narrows.ts";
import { timing } from "../stats.ts";
import { trained, waiting } from "../trained.ts";
import { CheckFailed, type Context, type Goal, type Outcome, type Row, type Workload } from "../types.ts";

const COLUMNS = 36_601, NNZ = 1000, CHUNK_ROWS = 10_000;
const ROWS = { quick: 40_000, full: 1_000_000, thorough: 1_000_000 };

/** Counts from 1 on, half as many of each next one. */
function withCounts(csr: Csr, seed: number): Csr {
  const next = random(seed);
  return { ...csr, data: csr.data.map(() => 1 + Math.floor(-Math.log2(1 - next()))) };
}

/** Writes the chunks, one after the other, so that memory holds one. @returns their folder */
async function writeCells({ scratch, mode, log }: Context): Promise<string> {
  const folder = await Deno.makeTempDir({ dir: scratch, prefix: "cells-" });
  for (let chunk = 0; chunk < ROWS[mode] / CHUNK_ROWS; chunk++) {
    const csr = withCounts(skewedCsr(CHUNK_ROWS, COLUMNS, NNZ, 1000 + chunk), chunk);
    await Deno.writeFile(join(folder, `cells_${String(chunk).padStart(3, "0")}.npz`), npzBytes(csr));
    if (chunk % 10 === 9) log(`  ${(chunk + 1) * CHUNK_ROWS} rows written`);
  }
  return folder;
}

async function measure(context: Context): Promise<Outcome> {
  const { mode, threads } = context;
  const path = await writeCells(context);
  const rows: Row[] = [], goals: Goal[] = [];
  for (const batch of mode === "quick" ? [128] : [128, 512]) {
    const transforms = [{ library_size: 10_000 }, "log1p"];
    const net = { path, hidden: 512, latent: 64, solver: "factored" as const, batch, threads, transforms };
    const config = configOf({ ...net, validation: 0.01, learningRate: 3e-4 });
    const run = await trained(context, config, { "training.epochs": 1, "data.shuffle_window": 2 });
    const milliseconds = run.chunks.reduce(
      (sum, c) => sum + c.open_wait_ms + c.wait_ms + c.forward_ms + c.backward_ms,
      0,
    );
    const trainedRows = run.chunks.reduce((sum, { rows }) => sum + rows, 0);
    const rate = 1000 * trainedRows / milliseconds, share = waiting(run);
    const what = `${ROWS[mode].toLocaleString("en")} rows, batch ${batch}`;
    const row = (name: string, unit: Row["unit"], value: number): Row => (
      { what: `${what}: ${name}`, unit, narrows: timing([value]), peer: null, ratio: null, floor: null }
    );
    rows.push(
      row("rows trained on", "rows/s", rate),
      row("time of the epoch", "s", milliseconds / 1000),
      row("waiting for files and batches", "%", share),
      row("the whole run, with metrics and checkpoint", "s", run.summary?.seconds?.total ?? NaN),
      row("peak memory", "MB", (run.summary?.peak_memory_bytes ?? NaN) / 1e6),
    );
    goals.push({
      work: `one epoch of a million cells, batch ${batch}`,
      wanted: "at least 6,000 rows/s, waiting under 2 %",
      got: mode === "quick" ? null : `${Math.round(rate).toLocaleString("en")} rows/s, ${share.toFixed(1)} %`,
      reached: mode === "quick" ? null : rate >= 6000 && share < 2,
    });
    if (!(trainedRows > 0)) throw new CheckFailed("chunks.csv has no rows");
  }
  return {
    rows,
    goals,
    plots: [],
    notes: [
      `${COLUMNS.toLocaleString("en")} columns, ${
        NNZ.toLocaleString("en")
      } stored counts a row, whose columns follow the skewed ` +
      `law, in files of ${
        CHUNK_ROWS.toLocaleString("en")
      } rows; scaled to 10,000 a row and log1p'd. 512-64-512, factored solver, ` +
      "Adam. One percent of the rows is held out.",
    ],
  };
}

export const million: Workload = {
  name: "million",
  title: "A million cells",
  skip: () => null,
  check: ({ scratch, threads }) => checkAutoencoder(scratch, { solver: "factored", threads }),
  measure,
};

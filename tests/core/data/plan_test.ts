/** Windows of an epoch under `last_batch: drop`. */
import { assert, assertEquals } from "@std/assert";
import { leftOutNote, stepsOf, trainingPlan, type Window } from "../../../core/data/plan.ts";
import type { ChunkFile, Source } from "../../../core/data/source.ts";
import { fileKey } from "../../../core/data/row_keys.ts";
import type { DataConfig } from "../../../core/config/types.ts";

const none = new Uint32Array(0);

function sourceOf(sizes: readonly number[]): Source {
  let firstRow = 0;
  const files = sizes.map((rows, index): ChunkFile => {
    const name = `chunk_${index}.npz`;
    const train = Uint32Array.from({ length: rows }, (_, row) => row);
    const file = {
      index,
      path: name,
      name,
      offset: 0,
      key: fileKey(name),
      firstRow,
      parts: { train, validation: none, test: none },
    };
    firstRow += rows;
    return { ...file, info: { rows } as ChunkFile["info"] };
  });
  const partRows = { train: firstRow, validation: 0, test: 0 };
  const tables = {
    columnNames: null,
    rowNames: null,
    labels: null,
    batch: null,
    rowTables: new Map(),
    shape: null,
    rateHz: null,
    keptRows: null,
    steps: null,
    made: null,
  };
  const nothing = { categoryNames: null, rowWeights: null, columnWeights: null };
  return { files, columns: 5, rows: firstRow, nnz: 0, dense: false, partRows, ...tables, ...nothing };
}

const dataOf = (over: Partial<DataConfig>) =>
  ({ seed: 3, batch_size: 16, last_batch: "drop", shuffle: true, shuffle_window: 1, ...over }) as DataConfig;

/** The rows that a plan trains on, by running number; of the last window those that fill a batch. */
function trained(plan: readonly Window[], batchSize: number): number[] {
  return plan.flatMap((window) => {
    const rows = window.files.flatMap((file, at) => [...window.picked![at]!].map((row) => file.firstRow + row));
    assertEquals(rows.length, window.rows);
    return rows.slice(0, window.batches * batchSize);
  });
}

Deno.test("last_batch: drop leaves out less than one batch an epoch, whatever the files and windows", () => {
  for (const sizes of [[50, 50, 50], [3, 5, 2, 9, 1, 4, 30], [15, 15, 15, 15], [100], [16, 32], [0, 40, 0, 7]]) {
    for (const shuffle_window of [1, 2, 3, 8]) {
      for (const shuffle of [true, false]) {
        const source = sourceOf(sizes), data = dataOf({ shuffle_window, shuffle });
        for (const epoch of [1, 2, 3]) {
          const plan = trainingPlan(source, data, epoch);
          const rows = trained(plan, 16);
          assertEquals(stepsOf(plan), Math.floor(source.rows / 16), `${sizes} in windows of ${shuffle_window}`);
          assertEquals(new Set(rows).size, rows.length);
          plan.slice(0, -1).forEach((window) => assertEquals(window.rows % 16, 0));
          assertEquals(plan, trainingPlan(source, data, epoch));
        }
      }
    }
  }
});

Deno.test("without shuffling rows are passed on in their order; with it, others are left out in each epoch", () => {
  const source = sourceOf([50, 50, 45]);
  const inOrder = trained(trainingPlan(source, dataOf({ shuffle: false }), 1), 16);
  assertEquals(inOrder, Array.from({ length: 144 }, (_, row) => row));
  const left = (epoch: number) => {
    const rows = new Set(trained(trainingPlan(source, dataOf({}), epoch), 16));
    return Array.from({ length: 145 }, (_, row) => row).filter((row) => !rows.has(row));
  };
  assert(new Set([1, 2, 3, 4, 5, 6].flatMap(left)).size > 1);
});

Deno.test("what is left out is said", () => {
  const source = sourceOf([50, 50]);
  assertEquals(leftOutNote(source, dataOf({ last_batch: "keep" })), null);
  assertEquals(leftOutNote(source, dataOf({ batch_size: 50 })), null);
  const said = "data.last_batch: drop leaves out 4 of 100 training rows in each epoch";
  assertEquals(leftOutNote(source, dataOf({})), `${said} (others in each epoch)`);
  assertEquals(
    leftOutNote(source, dataOf({ shuffle: false })),
    `${said} (always the same ones, the last rows of the last file)`,
  );
});

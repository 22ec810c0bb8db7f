/** W&B's offline run: how records are framed, what is in them, and what a resume leaves of them. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { NOTHING_HELD, type Position } from "../../../core/events/course.ts";
import type { RunEvent } from "../../../core/events/types.ts";
import { WandbSink } from "../../../core/events/wandb.ts";
import { type FoundRecord, readRecord } from "../../../core/events/wandb_messages.ts";
import { logRecord, logRecordsIn, WANDB_HEADER } from "../../../core/formats/leveldb_log.ts";
import { writeCheckpoint } from "../../helpers/checkpoint.ts";
import { COURSE, epochDone, epochRow, START, stepRow, steps } from "../../helpers/events.ts";
import { testInFolder } from "../../temp.ts";

const BLOCK = 32 * 1024;

Deno.test("LevelDB's log: records over several blocks, with zeros where no head fits, are read again", () => {
  const lengths = [0, 1, 1000, BLOCK - 7 - 7 - 7 - 8 - 1007 - 5 - 7, 3, BLOCK, 5 * BLOCK + 17, 12, 2 * BLOCK - 14, 9];
  const data = lengths.map((length, i) => Uint8Array.from({ length }, (_, at) => (at * 7 + i) % 251));
  let file: Uint8Array<ArrayBuffer> = WANDB_HEADER.slice();
  const ends = data.map((each) => {
    const record = logRecord(each, file.length);
    file = new Uint8Array([...file, ...record]);
    return file.length;
  });
  const found = [...logRecordsIn(file)];
  assertEquals(found.map(({ data }) => data), data);
  assertEquals(found.map(({ end }) => end), ends);
  assertEquals([...logRecordsIn(file.subarray(0, file.length - 1))].length, data.length - 1);
  for (const at of [0, WANDB_HEADER.length, ends[4]! + 100, ends[6]! - 1]) {
    const damaged = file.slice();
    damaged[at]! ^= 1;
    assertEquals([...logRecordsIn(damaged)].length, at === 0 ? 0 : ends.filter((end) => end <= at).length);
  }
});

const pathIn = (dir: string) => {
  const folders = [...Deno.readDirSync(dir)].map(({ name }) => name);
  assertEquals(folders.length, 1);
  const id = folders[0]!.split("-").at(-1)!;
  return join(dir, folders[0]!, `run-${id}.wandb`);
};
const recordsOf = (dir: string): FoundRecord[] =>
  [...logRecordsIn(Deno.readFileSync(pathIn(dir)))].map(({ data }) => readRecord(data));
const history = (dir: string) =>
  recordsOf(dir).filter(({ kind }) => kind === "history").map(({ step, values }) => ({
    step,
    loss: values.has("train/loss") ? Number(values.get("train/loss")) : null,
    epoch: values.has("epoch/epoch") ? Number(values.get("epoch/epoch")) : null,
  }));

async function write(dir: string, position: Position, events: readonly RunEvent[], doClose = true) {
  const sink = new WandbSink(dir, { project: null, entity: null, upload: false });
  const held = await sink.open(position, START);
  await sink.write(events);
  if (doClose) await sink.close();
  else sink.abandon();
  return held;
}

const BEGIN = { step: 0, epoch: 0, window: 0 };
const END = {
  ...{ event: "end", time: "2026-01-02T03:05:05.000Z", step: 10 },
  summary: {
    ...{ status: "finished", metrics: { train: { r2: 0.5 }, validation: null, test: null }, evaluated: null },
    baseline: { pca: { components: 2, test: { rows: 1, mse: 1, r2: 0.125 } } },
    ...{ best_epoch: 2, best_loss: 0.25, seconds: { total: 12 } },
  },
} as unknown as RunEvent;
const row = (step: number, epoch: number | null = null) => ({ step, loss: stepRow(step, 1).loss, epoch });
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

testInFolder(
  "wandb: one row a step, with the epoch's values in the row of its last step; then summary and exit",
  async (dir) => {
    assertEquals(await write(dir, BEGIN, [...COURSE, END]), NOTHING_HELD);
    const records = recordsOf(dir);
    assertEquals(records.map(({ number }) => number), records.map((_, i) => i + 1));
    assertEquals(history(dir), range(1, 10).map((step) => row(step, step === 5 ? 1 : step === 10 ? 2 : null)));
    const last = records.findLast(({ kind }) => kind === "history")!;
    assertEquals(Number(last.values.get("epoch/train_loss")), epochRow(2).train_loss);
    assertEquals(last.values.get("_step"), "10");
    assertEquals(records.at(-1)!.kind, "exit");
    const summary = records.at(-2)!;
    assertEquals([summary.kind, summary.values.get("final/train_r2"), summary.values.get("final/best_loss")], [
      "summary",
      "0.5",
      "0.25",
    ]);
    assertEquals(summary.values.get("final/pca_test_r2"), "0.125");
    assertEquals(summary.values.get("train/loss"), JSON.stringify(stepRow(10, 2).loss));
    const files = join(pathIn(dir), "../files");
    assertEquals(JSON.parse(Deno.readTextFileSync(join(files, "environment.json"))), START.environment);
  },
);

testInFolder(
  "wandb: histograms of a checkpoint go into the present row, those of a resume's into its own",
  async (dir) => {
    const folder = join(dir, "wandb");
    for (const step of [5, 9]) writeCheckpoint(dir, step, { "encoder.0.weight": [1, 2, 4] });
    const saved = (step: number) => {
      return { event: "checkpoint", step, path: `checkpoints/step-00000000${step}`, best: false } as const;
    };
    // Told late, and once more as the best one; one that is gone has none.
    const events = [
      ...COURSE.slice(0, 4),
      COURSE[5]!,
      saved(5),
      { ...saved(5), best: true },
      saved(8),
      ...COURSE.slice(7),
      saved(9),
    ];
    await write(folder, BEGIN, events);
    const weights = () =>
      recordsOf(folder).filter(({ values }) => values.has("weights/step")).filter(({ kind }) => kind === "history")
        .map((
          { step, values },
        ) => [step, values.get("weights/step"), JSON.parse(values.get("weights/encoder.0.weight")!)]);
    const value = weights()[0]![2] as { _type: string; values: number[]; bins: number[] };
    assertEquals([value._type, value.values[0], value.values.at(-1), value.bins.at(-1)], ["histogram", 1, 1, 4]);
    assertEquals(weights(), [[8, "5", value], [10, "9", value]]);
    // A record of the summary names what has changed, so that histograms are in one each; W&B merges the records.
    const longer = join(folder, "..", "longer");
    await write(longer, BEGIN, [...events, epochDone(3, 15), epochDone(4, 20)]);
    const summaries = recordsOf(longer).filter(({ kind }) => kind === "summary").map(({ values }) => values);
    assertEquals(summaries.length, 4);
    assertEquals(summaries.filter((values) => values.has("weights/encoder.0.weight")).length, 2);
    const merged = new Map(summaries.flatMap((values) => [...values]));
    assertEquals([merged.get("weights/step"), merged.get("epoch/epoch")], ["9", "4"]);
    const start = { ...START, step: 5, epoch: 1, resumed: 1 };
    await write(folder, { step: 5, epoch: 1, window: 0 }, [start, steps(6, 10, 2), saved(9)]);
    assertEquals(weights(), [[5, "5", value], [10, "9", value]]);
  },
);

testInFolder("wandb: a resume cuts the run back, goes on with it, and has it uploaded again", async (dir) => {
  await write(dir, BEGIN, [...COURSE, END]);
  const path = pathIn(dir);
  Deno.writeTextFileSync(`${path}.synced`, "");
  // At the end: the exit goes, and the row of the last step stays whole.
  assertEquals(await write(dir, { step: 10, epoch: 2, window: 0 }, []), { ...NOTHING_HELD, step: 10, epoch: 2 });
  assertEquals(history(dir).at(-1), row(10, 2));
  assert(!recordsOf(dir).some(({ kind, values }) => kind === "exit" || values.has("final/train_r2")));
  assert(![...Deno.readDirSync(join(path, ".."))].some(({ name }) => name.endsWith(".synced")));
  // Within an epoch.
  assertEquals(await write(dir, { step: 7, epoch: 1, window: 0 }, [steps(8, 8, 2)]), {
    ...NOTHING_HELD,
    step: 7,
    epoch: 1,
  });
  assertEquals(history(dir), range(1, 8).map((step) => row(step, step === 5 ? 1 : null)));
  // Before the first epoch counts: the row of its last step is made once more.
  assertEquals(await write(dir, { step: 5, epoch: 0, window: 1 }, [steps(5, 5, 1), COURSE[3]!]), {
    ...NOTHING_HELD,
    step: 4,
  });
  assertEquals(history(dir), range(1, 5).map((step) => row(step, step === 5 ? 1 : null)));
  // In the middle of a row's making: the last step is there, and the epoch is added to it.
  await write(dir, BEGIN, COURSE.slice(0, 3));
  assertEquals(await write(dir, { step: 5, epoch: 0, window: 1 }, [COURSE[3]!]), { ...NOTHING_HELD, step: 5 });
  assertEquals(history(dir), range(1, 5).map((step) => row(step, step === 5 ? 1 : null)));
  const numbers = recordsOf(dir).map(({ number }) => number);
  assertEquals(numbers, numbers.map((_, i) => i + 1));
  // Killed: what was not written is lacking, and told.
  await write(dir, { step: 5, epoch: 1, window: 0 }, [steps(6, 9, 2)], false);
  Deno.writeFileSync(path, new Uint8Array([1, 2, 3]), { append: true });
  assertEquals(await write(dir, { step: 9, epoch: 1, window: 0 }, []), { ...NOTHING_HELD, step: 8, epoch: 1 });
  assertEquals(await write(dir, BEGIN, []), NOTHING_HELD);
  assertEquals(history(dir), []);
});

/** The files of TensorBoard: what is in them, and what a resume leaves of them. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { NOTHING_HELD, type Position } from "../../../core/events/course.ts";
import { histogramOf } from "../../../core/events/histograms.ts";
import { TensorBoardSink } from "../../../core/events/tensorboard.ts";
import { readEvent } from "../../../core/events/tensorboard_messages.ts";
import type { RunEvent } from "../../../core/events/types.ts";
import { recordsIn } from "../../../core/formats/tfrecord.ts";
import type { Summary } from "../../../core/runs/types.ts";
import { writeCheckpoint } from "../../helpers/checkpoint.ts";
import { COURSE, epochDone, epochRow, START, stepRow, steps } from "../../helpers/events.ts";
import { testInFolder } from "../../temp.ts";

const END = {
  ...{ event: "end", time: "2026-01-02T03:05:05.000Z", step: 10 },
  summary: { status: "finished", metrics: { train: { r2: 0.5 }, validation: null, test: null }, evaluated: null },
} as unknown as RunEvent & { summary: Summary };

const names = (dir: string) => [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
const found = (dir: string) => {
  const all = names(dir);
  assertEquals(all.length, 1, all.join());
  return [...recordsIn(Deno.readFileSync(join(dir, all[0]!)))].map(({ data }) => readEvent(data));
};

async function write(dir: string, position: Position, events: readonly RunEvent[]) {
  const sink = new TensorBoardSink(dir);
  const held = await sink.open(position, START);
  await sink.write(events);
  await sink.close();
  return held;
}

testInFolder("tensorboard: scalars of steps and epochs, histograms, texts and the end", async (dir) => {
  const run = dir, folder = join(run, "tensorboard");
  writeCheckpoint(run, 5, { "encoder.0.weight": [1, 2, 3] });
  const events = [...COURSE, { ...COURSE[4], best: false } as RunEvent, END];
  assertEquals(await write(folder, { step: 0, epoch: 0, window: 0 }, events), NOTHING_HELD);
  const all = found(folder);
  const losses = all.filter(({ scalars }) => scalars.has("train/loss"));
  assertEquals(
    losses.map(({ step, scalars }) => [step, scalars.get("train/loss"), scalars.get("train/grad_norm")]),
    Array.from({ length: 10 }, (_, i) => [i + 1, stepRow(i + 1, 1).loss, stepRow(i + 1, 1).grad_norm]),
  );
  const epochs = all.filter(({ scalars }) => scalars.has("epoch/train_loss"));
  assertEquals(epochs.map(({ step }) => step), [5, 10]);
  assertEquals(epochs.map(({ scalars }) => scalars.get("epoch/train_loss")), [
    Math.fround(epochRow(1).train_loss),
    Math.fround(epochRow(2).train_loss),
  ]);
  assert(!epochs[0]!.scalars.has("epoch/validation_loss") && epochs[1]!.scalars.has("epoch/validation_loss"));
  const tags = all.flatMap(({ tags }) => tags);
  for (const tag of ["config", "environment", "run", "_hparams_/session_start_info", "weights/encoder.0.weight"]) {
    assertEquals(tags.filter((each) => each === tag).length, 1, tag);
  }
  const start = { ...START, step: 5, epoch: 1, resumed: 1 } as const;
  await write(folder, { step: 5, epoch: 1, window: 0 }, [start]);
  const resumed = found(folder).flatMap(({ tags, step }) => tags.includes("weights/encoder.0.weight") ? [step] : []);
  assertEquals(resumed, [5], "those of the checkpoint from which a resume goes on are there once");
  assertEquals(all.at(-1)!.tags, ["final/train_r2", "_hparams_/session_end_info"]);
});

testInFolder("tensorboard: a resume keeps the records before its checkpoint, in one file", async (dir) => {
  await write(dir, { step: 0, epoch: 0, window: 0 }, [...COURSE, END]);
  const [first] = names(dir);
  const before = found(dir);
  // At the end of the run: what told the end goes.
  assertEquals(await write(dir, { step: 10, epoch: 2, window: 0 }, []), { ...NOTHING_HELD, step: 10, epoch: 2 });
  assertEquals(found(dir), before.slice(0, -1));
  const second = names(dir)[0]!;
  assert(second > first!, "TensorBoard reads the file with the later name");
  // A torn record is cut off in place.
  Deno.writeFileSync(join(dir, second), new Uint8Array(20), { append: true });
  assertEquals((await write(dir, { step: 10, epoch: 2, window: 0 }, [steps(11, 12, 3)])).step, 10);
  assertEquals(names(dir), [second]);
  assertEquals(found(dir).length, before.length + 1);
  // Within the second epoch, and before the first one counts.
  assertEquals(await write(dir, { step: 7, epoch: 1, window: 0 }, []), { ...NOTHING_HELD, step: 7, epoch: 1 });
  assertEquals(found(dir).at(-1)!.step, 7);
  assertEquals(await write(dir, { step: 5, epoch: 0, window: 1 }, [epochDone(1, 5)]), { ...NOTHING_HELD, step: 5 });
  assertEquals(found(dir).at(-1)!.scalars.get("epoch/epoch"), 1);
  // After a kill between writing the new file and removing the old one, the new one counts.
  Deno.writeFileSync(join(dir, first!), new Uint8Array(7));
  assertEquals((await write(dir, { step: 5, epoch: 1, window: 0 }, [])).epoch, 1);
  assertEquals(names(dir).length, 1);
  // From the first step on: nothing stays.
  assertEquals(await write(dir, { step: 0, epoch: 0, window: 0 }, [START]), NOTHING_HELD);
  assertEquals(found(dir).map(({ step }) => step), [0, 0]);
});

Deno.test("histograms: bins of one width from the smallest to the largest value", () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => (i - 300) / 64);
  const { min, max, count, sum, squares, edges, counts } = histogramOf(values);
  assertEquals([min, max, count], [-300 / 64, 699 / 64, 1000]);
  assertEquals(sum, values.reduce((a, b) => a + b, 0));
  assertEquals(squares, values.reduce((a, b) => a + b * b, 0));
  assertEquals([edges.length, edges[0], edges.at(-1)], [counts.length + 1, min, max]);
  const expected = counts.map((_, i) => {
    const isLast = i === counts.length - 1;
    return values.filter((x) => x >= edges[i]! && (x < edges[i + 1]! || isLast)).length;
  });
  assertEquals(counts, expected);
  assertEquals(histogramOf(new Float32Array([2, 2])).counts, [2]);
});

/** Compares what loggers hold of a run with its CSV files. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { readEvent } from "../../core/events/tensorboard_messages.ts";
import type { RunEvent, StepsEvent } from "../../core/events/types.ts";
import { readRecord } from "../../core/events/wandb_messages.ts";
import { logRecordsIn } from "../../core/formats/leveldb_log.ts";
import { recordsIn } from "../../core/formats/tfrecord.ts";
import { csvRows } from "./killed_run.ts";

const eventsOf = (path: string): RunEvent[] =>
  Deno.readTextFileSync(join(path, "events.jsonl")).trimEnd().split("\n").map((line) => JSON.parse(line));

/** The rows of an event's columns. */
const rowsOf = ({ event: _, ...columns }: StepsEvent) =>
  columns.step.map((_, i) => Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[i]!])));

/** That events.jsonl has every row of the CSV files once, in order, and nothing else of the kind. */
export function checkEvents(path: string): RunEvent[] {
  const events = eventsOf(path);
  const steps = events.flatMap((event) => event.event === "steps" ? rowsOf(event) : []);
  assert(steps.length > 10);
  assertEquals(steps, csvRows(join(path, "steps.csv")));
  for (const kind of ["chunk", "epoch"] as const) {
    const rows = events.filter(({ event }) => event === kind).map(({ event: _, ...row }) => row);
    const steps = rows.map((row) => Number("step" in row && row.step));
    assertEquals(steps, [...steps].sort((a, b) => a - b));
    const file = csvRows(join(path, `${kind}s.csv`)).map((row, i) => ({ step: steps[i]!, ...row }));
    assert(file.length > 2);
    assertEquals(rows as unknown[], file);
  }
  return events;
}

/** That TensorBoard's file has every step and epoch of the CSV files once, in order, as numbers of 32 bits. */
export function checkTensorBoard(path: string): void {
  const folder = join(path, "tensorboard");
  const [file, ...others] = [...Deno.readDirSync(folder)].map(({ name }) => name);
  assertEquals(others, []);
  const records = [...recordsIn(Deno.readFileSync(join(folder, file!)))].map(({ data }) => readEvent(data));
  for (const [prefix, log, main] of [["train", "steps.csv", "loss"], ["epoch", "epochs.csv", "train_loss"]] as const) {
    const logged = records.filter(({ scalars }) => scalars.has(`${prefix}/${main}`));
    const rows = csvRows(join(path, log));
    assertEquals(logged.length, rows.length);
    for (const [index, { step, scalars }] of logged.entries()) {
      if (prefix === "train") assertEquals(step, rows[index]!.step);
      assert(scalars.size >= 4);
      for (const [tag, value] of scalars) {
        assertEquals(value, Math.fround(Number(rows[index]![tag.slice(prefix.length + 1)])), `${tag} at ${step}`);
      }
    }
  }
}

/** That the W&B run has one row for each step, in order, with the values of the CSV files, and one beginning and end. */
export function checkWandb(path: string): void {
  const [folder, ...others] = [...Deno.readDirSync(join(path, "wandb"))].map(({ name }) => name);
  assertEquals(others, []);
  const file = join(path, "wandb", folder!, `run-${folder!.split("-").at(-1)}.wandb`);
  const records = [...logRecordsIn(Deno.readFileSync(file))].map(({ data }) => readRecord(data));
  assertEquals(records.map(({ number }) => number), records.map((_, i) => i + 1));
  assertEquals(records.flatMap(({ kind }, i) => kind === "exit" ? [i] : []), [records.length - 1]);
  const history = records.filter(({ kind }) => kind === "history");
  const steps = csvRows(join(path, "steps.csv")), epochs = csvRows(join(path, "epochs.csv"));
  for (const [i, { step }] of history.entries()) {
    assert(i === 0 || step > history[i - 1]!.step, `${step} is there twice`);
  }
  const trained = history.filter(({ values }) => values.has("train/loss"));
  assertEquals(trained.map(({ step }) => step), steps.map(({ step }) => step));
  for (const [prefix, rows] of [["train", steps], ["epoch", epochs]] as const) {
    const logged = history.filter(({ values }) => [...values.keys()].some((name) => name.startsWith(`${prefix}/`)));
    assertEquals(logged.length, rows.length);
    for (const [index, { values }] of logged.entries()) {
      const own = [...values].filter(([name]) => name.startsWith(`${prefix}/`));
      assert(own.length >= 4);
      for (const [name, json] of own) assertEquals(JSON.parse(json), rows[index]![name.slice(prefix.length + 1)], name);
    }
  }
}

/** That the pictures of each epoch and of the end are in TensorBoard's file and in the W&B run. */
export function checkPictures(path: string, epochs: number): void {
  const wanted = ["latent", "reconstruction"].flatMap((name) => [
    ...Array<string>(epochs).fill(`diagnostics/${name}`),
    `final/${name}`,
  ]).sort();
  const file = (folder: string) => join(path, folder, [...Deno.readDirSync(join(path, folder))][0]!.name);
  const records = [...recordsIn(Deno.readFileSync(file("tensorboard")))].map(({ data }) => readEvent(data));
  assertEquals(records.flatMap(({ tags }) => tags).filter((tag) => wanted.includes(tag)).sort(), wanted);
  const folder = file("wandb");
  const run = join(folder, `run-${folder.split("-").at(-1)}.wandb`);
  const values = [...logRecordsIn(Deno.readFileSync(run))].map(({ data }) => readRecord(data))
    .filter(({ kind }) => kind === "history").flatMap(({ values }) => [...values])
    .filter(([name]) => wanted.includes(name));
  assertEquals(values.map(([name]) => name).sort(), wanted);
  for (const [, json] of values) {
    const value = JSON.parse(json);
    const png = Deno.readFileSync(join(folder, "files", value.path));
    assertEquals([png.length, new TextDecoder().decode(png.subarray(1, 4))], [value.size, "PNG"]);
  }
}

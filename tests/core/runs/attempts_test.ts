/** Logs cut back to a checkpoint: what goes is kept aside, once, and an interrupted cut is ended by the next one. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../../../core/errors.ts";
import { cutBack } from "../../../core/runs/attempts.ts";
import { tailOf } from "../../../core/runs/log_tail.ts";
import { testInFolder } from "../../temp.ts";

const AT = { step: 6, epoch: 1, window: 1 };

/** Two epochs of two windows of two steps each, and some more. */
function writeLogs(dir: string): void {
  const steps = Array.from({ length: 9 }, (_, i) => `${i + 1},0.${i}`);
  Deno.writeTextFileSync(join(dir, "steps.csv"), `step,loss\n${steps.join("\n")}\n`);
  Deno.writeTextFileSync(join(dir, "chunks.csv"), `epoch,chunk,file\n1,0,a\n1,1,"b,c"\n2,0,a\n2,1,"b,c"\n`);
  Deno.writeTextFileSync(join(dir, "epochs.csv"), "epoch,train_loss\n1,0.5\n2,0.4\n");
}

const read = (dir: string, name: string) => Deno.readTextFileSync(join(dir, name));
const names = (dir: string) => [...Deno.readDirSync(dir)].map(({ name }) => name).sort();

function checkCut(dir: string): void {
  assertEquals(read(dir, "steps.csv").trim().split("\n").length, 7);
  assertEquals(read(dir, "chunks.csv"), `epoch,chunk,file\n1,0,a\n1,1,"b,c"\n2,0,a\n`);
  assertEquals(read(dir, "epochs.csv"), "epoch,train_loss\n1,0.5\n");
  assertEquals(read(dir, "attempts/001/steps.csv"), "step,loss\n7,0.6\n8,0.7\n9,0.8\n");
  assertEquals(read(dir, "attempts/001/chunks.csv"), `epoch,chunk,file\n2,1,"b,c"\n`);
  assertEquals(read(dir, "attempts/001/epochs.csv"), "epoch,train_loss\n2,0.4\n");
}

testInFolder(
  "logs cut back: rows past the checkpoint move to an attempt; with none of them nothing is made",
  async (dir) => {
    writeLogs(dir);
    assertEquals(await cutBack(dir, { step: 9, epoch: 2, window: 0 }, []), null);
    assertEquals(names(dir), ["chunks.csv", "epochs.csv", "steps.csv"]);
    assertEquals(await cutBack(dir, AT, []), "attempts/001");
    checkCut(dir);
    assertEquals(await cutBack(dir, AT, []), null);
    assertEquals(names(join(dir, "attempts")), ["001"]);
    assertEquals(await cutBack(dir, { ...AT, step: 0, epoch: 0, window: 0 }, []), "attempts/002");
    assertEquals(read(dir, "chunks.csv"), "epoch,chunk,file\n");
  },
);

testInFolder(
  "logs cut back: after a cut that was interrupted the next one ends it, into the same folder",
  async (dir) => {
    writeLogs(dir);
    const whole = Object.fromEntries(names(dir).map((name) => [name, read(dir, name)]));
    await cutBack(dir, AT, []);
    for (const uncut of [["steps.csv"], ["epochs.csv", "chunks.csv"], names(dir).filter((name) => /csv$/.test(name))]) {
      for (const name of uncut) Deno.writeTextFileSync(join(dir, name), whole[name]!);
      Deno.mkdirSync(join(dir, "attempts", ".tmp-002-0123456789ab")); // of a copy that was cut short
      assertEquals(await cutBack(dir, AT, []), "attempts/001");
      checkCut(dir);
      Deno.removeSync(join(dir, "attempts", ".tmp-002-0123456789ab"));
    }
    writeLogs(dir);
    Deno.writeTextFileSync(join(dir, "steps.csv"), whole["steps.csv"]!.replace("9,0.8", "9,0.9"));
    assertEquals(await cutBack(dir, AT, []), "attempts/002", "other rows are another attempt");
    assertEquals(names(join(dir, "attempts")), ["001", "002"]);
  },
);

testInFolder("logs cut back: other files of the course go along, and nothing is overwritten", async (dir) => {
  writeLogs(dir);
  Deno.mkdirSync(join(dir, "checkpoints", "step-9"), { recursive: true });
  Deno.writeTextFileSync(join(dir, "summary.json"), "1");
  assertEquals(await cutBack(dir, AT, ["checkpoints/step-9", "summary.json", "not-there"]), "attempts/001");
  assertEquals(names(join(dir, "attempts/001")), [
    "checkpoints",
    "chunks.csv",
    "epochs.csv",
    "steps.csv",
    "summary.json",
  ]);
  assertEquals(names(join(dir, "checkpoints")), []);
  Deno.writeTextFileSync(join(dir, "summary.json"), "2");
  assertEquals(await cutBack(dir, AT, ["summary.json"]), "attempts/002");
  assertEquals([read(dir, "attempts/001/summary.json"), read(dir, "attempts/002/summary.json")], ["1", "2"]);
});

testInFolder(
  "log's tail: found from the end of a long log, whatever the last line is; what is no log is named",
  async (dir) => {
    const path = join(dir, "steps.csv");
    const rows = Array.from({ length: 40_000 }, (_, i) => `${i + 1},${"x".repeat(i % 9)}`);
    const text = `step,t\n${rows.join("\n")}\n`;
    for (const end of ["", "4", "40001,torn"]) {
      Deno.writeTextFileSync(path, text + end);
      for (const last of [0, 1, 17, 20_000, 39_999]) {
        const tail = await tailOf(path, ["step"], [last]);
        assert(tail !== null);
        const kept = `step,t\n${rows.slice(0, last).join("\n")}${last > 0 ? "\n" : ""}`;
        assertEquals([tail.start, tail.end], [kept.length, text.length], `${last} ${end}`);
      }
      assertEquals(await tailOf(path, ["step"], [40_000]), null);
    }
    for (const empty of ["", "step,t", "step,t\n", "step,t\n12"]) {
      Deno.writeTextFileSync(path, empty);
      assertEquals(await tailOf(path, ["step"], [0]), null);
    }
    Deno.writeTextFileSync(path, "a,b\n1,2\n");
    await assertRejects(() => tailOf(path, ["step"], [0]), UserError, "no column step");
    Deno.writeTextFileSync(path, "step,b\nx,2\n");
    await assertRejects(() => tailOf(path, ["step"], [0]), UserError, "no row number");
    Deno.writeTextFileSync(path, "x".repeat(300_000));
    await assertRejects(() => tailOf(path, ["step"], [0]), UserError, "not a log");
    assertEquals(await tailOf(join(dir, "none.csv"), ["step"], [0]), null);
  },
);

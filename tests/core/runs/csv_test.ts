import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../../../core/errors.ts";
import { formatCsvLine, isCsvNumber, parseCsvLine, parseCsvNumber } from "../../../core/formats/csv.ts";
import { CsvLog, inspectSteps } from "../../../core/runs/csv_log.ts";
import { readCsv } from "../../../core/runs/csv_read.ts";
import { columnNames, STEP_COLUMNS } from "../../../core/runs/schema.ts";
import { testInFolder } from "../../temp.ts";

interface Row {
  readonly epoch: number;
  readonly chunk: number;
  readonly file: string;
  readonly loss: number | null;
}
const COLUMNS = ["epoch", "chunk", "file", "loss"] as const;
const open = (path: string) => CsvLog.open<Row>(path, COLUMNS, ["epoch", "chunk"]);

Deno.test("csv: random rows round-trip", () => {
  const words = ["", "a", "a,b", 'say "hi"', '"', ",", '",",', "ünïcode 漢字", " padded "];
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let i = 0; i < 2000; i++) {
    const row = Array.from({ length: 1 + Math.floor(random() * 5) }, () => words[Math.floor(random() * words.length)]!);
    assertEquals(parseCsvLine(formatCsvLine(row)), row);
    const bits = new DataView(new ArrayBuffer(8));
    bits.setUint32(0, random() * 2 ** 32);
    bits.setUint32(4, random() * 2 ** 32);
    const value = bits.getFloat64(0);
    assert(Object.is(parseCsvNumber(formatCsvLine([value])), value), String(value));
  }
  for (const value of [0, -0, 1e21, 5e-324, Infinity, -Infinity, NaN]) {
    assert(Object.is(parseCsvNumber(formatCsvLine([value])), value), String(value));
  }
  for (const text of ["", "abc", "0x10", "1e", "--1", "1 2", "null"]) assert(!isCsvNumber(text), text);
  assert(isCsvNumber("nan") && isCsvNumber("1.5e-07"));
  assertEquals(formatCsvLine([null, "two\nlines", 1]), ",two\ufffdlines,1");
});

testInFolder("csv log: cut at any byte and reopened, each row is there exactly once", async (dir) => {
  const rows: Row[] = [];
  for (let epoch = 1; epoch <= 3; epoch++) {
    for (let chunk = 0; chunk < 3; chunk++) {
      rows.push({ epoch, chunk, file: `ä,${chunk}.npz`, loss: chunk ? epoch / 7 : null });
    }
  }
  const whole = join(dir, "whole.csv");
  {
    using log = await open(whole);
    assertEquals(log.lastKey, null);
    for (const row of rows) assert(await log.append(row));
    await log.sync();
  }
  const bytes = await Deno.readFile(whole);
  const path = join(dir, "log.csv");
  let torn = 0;
  for (let length = 0; length <= bytes.length; length++) {
    await Deno.writeFile(path, bytes.subarray(0, length));
    {
      using log = await open(path);
      if (log.tornBytes > 0) torn++;
      for (const row of rows) await log.append(row);
      assertEquals(log.lastKey, [3, 2]);
    }
    assertEquals(await Deno.readFile(path), bytes, `cut at ${length}`);
  }
  assert(torn > bytes.length - 20);
});

testInFolder("csv log: another header or a last line without a key is refused", async (dir) => {
  const path = join(dir, "log.csv");
  await Deno.writeTextFile(path, "epoch,loss\n1,2\n");
  await assertRejects(() => open(path), UserError, "has the header");
  await Deno.writeTextFile(path, "epoch,chunk,file,loss\nx,0,a,1\n");
  await assertRejects(() => open(path), UserError, "no row number");
  await Deno.writeTextFile(path, "x".repeat(200_000) + "\n");
  await assertRejects(() => open(path), UserError, path);
  await assertRejects(() => open(join(dir, "none", "log.csv")), UserError, "No such file");
});

const HEADER = columnNames(STEP_COLUMNS).join(",");
const stepLine = (step: number) => `${step},1,0,${step},128,${1 / step},0.001,0.5,1000,0.1,2,${step / 10}`;

testInFolder("steps: the end is found from the tail, torn lines are cut off", async (dir) => {
  const path = join(dir, "steps.csv");
  assertEquals(await inspectSteps(path), { lastStep: 0, elapsed_s: 0, learning_rate: null, tornBytes: 0 });
  const lines = [HEADER, ...Array.from({ length: 20 }, (_, i) => stepLine(i + 1))];
  const text = lines.join("\n") + "\n";
  for (let length = 0; length <= text.length; length++) {
    await Deno.writeTextFile(path, text.slice(0, length));
    const whole = text.slice(0, text.slice(0, length).lastIndexOf("\n") + 1);
    const lastStep = Math.max(0, whole.split("\n").length - 2);
    const learning_rate = lastStep === 0 ? null : 0.001, tornBytes = length - whole.length;
    assertEquals(await inspectSteps(path), { lastStep, elapsed_s: lastStep / 10, learning_rate, tornBytes });
    assertEquals(await Deno.readTextFile(path), whole);
  }
  // A block of zeros, as a file system may leave after a power loss, longer than one read.
  await Deno.writeFile(path, new Uint8Array([...new TextEncoder().encode(text), ...new Uint8Array(200_000)]));
  assertEquals(await inspectSteps(path), { lastStep: 20, elapsed_s: 2, learning_rate: 0.001, tornBytes: 200_000 });
  await Deno.writeTextFile(path, `${HEADER}\nnonsense\n`);
  await assertRejects(() => inspectSteps(path), UserError, "not a step");
});

testInFolder("read: a long log is thinned out evenly, first and last row kept", async (dir) => {
  const path = join(dir, "steps.csv");
  for (const count of [0, 1, 2, 99, 100, 101, 1000, 54_321]) {
    const lines = Array.from({ length: count }, (_, i) => stepLine(i + 1));
    await Deno.writeTextFile(path, [HEADER, ...lines].join("\n") + "\n");
    const { rows, problems } = await readCsv(path, STEP_COLUMNS, 100);
    assertEquals(problems, []);
    assertEquals(rows.length <= 101 && rows.length >= Math.min(count, 50), true, `${rows.length} of ${count}`);
    if (count === 0) continue;
    assertEquals([rows[0]!.step, rows.at(-1)!.step], [1, count]);
    const gaps = new Set(rows.slice(1, -1).map((row, i) => row.step - rows[i]!.step));
    assert(gaps.size <= 1, `gaps ${[...gaps]}`);
  }
});

testInFolder("read: malformed rows are left out and named, an unfinished line is ignored", async (dir) => {
  const path = join(dir, "steps.csv");
  await Deno.writeTextFile(
    path,
    `${HEADER}\n${stepLine(1)}\n2,x\n${stepLine(3).replace("128", "abc")}\n${stepLine(4)}\n5,1,0`,
  );
  const { rows, problems } = await readCsv(path, STEP_COLUMNS, 100);
  assertEquals(rows.map((row) => row.step), [1, 4]);
  assertEquals(problems, [`${path}:3: epoch: "x" is not a number`, `${path}:4: rows: "abc" is not a number`]);
  await Deno.writeTextFile(path, "step,loss\n1,2\n");
  assert((await readCsv(path, STEP_COLUMNS, 100)).problems[0]!.startsWith(`${path}:1: no column epoch`));
  await Deno.writeFile(path, crypto.getRandomValues(new Uint8Array(60_000)));
  assertEquals((await readCsv(path, STEP_COLUMNS, 100)).rows, []);
});

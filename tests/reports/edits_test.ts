/** A report shows what commands changed in a run. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readEdits } from "../../core/runs/edits.ts";
import { readRun } from "../../core/runs/read.ts";
import type { EditRow } from "../../core/runs/types.ts";
import { Numbering } from "../../reports/numbering.ts";
import { editedAt, editedText, editsTable } from "../../reports/sections/edits.ts";
import { lossSection } from "../../reports/sections/loss.ts";
import { temporary } from "../helpers/cli.ts";
import { makeRun } from "./fixture.ts";

const edit = (edit: number, step: number, command: Record<string, unknown>, before?: number | boolean): EditRow => ({
  ...{ edit, step, epoch: 0, at: "2026-11-29T20:11:08.000Z", command },
  ...before === undefined ? {} : { before },
});

const EDITS = [
  edit(1, 0, { do: "pause" }),
  edit(2, 10, { do: "set", key: "optimizer.learning_rate", value: 0.0003 }, 0.001),
  edit(3, 10, { do: "freeze", layer: "decoder.0", frozen: true }, false),
  edit(4, 25, { do: "write", tensor: "encoder.0.weight", at: [3, 7], value: 0.5 }, -0.25),
];

Deno.test("report: edits are in a table, and the charts of steps mark them", () => {
  const run = { ...makeRun(), edits: EDITS };
  assertEquals(editedAt(run), [11, 26]);
  const table = editsTable(run, new Numbering("run"))!.text;
  for (const text of ["optimizer.", "learning_rate", "0.0003", "decoder.0", "[3, 7]", "-0.25", "train --replay"]) {
    assertStringIncludes(table.replaceAll("<wbr>", "").replaceAll("−", "-"), text);
  }
  assert(!table.includes("pause"), "a pause changes nothing");
  const section = lossSection(run, new Numbering("run")).text;
  assertStringIncludes(section, "Short lines at the lower edge mark 3 edits by commands.");
  const plain = lossSection({ ...run, edits: [] }, new Numbering("run")).text;
  assert(!plain.includes("edits"));
  // Two steps are marked in each chart of steps.
  const lines = (text: string) => text.match(/<line /g)?.length ?? 0;
  assert(lines(section) >= lines(plain) + 4, `${lines(section)} lines, ${lines(plain)} without edits`);
});

Deno.test("report: of many edits the first and the last are shown, and charts are not covered with marks", () => {
  const many = Array.from(
    { length: 500 },
    (_, i) => edit(i + 1, i, { do: "write", tensor: "encoder.0.bias", at: [i], value: i }, 0),
  );
  const run = { ...makeRun(), edits: many };
  assertEquals(editedAt(run), []);
  assertStringIncludes(editedText(run), "500 edits by commands are in the table of edits");
  const table = editsTable(run, new Numbering("run"))!.text;
  assertEquals(table.match(/<tr>/g)!.length, 61);
  assertStringIncludes(table, "Of 500 edits the first and the last 30 are shown.");
  assertEquals(editsTable({ edits: [] }, new Numbering("run")), null);
});

Deno.test("report: the journal is read back; what is malformed in it is named, and the rest of the run is drawn", async () => {
  using folder = temporary();
  const path = join(folder.path, "edits.jsonl");
  Deno.writeTextFileSync(join(folder.path, "config.yaml"), "name: x\n");
  Deno.writeTextFileSync(path, EDITS.map((row) => `${JSON.stringify(row)}\n`).join("") + '{"edit":');
  assertEquals(await readEdits(path), EDITS);
  assertEquals((await readRun(folder.path)).edits, EDITS);
  Deno.writeTextFileSync(path, "{]\n");
  const run = await readRun(folder.path);
  assertEquals(run.edits, []);
  assertStringIncludes(run.problems.join("\n"), "edits.jsonl:1: is no JSON object");
});

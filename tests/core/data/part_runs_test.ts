/** Which part each row is of, in data.json: long lists as text, short ones and those of earlier runs as they are. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { partRuns, readRuns, writtenRuns } from "../../../core/data/part_runs.ts";
import { DecodeError } from "../../../core/runs/decode.ts";

/** Rows whose part is given by a function. */
function partsOf(rows: number, part: (row: number) => number) {
  const all = Array.from({ length: rows }, (_, row) => row);
  const of = (code: number) => Uint32Array.from(all.filter((row) => part(row) === code));
  return { train: of(0), validation: of(1), test: of(2) };
}

Deno.test("part runs: a few stay a list, and many become a short text that gives the same runs", () => {
  const few = partRuns(partsOf(100, (row) => row < 60 ? 0 : row < 80 ? 1 : 2));
  assertEquals(writtenRuns(few), [0, 60, 1, 20, 2, 20]);
  assertEquals(readRuns(few, "f", 100), few);
  const rows = 30_000;
  const many = [
    partRuns(partsOf(rows, (row) => row % 2)),
    partRuns(partsOf(rows, (row) => row % 301 === 0 ? 2 : row % 299 === 0 ? 1 : 0)),
    partRuns(partsOf(rows, (row) => (row * 7919 % 10_007) % 5 > 2 ? 1 : 0)),
  ];
  for (const runs of many) {
    const written = writtenRuns(runs);
    assert(typeof written === "string" && written.length < JSON.stringify(runs).length / 2, String(written.length));
    assertEquals(readRuns(JSON.parse(JSON.stringify(written)), "f", rows), runs);
    assertEquals(readRuns(runs, "f", rows), runs, "as earlier versions have it");
  }
  assert((writtenRuns(many[0]!) as string).length < 500);
});

Deno.test("part runs: what is no list of parts is refused", () => {
  const text = writtenRuns(partRuns(partsOf(200, (row) => row % 2))) as string;
  for (const [value, rows] of [[[0, 5], 6], [[3, 5], 5], [[0], 0], [[0, 1.5], 1.5], [[0, -1, 1, 6], 5]] as const) {
    assertThrows(() => readRuns(value, "f", rows), DecodeError);
  }
  for (
    const [value, rows] of [["", 200], ["####", 200], [text, 199], [text, 3], [text.slice(4), 200], [7, 200]] as const
  ) {
    assertThrows(() => readRuns(value, "f", rows), DecodeError);
  }
});

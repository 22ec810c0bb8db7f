/** state.json: every field has a type, a range and a relation to the others and to the plan. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { loadConfig } from "../../../core/config/mod.ts";
import type { Source } from "../../../core/data/source.ts";
import { UserError } from "../../../core/errors.ts";
import { checkState, parseState } from "../../../core/train/state_check.ts";
import { freshState, noTotals, RANDOM_START, type TrainState } from "../../../core/train/state.ts";

const CONFIG = loadConfig({
  text: "data: {path: x, batch_size: 4, shuffle: false}\n" +
    "model: {encoder: [{linear: 8}], decoder: [{linear: output}]}\n",
  cwd: "/w",
}).config;

/** Three files with 10, 8 and 3 training rows: 3, 2 and 1 batches. */
const SOURCE = {
  files: [10, 8, 3].map((rows, index) => ({
    index,
    path: `/w/x/${index}`,
    firstRow: 0,
    info: {},
    parts: { train: new Uint32Array(rows), validation: new Uint32Array(0), test: new Uint32Array(0) },
  })),
} as unknown as Source;

/** In the second epoch: one window of three batches done, and one batch of the next. */
function state(): TrainState {
  return {
    ...freshState("data"),
    start: RANDOM_START,
    step: 10,
    epoch: 1,
    window: 1,
    batch: 1,
    epoch_totals: { ...noTotals(), steps: 4, rows: 14, nnz: 20, loss_rows: 3 },
    window_totals: { ...noTotals(), steps: 1, rows: 4, nnz: 5, loss_rows: 1 },
    best: { epoch: 1, step: 6, loss: 0.5 },
  };
}

function check(value: unknown): void {
  checkState(parseState(value, "F", 10), "F", "data", SOURCE, CONFIG);
}

/** Paths of all values that are not maps. */
function leaves(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, below]) => leaves(below, [...path, key]));
}

function edited(path: readonly string[], value: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(state()));
  const parent = path.slice(0, -1).reduce((below, key) => below[key], copy);
  if (value === undefined) delete parent[path.at(-1)!];
  else parent[path.at(-1)!] = value;
  return copy;
}

Deno.test("state.json: a good one passes; any field missing, of another kind or negative is refused and named", () => {
  check(JSON.parse(JSON.stringify(state())));
  const paths = leaves(state());
  assert(paths.length > 40, `${paths.length} fields`);
  for (const path of [...paths, ["epoch_totals"], ["seconds"], ["plateau"], ["stopping"]]) {
    const mayBeNull = ["best", "plateau.best", "stopping.best", "start.pca"].includes(path.join("."));
    const values: unknown[] = [undefined, "x", true, [], {}, ...mayBeNull ? [] : [null]];
    const signed = /loss|best$/.test(path.join("."));
    if (!signed) values.push(-1);
    for (const value of values) {
      if (path.join(".") === "data" && value === "x") continue; // other data: not a form
      const error = assertThrows(() => check(edited(path, value)), UserError, undefined, `${path} ${value}`);
      assertStringIncludes(error.message, path.join("."));
      assertEquals([error.exitCode, error.where, error.message.includes("\n")], [2, "F", false]);
    }
  }
  assertThrows(() => check(edited(["more"], 1)), UserError, "more");
  for (const value of [null, [], "x", 3]) assertThrows(() => check(value), UserError, "its content");
});

Deno.test("state.json: numbers that do not fit each other, the manifest or the plan are refused", () => {
  const cases: [string[], unknown, string][] = [
    [["step"], 11, "the manifest's step, 10"],
    [["step"], 9.5, "step"],
    [["version"], 2, "version"],
    [["epoch"], 11, "at most step"],
    [["window"], 4, "at most 3"],
    [["window"], 2, "epoch_totals.steps"],
    [["batch"], 3, "at most 2"],
    [["batch"], 0, "window_totals.steps"],
    [["epoch_totals", "steps"], 5, "expected 4"],
    [["epoch_totals", "steps"], 11, "at most step"],
    [["window_totals", "steps"], 2, "expected batch, 1"],
    [["window_totals", "rows"], 5, "rows of so many batches"],
    [["epoch_totals", "rows"], 3, "rows of so many batches"],
    [["best", "epoch"], 2, "at most epoch, 1"],
    [["best", "step"], 11, "at most step"],
    [["plateau", "factor"], 1.5, "plateau.factor"],
    [["plateau", "badEpochs"], 2, "plateau.badEpochs"],
    [["stopping", "bad_epochs"], 2, "stopping.bad_epochs"],
    [["started_at"], "yesterday", "started_at"],
  ];
  for (const [path, value, text] of cases) {
    const error = assertThrows(() => check(edited(path, value)), UserError, undefined, path.join("."));
    assertStringIncludes(error.message, text);
  }
});

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { loadConfig } from "../../../core/config/mod.ts";
import { reading } from "../../../core/data/sample.ts";
import { openSource, type Source } from "../../../core/data/source.ts";
import { evaluatePart, metricsOf } from "../../../core/evaluation/evaluate.ts";
import { describeModel } from "../../../core/train/network.ts";
import { temporary } from "../../helpers/cli.ts";
import { SMALL_CONFIG, smallProject } from "../../helpers/small_run.ts";

function load(folder: string, text = SMALL_CONFIG) {
  const path = smallProject(folder, text);
  const { config } = loadConfig({ file: path, text: text.replace("path: chunks", `path: ${join(folder, "chunks")}`) });
  return { config, source: openSource(config.data) };
}

/** The rows chosen, as file name and row. */
function named(source: Source, rows: ReadonlyMap<number, Uint32Array>): Set<string> {
  const name = (index: number) => source.files.find((file) => file.index === index)!.path.replace(/.*\//, "");
  return new Set([...rows].flatMap(([index, list]) => [...list].map((row) => `${name(index)}:${row}`)));
}

Deno.test("sample: so many rows of the part, the same whatever the order of the files, others for another seed", () => {
  using folder = temporary();
  const { config, source } = load(folder.path);
  const { data } = config;
  const total = source.partRows.train;
  for (const most of [1, 7, 100, total - 1]) {
    const { rows, plan, count } = reading(source, "train", data, { most, seed: 3 });
    assertEquals(count, most);
    assertEquals(plan.reduce((sum, window) => sum + window.rows, 0), most);
    const chosen = named(source, rows!);
    assertEquals(chosen.size, most);
    for (const [index, list] of rows!) list.forEach((row) => assert(source.files[index]!.parts.train.includes(row)));
    const turned: Source = {
      ...source,
      files: source.files.toReversed().map((file, index) => ({ ...file, index })),
    };
    assertEquals(named(turned, reading(turned, "train", data, { most, seed: 3 }).rows!), chosen);
  }
  const of = (seed: number) => named(source, reading(source, "train", data, { most: 100, seed }).rows!);
  assert(of(3).intersection(of(4)).size < 60);
  const perFile = [...reading(source, "train", data, { most: 150, seed: 3 }).rows!.values()].map((list) => list.length);
  perFile.forEach((count) => assert(count > 30 && count < 70, `${perFile}`)); // of about 96 rows each
  for (const most of [null, total, 2 * total]) {
    assertEquals(reading(source, "train", data, { most, seed: 3 }).rows, undefined);
  }
});

Deno.test("evaluation: of a sample it says so; of all rows it is the engine's own sums, and progress is told", async () => {
  using folder = temporary();
  const { config, source } = load(folder.path);
  using model = describeModel(config, source);
  model.build();
  const told: number[] = [];
  const whole = await evaluatePart(model, source, "train", config, {
    byColumn: true,
    progress: ({ part, done, next, rows }) => {
      assertEquals([part, rows], ["train", source.partRows.train]);
      told.push(done, next);
    },
  });
  assertEquals(whole.sampledFrom, null);
  assertEquals(told[0], 0);
  assertEquals(told.at(-2)! + told.at(-1)!, source.partRows.train);
  const bounded = { ...config, evaluation: { ...config.evaluation, max_rows: 50 } };
  const some = await evaluatePart(model, source, "train", bounded, { byColumn: true });
  assertEquals([some.rows, some.sampledFrom], [50, source.partRows.train]);
  assertEquals(metricsOf({ ...some, columns: some.columns! }, model)!.sampled_from, source.partRows.train);
  const validation = await evaluatePart(model, source, "validation", bounded, {});
  assertEquals([validation.rows, validation.sampledFrom], [source.partRows.validation, null]);
});

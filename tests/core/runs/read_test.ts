import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { basename, join } from "@std/path";
import { UserError } from "../../../core/errors.ts";
import { formatCsvLine } from "../../../core/formats/csv.ts";
import { findRuns, newestRun, readRun } from "../../../core/runs/read.ts";
import { CHUNK_COLUMNS, columnNames, type Columns, EPOCH_COLUMNS, STEP_COLUMNS } from "../../../core/runs/schema.ts";
import type { Summary } from "../../../core/runs/types.ts";
import { testInFolder } from "../../temp.ts";

function csv<Row>(columns: Columns<Row>, rows: number): string {
  const names = columnNames(columns);
  const lines = Array.from(
    { length: rows },
    (_, i) =>
      formatCsvLine(
        names.map((name, c) =>
          columns[name] === "text" ? `f${i}.npz` : columns[name] === "nullable" ? null : i + c / 10
        ),
      ),
  );
  return [names.join(","), ...lines].join("\n") + "\n";
}

const SUMMARY: Summary = {
  name: "a",
  status: "finished",
  reason: "epochs",
  started_at: "2024-01-01T00:00:00Z",
  ended_at: "2024-01-01T00:01:00Z",
  steps: 10,
  epochs: 2,
  best_epoch: 2,
  best_loss: 0.5,
  evaluated: { checkpoint: "best", epoch: 2, step: 10 },
  parameters: 100,
  columns: 20,
  rows: { train: 80, validation: 10, test: 10 },
  metrics: {
    train: null,
    validation: {
      rows: 10,
      nnz: 50,
      loss: 0.5,
      mse: 0.5,
      rmse: 0.7,
      r2: 0.1,
      mse_mean_predictor: 0.6,
      column_r2_mean: 0.1,
      column_r2_median: 0.1,
      columns_varying: 18,
      sampled_from: 100,
    },
    test: null,
  },
  seconds: {
    total: 60,
    train: 50,
    wait: 1,
    validation: 2,
    checkpoint: 1,
    checkpoint_end: 0.5,
    checkpoint_beside: 2,
    diagnostics: 1,
    evaluation: 3,
  },
  peak_memory_bytes: 1e8,
  resumed: 0,
};

const LATENT = {
  epoch: 12,
  split: "validation",
  rows: [3, 5],
  latent_size: 2,
  scores: [[1, 2], [3, null]],
  explained: [0.9, 0.1],
  labels: ["a", "b"],
};

async function writeRun(dir: string): Promise<void> {
  await Deno.mkdir(join(dir, "diagnostics/epoch-0003"), { recursive: true });
  await Deno.mkdir(join(dir, "diagnostics/epoch-0012"));
  const files: Record<string, string> = {
    "config.yaml": "name: a\nseed: 1\nmodel: {encoder: [{linear: 4}]}\n",
    "environment.json": '{"narrows":"0.1.0","command_line":["train"]}',
    "summary.json": JSON.stringify(SUMMARY),
    "model.json": '[{"name":"encoder.0","kind":"linear","detail":"","inputs":20,"outputs":4,"parameters":84}]',
    "steps.csv": csv(STEP_COLUMNS, 10),
    "chunks.csv": csv(CHUNK_COLUMNS, 4),
    "epochs.csv": csv(EPOCH_COLUMNS, 2),
    "diagnostics/epoch-0003/latent.json": JSON.stringify({ ...LATENT, epoch: 3 }),
    "diagnostics/epoch-0012/latent.json": JSON.stringify(LATENT),
    "diagnostics/epoch-0012/reconstruction.json":
      '{"epoch":12,"split":"test","rows":[1],"columns":[{"column":7,"name":"g7","truth":[1],"reconstruction":[0.9],"r2":null}]}',
    "diagnostics/epoch-0012/columns.json":
      '{"epoch":12,"split":"test","column":[0,1],"name":null,"mean":[1,2],"variance":[1,1],"mse":[0.1,0.2]}',
  };
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(dir, name), text);
}

testInFolder("read: a whole run", async (dir) => {
  await writeRun(dir);
  const run = await readRun(dir);
  assertEquals(run.problems, []);
  assertEquals([run.path, run.name], [dir, basename(dir)]);
  assertEquals(run.config.seed, 1);
  assertEquals(run.summary, SUMMARY);
  assertEquals([run.steps.length, run.chunks.length, run.epochs.length], [10, 4, 2]);
  assertEquals(run.steps[3], { ...run.steps[3]!, step: 3, elapsed_s: 4.1 });
  assertEquals([run.chunks[1]!.file, run.epochs[0]!.validation_loss], ["f1.npz", null]);
  assertEquals(run.latent, { ...LATENT, scores: [[1, 2], [3, NaN]] });
  assert(Number.isNaN(run.reconstruction!.columns[0]!.r2));
  assertEquals(run.columns!.mse, [0.1, 0.2]);
  assertEquals(run.model[0]!.parameters, 84);
  assertEquals(run.environment!.narrows, "0.1.0");
});

testInFolder(
  "read: sessions, what the data were, samples and baselines; a long log says how long it is",
  async (dir) => {
    await writeRun(dir);
    const validation = { ...SUMMARY.metrics.validation!, sampled_from: 500 };
    const summary: Summary = {
      ...SUMMARY,
      metrics: { ...SUMMARY.metrics, validation },
      baseline: { pca: { validation: { rows: 10, mse: 0.4, r2: 0.2 } } },
    };
    await Deno.writeTextFile(join(dir, "summary.json"), JSON.stringify(summary));
    await Deno.writeTextFile(join(dir, "sessions.json"), '[{"first_step":1},{"first_step":5}]');
    await Deno.writeTextFile(join(dir, "data.json"), '{"files":[]}');
    await Deno.writeTextFile(join(dir, "steps.csv"), csv(STEP_COLUMNS, 30_000));
    const run = await readRun(dir);
    assertEquals(run.problems, []);
    assertEquals(run.summary, summary);
    assertEquals([run.sessions, run.data], [[{ first_step: 1 }, { first_step: 5 }], { files: [] }]);
    assertEquals(run.logged, { steps: 30_000, chunks: 4, epochs: 2 });
    assert(run.steps.length <= 20_000);
    await Deno.writeTextFile(join(dir, "sessions.json"), "7");
    assertStringIncludes((await readRun(dir)).problems.join(), "sessions.json: content: expected a list");
  },
);

testInFolder("read: the diagnostics of the evaluated epoch, where there are any", async (dir) => {
  await writeRun(dir);
  const evaluated = { checkpoint: "best", epoch: 3, step: 9 };
  await Deno.writeTextFile(join(dir, "summary.json"), JSON.stringify({ ...SUMMARY, evaluated }));
  const run = await readRun(dir);
  assertEquals([run.problems, run.latent?.epoch], [[], 3]);
});

testInFolder("read: a run that has only begun, and what is no run", async (dir) => {
  await assertRejects(() => readRun(dir), UserError, "no config.yaml");
  await Deno.writeTextFile(join(dir, "config.yaml"), "name: a\n");
  const run = await readRun(dir);
  assertEquals(run.problems, []);
  assertEquals([run.summary, run.environment, run.latent, run.reconstruction, run.columns], [
    null,
    null,
    null,
    null,
    null,
  ]);
  assertEquals([run.steps, run.chunks, run.epochs, run.model], [[], [], [], []]);
});

testInFolder("read: whatever a file holds, the rest is read and the problem names the file", async (dir) => {
  await writeRun(dir);
  const contents = [
    "",
    "{",
    "null",
    "[1]",
    '{"name":1}',
    "a: [",
    "\0\0\0\0",
    "x".repeat(100_000),
    '[{"name":{}}]',
    "NaN",
  ];
  const names = [
    "config.yaml",
    "environment.json",
    "summary.json",
    "model.json",
    "steps.csv",
    "chunks.csv",
    "epochs.csv",
    "diagnostics/epoch-0012/latent.json",
    "diagnostics/epoch-0012/reconstruction.json",
    "diagnostics/epoch-0012/columns.json",
  ];
  let named = 0;
  for (const name of names) {
    const path = join(dir, name);
    const good = await Deno.readFile(path);
    const broken = contents.map((text) => new TextEncoder().encode(text));
    for (let cut = 0; cut < good.length; cut += 7) broken.push(good.subarray(0, cut));
    for (const bytes of broken) {
      await Deno.writeFile(path, bytes);
      const run = await readRun(dir);
      for (const problem of run.problems) {
        assert(problem.startsWith(path), problem);
        assert(!problem.includes("\n"), problem);
        named++;
      }
      if (name !== "summary.json") assertEquals(run.summary, SUMMARY);
      if (name !== "epochs.csv") assertEquals(run.epochs.length, 2);
    }
    await Deno.remove(path);
    if (name !== "config.yaml") {
      await Deno.mkdir(path);
      assertEquals((await readRun(dir)).problems.length, 1);
      await Deno.remove(path);
      assertEquals((await readRun(dir)).problems.length, 0);
    }
    await Deno.writeFile(path, good);
  }
  assert(named > 200, `${named} problems`);
});

testInFolder("read: problems give the field", async (dir) => {
  await writeRun(dir);
  await Deno.writeTextFile(join(dir, "summary.json"), JSON.stringify({ ...SUMMARY, seconds: { total: "long" } }));
  await Deno.writeTextFile(join(dir, "model.json"), JSON.stringify([{ name: "a", kind: 3 }]));
  const { problems } = await readRun(dir);
  assertEquals(problems.length, 2);
  assertStringIncludes(problems.join(), 'summary.json: seconds.total: expected a number, got "long"');
  assertStringIncludes(problems.join(), "model.json: [0].kind: expected text, got 3");
});

testInFolder("runs: the newest, and those that a glob names", async (dir) => {
  let day = 15;
  const make = async (name: string) => {
    await Deno.mkdir(join(dir, name), { recursive: true });
    await Deno.writeTextFile(join(dir, name, "config.yaml"), "name: a\n");
    const environment = { started_at: `2024-02-${day--}T00:00:00Z` };
    await Deno.writeTextFile(join(dir, name, "environment.json"), JSON.stringify(environment));
    return join(dir, name);
  };
  assertEquals(await newestRun(dir), null);
  assertEquals(await newestRun(join(dir, "none")), null);
  const newer = await make("b-20240102-000000-aaaaaa");
  const older = await make("z-20240101-235959-zzzzzz");
  await Deno.mkdir(join(dir, "c-20250101-000000-aaaaaa")); // no config.yaml: not a run
  assertEquals(await newestRun(dir), newer);
  const nested = await make("sweep/a-20230101-000000-aaaaaa");
  assertEquals(await findRuns(join(dir, "*")), [newer, nested, older]);
  assertEquals(await findRuns(dir), [newer, older]);
  assertEquals(await findRuns(join(dir, "**")), [newer, nested, older]);
  assertEquals(await findRuns(join(dir, "{b,z}-*")), [newer, older]);
  assertEquals(await findRuns(join(dir, "*-2024????-*")), [newer, older]);
  assertEquals(await findRuns(newer), [newer]);
  assertEquals(await findRuns(join(dir, "none*")), []);
  day = 20;
  const named = await make("mine");
  assertEquals(await newestRun(dir), named);
});

/** Settings that are almost surely mistakes have one line each; the configs of the repository have none. */
import { assert, assertEquals } from "@std/assert";
import { loadConfig } from "../../../core/config/mod.ts";
import { type RunSizes, sizeWarnings, warningText } from "../../../core/config/warnings.ts";
import { ROOT } from "../../helpers/cli.ts";

const TEXT = `data: {path: chunks}
model:
  encoder: [{linear: 8}, batch_norm, {linear: 4}]
  decoder: [{linear: output}]
`;
const load = (text: string, ...overrides: string[]) =>
  loadConfig({ text: TEXT + text, file: "a.yaml", cwd: "/w", overrides });
const lines = (text: string, ...overrides: string[]) => [...load(text, ...overrides).warnings];

Deno.test("settings that are odd whatever the data are", () => {
  assertEquals(lines(""), []);
  assertEquals(lines("optimizer: {learning_rate: 0.1}"), []);
  assertEquals(lines("optimizer: {name: sgd, learning_rate: 0.5}"), []);
  assertEquals(lines("optimizer: {learning_rate: 0.5}"), [
    "warning: a.yaml:5:28: optimizer.learning_rate is 0.5: adam seldom learns above 0.1; usual values are 0.0001 to 0.01",
  ]);
  assertEquals(lines("", "optimizer.learning_rate=1"), [
    "warning: --override optimizer.learning_rate=1: optimizer.learning_rate is 1: adam seldom learns above 0.1; " +
    "usual values are 0.0001 to 0.01",
  ]);
  const stopping = "training: {early_stopping: {patience: 3}}";
  assertEquals(lines(stopping), []);
  assertEquals(lines(stopping, "data.split={train: 0.9, validation: 0}"), [
    "warning: a.yaml:5:39: training.early_stopping.patience ends the run by the training loss, because no rows are held out for " +
    "validation; set data.split.validation",
  ]);
  assertEquals(lines("scheduler: {name: plateau}", "data.split={train: [a.npz]}"), [
    "warning: a.yaml:5:19: scheduler.name plateau lowers the rate by the training loss, because no rows are held out for " +
    "validation; set data.split.validation",
  ]);
  assertEquals(lines("training: {epochs: 3, early_stopping: {patience: 3}}"), [
    "warning: a.yaml:5:50: training.early_stopping.patience is 3, but the run has only 3 epochs; lower it",
  ]);
  assertEquals(lines("training: {epochs: 3}\ncheckpoint: {every_epochs: 5}\ndiagnostics: {every_epochs: 4}"), [
    "warning: a.yaml:6:28: checkpoint.every_epochs is 5, but the run has 3 epochs; lower it, or set it to 0",
    "warning: a.yaml:7:29: diagnostics.every_epochs is 4, but the run has 3 epochs; lower it, or set it to 0",
  ]);
  assertEquals(lines("training: {epochs: 9}\nscheduler: {name: step}"), [
    "warning: scheduler.step_epochs is 10: the rate never drops in 9 epochs; lower it, or set scheduler.name: constant",
  ]);
  assertEquals(lines("training: {epochs: 4}\nscheduler: {name: plateau}").length, 1);
});

Deno.test("a loss of counts is told where transforms or steps make other numbers of them", () => {
  const counts = "loss: {kind: negative_binomial, size: library}\n", none = "data.input_transforms=[log1p]";
  assertEquals(lines(counts, none), []);
  assertEquals(lines("", "data.transforms=[{library_size: 10000}, log1p]"), []);
  assertEquals(lines(counts, "data.transforms=[{library_size: 10000}, log1p]"), [
    "warning: --override data.transforms=[{library_size: 10000}, log1p]: data.transforms make other numbers of the counts " +
    "(library_size, log1p), and loss.kind negative_binomial is of counts; put that into data.input_transforms, which change " +
    "what is encoded alone",
  ]);
  const steps = lines(counts, "data.format=h5ad", "data.steps=[{highly_variable: 100}, log1p]");
  assertEquals(steps.map((line) => line.includes("data.steps make other numbers of the counts (log1p)")), [true]);
  assertEquals(
    lines(counts, "data.format=h5ad", "data.steps=[{highly_variable: 100}, {filter_cells: {min_genes: 2}}]"),
    [],
  );
});

Deno.test("a run that is made shorter for once is not warned of what does not fit it", () => {
  const text = "training: {epochs: 30, early_stopping: {patience: 5}}\ncheckpoint: {every_epochs: 5}";
  assertEquals(lines(text, "training.epochs=2"), []);
  assertEquals(lines(text, "training.epochs=2", "checkpoint.every_epochs=3").length, 1);
});

Deno.test("transforms that undo or repeat each other", () => {
  const of = (transforms: string) => lines("", `data.transforms=${transforms}`).map((line) => line.split(": ").at(-1));
  assertEquals(of("[{library_size: 1e4}, log1p, {scale: 0.1}]"), []);
  const inputs = lines("", "data.transforms=[log1p]", "data.input_transforms=[log1p]").map((line) =>
    line.split(": ").at(-1)
  );
  assertEquals(inputs, ["data.input_transforms take the logarithm twice; keep one log1p"]);
  assertEquals(of("[log1p, {scale: 0.1}, log1p]"), ["data.transforms take the logarithm twice; keep one log1p"]);
  assertEquals(of("[log1p, {library_size: 1e4}]"), [
    "data.transforms scale rows to library_size after log1p; put library_size before log1p",
  ]);
});

Deno.test("settings that are odd with these data", () => {
  const usual: RunSizes = {
    ...{ columns: 100, validationRows: 10, stepsPerEpoch: 10, leastBatch: 20 },
    ...{ trainingRows: 1300, largestWindow: 1300 },
  };
  const of = (text: string, sizes: Partial<RunSizes>, ...overrides: string[]) =>
    sizeWarnings(load(text, ...overrides).config, { ...usual, ...sizes }).map((warning) => warningText(warning));
  assertEquals(of("", {}), []);
  assertEquals(of("", { leastBatch: 1 }), [
    "warning: data.batch_size is 128, which leaves a batch of one row, and batch_norm cannot normalise a single row; set " +
    "data.last_batch: drop, or another batch size",
  ]);
  assertEquals(of("", { leastBatch: 1 }, "model.encoder=[{linear: 4}]"), []);
  assertEquals(of("", { trainingRows: 128, largestWindow: 128 }), []);
  assertEquals(of("", { trainingRows: 127, largestWindow: 127, leastBatch: 127 }), [
    "warning: data.batch_size is 128, more than the 127 rows of the training part: an epoch is one step; set it to 127 or less",
  ]);
  assertEquals(of("", { largestWindow: 100, leastBatch: 100 }), [
    "warning: data.batch_size is 128, but the files whose rows are shuffled together have at most 100 training rows, and no " +
    "batch is larger; set it to 100 or less, or raise data.shuffle_window",
  ]);
  assertEquals(of("scheduler: {warmup_steps: 200}\ntraining: {epochs: 20}", {}), [
    "warning: scheduler.warmup_steps is 200, but the run has 200 steps: the learning rate is never reached; lower it",
  ]);
  assertEquals(of("scheduler: {warmup_steps: 199}\ntraining: {epochs: 20}", {}), []);
  assertEquals(of("checkpoint: {every_steps: 500}\ntraining: {epochs: 20}", {}).length, 1);
  assertEquals(of("checkpoint: {every_steps: 500}\ntraining: {max_steps: 20}", {}), []);
  assertEquals(of("", { columns: 4 }), [
    "warning: model.encoder ends with 4 values for 4 columns: it can copy a row instead of learning from it; make its " +
    "last layer with a size smaller",
  ]);
  assertEquals(of("", { columns: 4 }, "data.mask_rate=0.2"), []);
  assertEquals(of("", { columns: 4 }, "model.encoder=[{linear: 9}, {top_k: 2}]"), []);
  assertEquals(of("training: {early_stopping: {patience: 3}}", { validationRows: 0 }).length, 1);
});

Deno.test("the configs of the repository have no warnings", () => {
  const files = [...Deno.readDirSync(`${ROOT}configs`)].filter(({ isFile }) => isFile).map(({ name }) => name);
  assert(files.length > 3);
  for (const name of files) assertEquals(loadConfig({ file: `${ROOT}configs/${name}` }).warnings, [], name);
});

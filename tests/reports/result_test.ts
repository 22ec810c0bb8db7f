/** What the report says in words: the result, units, sessions, thinned logs. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseHTML } from "linkedom";
import type { RunData, Session, Summary } from "../../core/runs/types.ts";
import { markup } from "../../reports/html.ts";
import { resultSentence } from "../../reports/result.ts";
import { renderRunReport } from "../../reports/run_report.ts";
import { throughput, throughputLine } from "../../reports/throughput.ts";
import { lossUnit, squaredUnit, valueUnit } from "../../reports/units.ts";
import { emptyRun, makeRun } from "./fixture.ts";

const run = makeRun({ epochs: 10, stepsPerEpoch: 10, columns: 60, latentRows: 40, clusters: 3, latentSize: 8 });
const said = (r: RunData) => markup`${resultSentence(r)}`.text.replace(/<[^>]+>/g, "");
const withSummary = (change: Partial<Summary>): RunData => ({ ...run, summary: { ...run.summary!, ...change } });
const test = run.summary!.metrics.test!;
const page = (r: RunData) => parseHTML(renderRunReport(r)).document as unknown as Document;

Deno.test("the result on top: what was measured on which rows, against the mean", () => {
  const sentence = said(run);
  assertStringIncludes(
    sentence,
    "On the 270 test rows, which took no part in training, the autoencoder with 8 latent units",
  );
  assertStringIncludes(sentence, `R² ${test.r2.toFixed(3)}`);
  assertStringIncludes(sentence, "against 0.07550 for predicting each column’s mean");
  assert(!sentence.includes("PCA"), "it was not measured");
  assertEquals(page(run).querySelector(".lede")!.textContent, sentence);
  const first = [...page(run).querySelectorAll("h2")].map((h) => h.textContent);
  assertEquals(first.slice(0, 5), ["Latent space", "Reconstruction", "Metrics", "Error by column", "Loss"]);
});

Deno.test("the result on top: validation, training rows, a sample of them, worse than the mean", () => {
  const { metrics } = run.summary!;
  assertStringIncludes(
    said(withSummary({ metrics: { ...metrics, test: null } })),
    "270 validation rows, which no weight",
  );
  const train = { ...metrics, test: null, validation: null };
  assertStringIncludes(said(withSummary({ metrics: train })), "2,160 training rows, on which it was trained");
  const sampled = { ...metrics.train!, rows: 100, sampled_from: 2160 };
  const some = withSummary({ metrics: { ...metrics, train: sampled } });
  assertStringIncludes(
    said(withSummary({ metrics: { ...train, train: sampled } })),
    "a sample of 100 of the 2,160 training rows",
  );
  assertStringIncludes(page(some).querySelector("#metrics caption")!.textContent!, "a sample of 100 of its 2,160 rows");
  const worse = withSummary({ metrics: { ...metrics, test: { ...test, r2: -0.2 } } });
  assertStringIncludes(said(worse), "R² −0.200, which is no better than predicting each column’s mean");
  assertEquals(resultSentence(emptyRun()), null);
  assertStringIncludes(page(emptyRun()).querySelector(".lede")!.textContent!, "No error has been measured");
});

Deno.test("the result on top: PCA only where it was measured on the same rows", () => {
  const pca = (r2: number, rows = test.rows) => withSummary({ baseline: { pca: { test: { rows, mse: 0.05, r2 } } } });
  assertStringIncludes(said(pca(0.1)), "(PCA) with as many components explains less (0.100)");
  assertStringIncludes(said(pca(0.9)), "(PCA) with as many components explains more (0.900)");
  assertStringIncludes(said(pca(test.r2 + 1e-6)), "(PCA) with as many components explains as much.");
  assert(!said(pca(0.1, 5)).includes("PCA"), "other rows");
  assertStringIncludes(page(pca(0.1)).querySelector("#metrics table")!.textContent!, "PCA’s R²");
});

Deno.test("the result on top: by the likelihood, where the loss is one", () => {
  const counts = { ...test, log_likelihood_per_row: -375.6, deviance_explained: 0.2706, r2: -0.204 };
  const of = (metrics: typeof counts | typeof test, pca: number | null = null) =>
    withSummary({
      metrics: { ...run.summary!.metrics, test: metrics },
      ...pca === null ? {} : { baseline: { pca: { test: { rows: test.rows, mse: 0.05, r2: pca } }, advice: "try it" } },
    });
  const whole = said(of(counts, 0.834));
  assertStringIncludes(whole, "with a log-likelihood of −375.6 per row and a deviance explained of 0.271, where 1 is");
  assertStringIncludes(
    whole,
    "By the squared error, for which it was not trained, R² is −0.204 and 0.834 for principal",
  );
  for (const wrong of ["no better than predicting each column’s mean. Principal", "explains more", "try it"]) {
    assert(!whole.includes(wrong), wrong);
  }
  assert(!said(of(counts)).includes("PCA"), "it was not measured");
  const { deviance_explained: _, ...own } = counts; // dispersions that are outputs
  assertStringIncludes(said(of(own)), "with a log-likelihood of −375.6 per row. By the squared error");
  const names = (r: RunData) => [...page(r).querySelectorAll(".tiles dt")].map((each) => each.textContent).slice(0, 4);
  assertEquals(names(of(counts)), ["Deviance explained", "Log-likelihood", "R²", "Mean squared error"]);
  assertEquals(names(of(own)), ["Log-likelihood", "R²", "Mean squared error", "Parameters"]);
});

Deno.test("units follow from the transforms", () => {
  const unit = (...transforms: unknown[]) => valueUnit({ data: { transforms } });
  assertEquals(unit({ library_size: 10000 }, "log1p"), "log(1 + counts per 10,000)");
  assertEquals(unit({ kind: "library_size", target: 1e4 }, { kind: "log1p" }), "log(1 + counts per 10,000)");
  assertEquals(unit(), "stored value");
  assertEquals(unit({ scale: 0.0625 }), "0.0625 × stored value");
  assertEquals(unit("log1p", { clip: { min: 0, max: 5 } }), "log(1 + stored value), clipped");
  assertEquals(unit({ binarize: 0.5 }), "1 where the stored value is above 0.5");
  assertEquals(valueUnit({}), "stored value");
  assertEquals(squaredUnit({ data: { transforms: ["log1p"] } }), "(log(1 + stored value))²");
  assertEquals(lossUnit({ loss: { reduction: "row_mean" } }), "squared error per row");
  assertEquals(lossUnit({ loss: { kind: "mse", reduction: "mean" } }), "mean squared error");
  assertEquals(
    lossUnit({ loss: { kind: "negative_binomial", reduction: "row_mean" } }),
    "negative binomial loss per row",
  );
  const labels = [
    ...page({ ...run, config: { ...run.config, data: { transforms: [{ library_size: 1e4 }, "log1p"] } } })
      .querySelectorAll("#reconstruction svg.chart"),
  ].map((svg) => svg.textContent!);
  assertEquals(labels.length, 12);
  for (const text of labels) assertEquals(text.split("log(1 + counts per 10,000)").length, 4, "description, both axes");
});

Deno.test("title and description: shown as text, never as markup", () => {
  const config = { ...run.config, title: "A <b>bold</b> title", description: "First.\n\n<i>Second</i> & last." };
  const document = page({ ...run, config });
  assertEquals(document.querySelector("h1")!.textContent, "A <b>bold</b> title");
  assertEquals([...document.querySelectorAll(".description")].map((p) => p.textContent), [
    "First.",
    "<i>Second</i> & last.",
  ]);
  assertStringIncludes(document.querySelector(".kicker")!.textContent!, run.name);
  assertEquals(page(run).querySelectorAll(".description").length, 0);
});

Deno.test("captions say where a log is too long to be read whole", () => {
  const long = page({ ...run, logged: { steps: 50_000, chunks: 40, epochs: 10 } });
  const captions = [...long.querySelectorAll("figcaption")].map((c) => c.textContent!);
  const thinned = captions.filter((c) => c.includes("drawn from 100 of the 50,000 steps"));
  assertEquals(thinned.length, 3, "loss, gradient norm, learning rate");
  assertEquals(captions.filter((c) => c.includes("drawn from")).length, 3);
  assert(!page(run).body.textContent!.includes("drawn from"));
});

Deno.test("sessions and the parent of a fork are listed, and marked where the run was resumed", () => {
  const parent = { run: "runs/a", checkpoint: "checkpoints/step-000001234", step: 1234 };
  const first = { started_at: "2026-05-12T09:41:03Z", host: "lab-03", first_step: 1, last_step: 40 };
  const changes = [{ key: "optimizer.learning_rate", from: 0.001, to: 0.0005 }];
  const sessions: Session[] = [
    { ...first, command_line: ["train", "--fork", "runs/a"], ended: "stopped: SIGTERM", parent },
    { ...first, host: "<lab>", command_line: ["train", "--resume", "runs/b"], first_step: 41, last_step: 100, changes },
  ];
  const document = page({ ...run, sessions });
  const table = document.querySelector("#environment table")!;
  assertEquals(table.querySelectorAll("tbody tr").length, 2);
  assertStringIncludes(table.textContent!, "forked from runs/a/checkpoints/step-000001234, step 1,234");
  assertStringIncludes(table.textContent!, "<lab>");
  assertStringIncludes(table.textContent!, "stopped: SIGTERM");
  assertStringIncludes(table.textContent!, "optimizer.learning_rate 0.001 → 0.0005");
  const captions = [...document.querySelectorAll("#loss figcaption")].map((c) => c.textContent!);
  assertEquals(
    captions.filter((c) => c.includes("where the run was resumed (1 time)")).length,
    3,
    "of the figures by step",
  );
  const head = [...table.querySelectorAll("thead th")].map((h) => h.textContent);
  assert(head.includes("host") && !head.includes("instruction set"), "hosts differ");
  // What another version writes is shown as far as it is known.
  assertStringIncludes(
    page({ ...run, sessions: [{}, { first_step: "x" }] }).body.textContent!,
    "The sessions in which",
  );
});

Deno.test("a fork's course names the steps of its parent, and its config alone does not repeat it", () => {
  const parent = { run: "runs/a", checkpoint: "checkpoints/step-000000040", step: 40 };
  const session: Session = { started_at: "2026-05-12T09:41:03Z", first_step: 41, last_step: 100 };
  const text = (sessions: Session[]) => page({ ...run, sessions }).body.textContent!;
  const fork = text([{ ...session, parent }]);
  assertStringIncludes(
    fork,
    "The first 40 steps were made in the run a, from which it was forked. The steps after the fork took",
  );
  assertStringIncludes(fork, "does not repeat the run, since the run was forked");
  assert(!fork.includes("without interruption"));
  const rate = [{ key: "optimizer.learning_rate", from: 0.001, to: 0.0005 }];
  assertStringIncludes(text([{ ...session, first_step: 1 }, { ...session, changes: rate }]), "settings were changed");
  const limit = [{ key: "training.max_steps", from: 50, to: 100 }];
  const more = text([{ ...session, first_step: 1 }, { ...session, changes: limit }]);
  assertStringIncludes(more, "Training from it alone repeats the run");
});

Deno.test("figures measured within an epoch name the step, not the epoch before", () => {
  const last = run.epochs.at(-1)!;
  const end = run.epochs.reduce((sum, row) => sum + row.steps, 0);
  const at = (step: number) => {
    const summary = { ...run.summary!, evaluated: { checkpoint: "latest", epoch: last.epoch, step } as const };
    return page({ ...run, summary, latent: { ...run.latent!, epoch: last.epoch } }).body.textContent!;
  };
  assertStringIncludes(at(end), `with the weights of epoch ${last.epoch} (the last checkpoint)`);
  assertStringIncludes(at(end + 2), `with the weights of step ${end + 2} (the last checkpoint)`);
  assertStringIncludes(at(end + 2), `after step ${end + 2})`);
});

Deno.test("throughput: rows over time, short steps joined, broken where the run did not train", () => {
  const at = (step: number, from: number, ms: number) => ({
    ...run.steps[0]!,
    step,
    rows: 10,
    wait_ms: 0,
    step_ms: ms,
    samples_per_second: ms > 0 ? 10_000 / ms : Infinity,
    elapsed_s: from + ms / 1000,
  });
  // 200 steps of 1 ms, of which the clock saw some as none at all, a pause of 5 s, 200 more.
  const steps = [0, 1].flatMap((half) =>
    Array.from({ length: 200 }, (_, i) => at(half * 200 + i + 1, half * 5.2 + i / 1000, i % 4 === 3 ? 0 : 4 / 3))
  );
  const { stretches, by } = throughput({ ...run, chunks: [], steps });
  assertEquals(by, "step");
  assertEquals(stretches.map((s) => s.joined).filter((j) => !j).length, 2, "two stretches of training");
  for (const { rate } of stretches) assert(Math.abs(rate - 10_000) < 500, `${rate}`);
  const line = throughputLine(stretches, 1);
  assert(!line.some((p) => p.x > 0.4 && p.x < 5.1), "a line across the pause");
  // Every tenth step logged: what lies between is training, not a pause.
  const tenth = Array.from({ length: 50 }, (_, i) => at(10 * i + 1, i, 100));
  assertEquals(throughput({ ...run, chunks: [], steps: tenth }).stretches.filter((s) => !s.joined).length, 1);
  assertEquals(throughput(emptyRun()).stretches, []);
});

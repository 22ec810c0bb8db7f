import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseHTML } from "linkedom";
import type { RunData } from "../../core/runs/types.ts";
import { breakable } from "../../reports/html.ts";
import { renderRunReport } from "../../reports/run_report.ts";
import { emptyRun, makeRun } from "./fixture.ts";
import { assertWellFormed } from "./well_formed.ts";

const small = makeRun({ epochs: 5, stepsPerEpoch: 10, columns: 200, latentRows: 80, clusters: 5 });
const EVIL = `<script>alert("x")</script>'&`;

/** The file behind a link that saves a figure: XML that stands alone, in plain colours. Returns its text. */
function checkSaved(link: Element): string {
  assert(/^[\w.-]+-figure-\d+\.svg$/.test(link.getAttribute("download")!), link.getAttribute("download")!);
  const [, data] = /^data:image\/svg\+xml;charset=utf-8,(.*)$/s.exec(link.getAttribute("href")!) ?? [];
  const svg = decodeURIComponent(data!);
  assert(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"'), svg.slice(0, 60));
  assertWellFormed(svg);
  assert(!/var\(|currentColor|class=|<script|NaN/.test(svg), "what only the page can show");
  assert(/prefers-color-scheme:dark\)\{(\[(fill|stroke)="#[0-9a-f]{6}"\]\{(fill|stroke):#[0-9a-f]{6}\})+\}/.test(svg));
  return svg;
}

function checkPage(text: string): Document {
  const tags = assertWellFormed(text);
  assert(tags.length > 20);
  assert(!tags.includes("script") && !tags.includes("link") && !tags.includes("img") && !tags.includes("iframe"));
  assert(!/\son\w+=/.test(text.replace(/<style>[\s\S]*?<\/style>/, "").replace(/>[^<]*</g, "><")), "an event handler");
  // In a saved figure the address of SVG's name space is the only one, too.
  const loads = text.replaceAll("http://www.w3.org/2000/svg", "").replaceAll(` href="data:image/svg+xml`, "").match(
    /https?:\/\/|url\(|@import/g,
  );
  assertEquals(loads, null, "something is loaded");
  const { document } = parseHTML(text);
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  assertEquals(new Set(ids).size, ids.length, "ids twice");
  for (const link of document.querySelectorAll("a[download]")) checkSaved(link as unknown as Element);
  for (const link of document.querySelectorAll("a:not([download])")) {
    assert(ids.includes(link.getAttribute("href")!.slice(1)), `dead link ${link.getAttribute("href")}`);
  }
  return document as unknown as Document;
}

Deno.test("a whole run: every section has its figures and tables", () => {
  const text = renderRunReport(small);
  const document = checkPage(text);
  assertEquals(document.querySelector("h1")!.textContent, "pbmc3k");
  assertEquals(document.querySelector(".badge")!.textContent, "finished");
  const count = (selector: string) => document.querySelectorAll(selector).length;
  assertEquals(count("#loss svg.chart"), 4);
  assertEquals(count("#time svg.chart"), 3);
  assertEquals(count("#metrics tbody tr"), 10);
  assertEquals(count("#columns svg.chart"), 2);
  assertEquals(count("#columns .grid table"), 3);
  assertEquals(count("details.numbers"), 3, "behind the map, the panels and the columns");
  for (const details of document.querySelectorAll("details.numbers")) {
    const rows = details.querySelectorAll("tbody tr").length;
    assert(rows > 3 && rows <= 64, `${rows} rows`);
  }
  assertEquals(count("#latent svg.chart"), 2);
  assertEquals(count("#latent .legend li"), 5);
  assertEquals(count("#reconstruction svg.chart"), 12);
  assertEquals(count("#model tbody tr"), 6);
  assertEquals(count("#config pre .yk") > 20, true);
  assertStringIncludes(document.querySelector("#environment table")!.textContent!, "avx512_bf16");
  assertEquals(count(".missing"), 0);
  const words = document.querySelector("main")!.textContent!;
  assertStringIncludes(words, "deno task train --config runs/pbmc3k-20260512-094103-a1b2/config.yaml");
  assert(!words.includes("deno task train --resume"), "a finished run has nothing to resume");
  const figures = [...document.querySelectorAll("figcaption b")].map((b) => b.textContent);
  assertEquals(figures, figures.map((_, i) => `Figure ${i + 1}.`));
});

Deno.test("log-likelihood and deviance explained are in the table where the loss has them", () => {
  assert(!renderRunReport(small).includes("Deviance explained"));
  const summary = small.summary!, test = summary.metrics.test!;
  const counts = { log_likelihood_per_row: -812.5, log_likelihood_per_value: -0.0625, deviance_explained: 0.375 };
  const metrics = { ...summary.metrics, test: { ...test, ...counts } };
  const document = checkPage(renderRunReport({ ...small, summary: { ...summary, metrics } }));
  const rows = [...document.querySelectorAll("tr")].map((row) => row.textContent.replaceAll(/\s+/g, " "));
  for (const [name, value] of [["Deviance explained", "0.375"], ["Log-likelihood per row", "812.5"]] as const) {
    const row = rows.find((text) => text.includes(name));
    assert(row?.includes(value), `${name}: ${row}`);
  }
});

Deno.test("the same run gives the same text", () => {
  assertEquals(renderRunReport(small), renderRunReport(small));
});

Deno.test("names are data: nothing of them becomes markup", () => {
  const run: RunData = {
    ...small,
    name: EVIL,
    path: `/runs/${EVIL}`,
    config: { ...small.config, data: { path: EVIL } },
    configText: `name: ${EVIL}\n${EVIL}: "${EVIL}"\n# ${EVIL}\n`,
    environment: { [EVIL]: EVIL, command_line: [EVIL] },
    summary: { ...small.summary!, name: EVIL, status: "failed", reason: EVIL, started_at: EVIL },
    model: small.model.map((l) => ({ ...l, name: EVIL, kind: EVIL, detail: EVIL })),
    chunks: small.chunks.map((c) => ({ ...c, file: EVIL })),
    latent: { ...small.latent!, split: EVIL, labels: small.latent!.labels!.map((l) => EVIL + l) },
    reconstruction: {
      ...small.reconstruction!,
      split: EVIL,
      columns: small.reconstruction!.columns.map((c) => ({ ...c, name: EVIL })),
    },
    columns: { ...small.columns!, split: EVIL, name: small.columns!.name!.map((n) => EVIL + n) },
    problems: [EVIL],
  };
  const text = renderRunReport(run);
  const document = checkPage(text);
  assertEquals(document.querySelector("h1")!.textContent, EVIL);
  assertStringIncludes(text, "&lt;script&gt;");
  assertEquals(document.querySelector("#config code")!.textContent, run.configText.trimEnd());
});

Deno.test("an empty run folder: every section says what is missing", () => {
  const document = checkPage(renderRunReport(emptyRun()));
  assertEquals(document.querySelectorAll("svg.chart").length, 0);
  for (
    const id of ["loss", "time", "metrics", "columns", "latent", "reconstruction", "model", "config", "environment"]
  ) {
    assert(document.querySelector(`#${id} .missing`) !== null, `${id} says nothing`);
  }
});

const PARTIAL: Readonly<Record<string, { run: RunData; says: readonly string[]; charts: number }>> = {
  "stopped after three steps": {
    run: {
      ...emptyRun(),
      steps: small.steps.slice(0, 3),
      summary: {
        ...small.summary!,
        status: "stopped",
        reason: "SIGINT",
        steps: 3,
        epochs: 0,
        best_epoch: null,
        best_loss: null,
        evaluated: null,
        metrics: { train: null, validation: null, test: null },
      },
    },
    says: ["was stopped by SIGINT.", "No epoch was completed", "deno task train --resume"],
    charts: 5,
  },
  "no validation": {
    run: {
      ...small,
      epochs: small.epochs.map((e) => ({ ...e, validation_loss: null })),
      summary: { ...small.summary!, metrics: { ...small.summary!.metrics, validation: null, test: null } },
    },
    says: ["There is no validation part", "There are no validation or test rows"],
    charts: 24,
  },
  "one epoch": { run: { ...small, epochs: small.epochs.slice(0, 1) }, says: ["The best epoch is epoch"], charts: 24 },
  "all losses NaN": {
    run: {
      ...small,
      steps: small.steps.map((s) => ({ ...s, loss: NaN, grad_norm: NaN })),
      epochs: small.epochs.map((e) => ({ ...e, train_loss: NaN, validation_loss: NaN })),
    },
    says: ["No recorded step has a finite loss", "No epoch has a finite loss"],
    charts: 21,
  },
  "some losses NaN": {
    run: { ...small, steps: small.steps.map((s) => (s.step >= 48 ? { ...s, loss: NaN } : s)) },
    says: ["3 steps without a finite loss are left out", "the first is step 48"],
    charts: 24,
  },
  "no diagnostics": {
    run: { ...small, latent: null, reconstruction: null, columns: null },
    says: ["No diagnostic of the latent space", "No diagnostic of the reconstruction", "No diagnostic of the columns"],
    charts: 8,
  },
  "a latent of size one without labels": {
    run: {
      ...small,
      latent: {
        ...small.latent!,
        latent_size: 1,
        scores: small.latent!.scores.map((s) => [s[0]!]),
        explained: [1],
        labels: null,
      },
    },
    says: ["Value of the latent unit for 80 rows"],
    charts: 23,
  },
  "a constant learning rate": {
    run: { ...small, steps: small.steps.map((s) => ({ ...s, learning_rate: 0.001 })) },
    says: ["The learning rate was 0.001 throughout"],
    charts: 23,
  },
  "unreadable files": { run: { ...small, problems: ["steps.csv:7: not a number"] }, says: ["steps.csv:7"], charts: 24 },
  "columns without names or variance": {
    run: {
      ...small,
      columns: { ...small.columns!, name: null, variance: small.columns!.variance.map((v, i) => (i % 2 ? v : 0)) },
    },
    says: ["100 columns without variance or without a finite error are left out", "column 1"],
    charts: 24,
  },
};

for (const [name, { run, says, charts }] of Object.entries(PARTIAL)) {
  Deno.test(`missing data: ${name}`, () => {
    const text = renderRunReport(run);
    const document = checkPage(text);
    const words = document.querySelector("main")!.textContent!;
    for (const expected of says) assertStringIncludes(words, expected);
    assertEquals(document.querySelectorAll("svg.chart").length, charts);
    for (const svg of document.querySelectorAll("svg.chart")) {
      assert(!/NaN|Infinity/.test(svg.outerHTML), svg.getAttribute("aria-label")!);
    }
  });
}

Deno.test("many labels: colours, then shapes, then others; many numbers become bands", () => {
  const labels = small.latent!.scores.map((_, i) => `label ${i % 40}`);
  const named = checkPage(renderRunReport({ ...small, latent: { ...small.latent!, labels } }));
  const legend = [...named.querySelectorAll("#latent .legend li")].map((li) => li.textContent!.trim());
  assertEquals(legend.length, 24);
  assertStringIncludes(legend.at(-1)!, "17 other labels");
  const numbers = small.latent!.scores.map((_, i) => String(i / 10));
  const banded = checkPage(renderRunReport({ ...small, latent: { ...small.latent!, labels: numbers } }));
  assertEquals(banded.querySelectorAll("#latent .legend li").length, 6);
});

Deno.test("a run without results: the losses come first, and the lowest stands on top", () => {
  const bare = { ...small, latent: null, reconstruction: null, columns: null };
  const document = checkPage(renderRunReport({
    ...bare,
    summary: { ...small.summary!, metrics: { train: null, validation: null, test: null } },
  }));
  assertEquals(document.querySelector("section")!.id, "loss");
  assertEquals(document.querySelector(".tiles dt")!.textContent, "Lowest validation loss");
});

Deno.test("captions are true in both modes: none names a colour; no word is broken inside", () => {
  const document = checkPage(renderRunReport(small));
  const captions = [...document.querySelectorAll("figcaption,caption,.lede")].map((c) => c.textContent!);
  assert(captions.length > 15);
  for (const text of captions) {
    assert(
      !/\b(dark|light|bright|black|white|blue|orange|green|red|purple|gr[ae]y|brown|yellow)(er)?\b/i.test(text),
      text,
    );
  }
  assert(!/overflow-wrap:anywhere|word-break|text-overflow/.test(document.querySelector("style")!.textContent!));
  const parts = (text: string) => breakable(text).text.split("<wbr>");
  assertEquals(parts("/runs/pbmc3k-2026/typescript_version.json"), [
    "/runs/",
    "pbmc3k-",
    "2026/",
    "typescript_",
    "version.",
    "json",
  ]);
  for (const whole of ["0.0625", "1e-8", "1,438", "--resume", "typescript", "−0.5"]) {
    assertEquals(parts(whole), [whole]);
  }
});

Deno.test("a log of steps that leap about is drawn, and not without end", () => {
  const steps = Array.from({ length: 20_000 }, (_, i) => ({
    ...small.steps[i % small.steps.length]!,
    step: 1000 * Math.floor(i / 3) + (i % 3),
    elapsed_s: i % 3 ? 7 * i : i * i,
  }));
  const text = renderRunReport({ ...small, steps, chunks: [], logged: { steps: 20_000, chunks: 0, epochs: 5 } });
  checkPage(text);
  assert(text.length < 1_000_000, `${text.length} characters`);
});

Deno.test("20,000 steps and 47,192 columns stay under 1.5 MB", () => {
  const large = makeRun({ epochs: 100, stepsPerEpoch: 200, columns: 47192, latentRows: 5000 });
  assertEquals(large.steps.length, 20000);
  const text = renderRunReport(large);
  assert(text.length > 100_000 && text.length < 1_500_000, `${text.length} characters`);
});

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import report from "../../cli/report.ts";
import { runCommand } from "../../cli/run_command.ts";
import { UserError } from "../../core/errors.ts";
import { readRun } from "../../core/runs/read.ts";
import { renderComparison, writeReport } from "../../reports/mod.ts";
import { CONFIG_TEXT, makeRun } from "./fixture.ts";

async function makeFolder(parent: string, name: string): Promise<string> {
  const folder = join(parent, name);
  await Deno.mkdir(folder);
  await Deno.writeTextFile(join(folder, "config.yaml"), CONFIG_TEXT);
  const rows = Array.from(
    { length: 5 },
    (_, i) => `${i + 1},1,0,${i},32,${1 / (i + 1)},0.001,0.5,900,0.1,30,${i / 30}`,
  );
  await Deno.writeTextFile(
    join(folder, "steps.csv"),
    "step,epoch,chunk,batch,rows,loss,learning_rate,grad_norm,samples_per_second,wait_ms,step_ms,elapsed_s\n" +
      rows.join("\n") + "\n",
  );
  return folder;
}

/** Runs a command with what it prints kept. */
async function captured(args: readonly string[]): Promise<{ status: number; out: string; err: string }> {
  const texts = [Deno.stdout, Deno.stderr].map((stream) => {
    const { writeSync } = stream;
    const decoder = new TextDecoder();
    const kept = { text: "", restore: () => void (stream.writeSync = writeSync) };
    stream.writeSync = (bytes) => {
      kept.text += decoder.decode(bytes, { stream: true });
      return bytes.length;
    };
    return kept;
  });
  try {
    const status = await runCommand(report, args);
    return { status, out: texts[0]!.text, err: texts[1]!.text };
  } finally {
    for (const { restore } of texts) restore();
  }
}

function inFolder(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({
    name,
    sanitizeOps: true,
    sanitizeResources: true,
    fn: async () => {
      const folder = await Deno.makeTempDir();
      try {
        await fn(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

inFolder("a report of a run folder is written whole, twice over", async (folder) => {
  const run = await makeFolder(folder, "pbmc3k-20260101-000000-aaaa");
  assertEquals(await writeReport(run), join(run, "report.html"));
  const first = await Deno.readTextFile(join(run, "report.html"));
  assertStringIncludes(first, "Loss by step");
  await writeReport(run);
  assertEquals(await Deno.readTextFile(join(run, "report.html")), first);
  assertEquals([...Deno.readDirSync(run)].map((e) => e.name).sort(), ["config.yaml", "report.html", "steps.csv"]);
  await assertRejects(() => writeReport(join(folder, "none")), UserError, "no such folder");
});

inFolder("report: the newest run, several runs, another place", async (folder) => {
  const old = await makeFolder(folder, "a-20260101-000000-aaaa");
  const recent = await makeFolder(folder, "a-20260102-000000-bbbb");
  const newest = await captured(["--runs", folder, "--json"]);
  assertEquals([newest.status, JSON.parse(newest.out)], [0, { report: join(recent, "report.html"), runs: [recent] }]);
  const both = await captured(["--run", old, "--run", recent, "--json"]);
  assertEquals(JSON.parse(both.out).report, join(folder, "comparison.html"));
  assertStringIncludes(await Deno.readTextFile(join(folder, "comparison.html")), "2 runs");
  const elsewhere = join(folder, "new", "page.html");
  assertEquals((await captured(["--run", old, "--output", elsewhere])).status, 0);
  assert((await Deno.stat(elsewhere)).size > 1000);
});

inFolder("report: errors are one line, status 2", async (folder) => {
  for (
    const args of [["--runs", folder], ["--run", join(folder, "none")], ["--output"], ["--outptu", "x"], ["stray"]]
  ) {
    const { status, out, err } = await captured(args);
    assertEquals([status, out], [2, ""], args.join(" "));
    assert(/^narrows: [^\n]+\n( {2}hint: [^\n]+\n)?$/.test(err), err);
  }
});

inFolder("a comparison reads no more than it shows", async (folder) => {
  const runs = [await makeFolder(folder, "a"), await makeFolder(folder, "b")];
  for (const run of runs) await Deno.writeTextFile(join(run, "chunks.csv"), "not,a,log\n");
  const full = await Promise.all(runs.map((run) => readRun(run)));
  const brief = await Promise.all(runs.map((run) => readRun(run, { brief: true })));
  assertEquals(brief.map(({ steps, problems }) => [steps.length, problems]), [[0, []], [0, []]]);
  assertEquals(full.map(({ steps, problems }) => [steps.length, problems.length]), [[5, 1], [5, 1]]);
  const without = full.map((run) => ({ ...run, problems: [] }));
  assertEquals(renderComparison(brief), renderComparison(without));
});

inFolder("a comparison of 100 runs of 10,000 steps is there in under 20 s and has less than 5 MB", async (folder) => {
  const csv = (rows: readonly object[]) =>
    [Object.keys(rows[0]!), ...rows.map((row) => Object.values(row).map((value) => value ?? ""))].join("\n") + "\n";
  const first = join(folder, "first"),
    { config, steps, epochs, summary } = makeRun({ epochs: 100, stepsPerEpoch: 100 });
  await Deno.mkdir(first);
  assertEquals([steps.length, epochs.length], [10_000, 100]);
  await Deno.writeTextFile(join(first, "config.yaml"), JSON.stringify(config));
  await Deno.writeTextFile(join(first, "steps.csv"), csv(steps));
  await Deno.writeTextFile(join(first, "epochs.csv"), csv(epochs));
  await Deno.writeTextFile(join(first, "summary.json"), JSON.stringify(summary));
  const runs = [first];
  for (let i = 1; i < 100; i++) {
    const run = join(folder, `run-${i}`);
    await Deno.mkdir(run);
    for (const { name } of Deno.readDirSync(first)) await Deno.link(join(first, name), join(run, name));
    runs.push(run);
  }
  const page = join(folder, "all.html"), begun = performance.now();
  const args = [...runs.flatMap((run) => ["--run", run]), "--output", page];
  const { status, err } = await captured(args);
  assertEquals([status, err], [0, ""]);
  const seconds = (performance.now() - begun) / 1000, { size } = await Deno.stat(page);
  assert(seconds < 20 && size < 5e6, `${seconds} s, ${size} bytes`);
  const text = await Deno.readTextFile(page);
  assertStringIncludes(text, "100 runs");
  assert(!text.includes("could not be read"), "what was written is not what a run folder has");
});

/** `studio` as a user runs it: scripts, its page's address, signals, and mistakes on the command line. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../core/build/ensure.ts";
import { command, run, temporary } from "../helpers/cli.ts";
import { smallConfig } from "../helpers/studio.ts";

await ensureEngine({ quiet: true });

function project(folder: string, more: Record<string, unknown> = {}): string {
  const path = join(folder, "c.json");
  Deno.writeTextFileSync(path, JSON.stringify(smallConfig(folder, more)));
  return path;
}

function scriptOf(folder: string, lines: readonly unknown[]): string {
  const path = join(folder, "moves.jsonl");
  Deno.writeTextFileSync(path, lines.map((line) => typeof line === "string" ? line : JSON.stringify(line)).join("\n"));
  return path;
}

const jsonOf = (path: string) => JSON.parse(Deno.readTextFileSync(path));

Deno.test("studio --script does line after line without a server, and prints an answer for each", async () => {
  using folder = temporary();
  const config = project(folder.path), at = join(folder.path, "run");
  const script = scriptOf(folder.path, [
    { ask: "command", command: { do: "continue", steps: 10 } },
    { wait: { step: 10 } },
    { wait: { phase: "paused" } },
    "",
    { ask: "row", of: { row: 3 } },
    { ask: "command", command: { do: "continue" } },
    { wait: { phase: "ended" } },
  ]);
  const done = await run("studio", ["--config", config, "--run-dir", at, "--script", script]);
  assertEquals([done.code, done.stderr], [0, ""]);
  const answers = done.stdout.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(answers.map(({ line }) => line), [1, 2, 3, 5, 6, 7]);
  assertEquals([answers[1].answer.step, answers[2].answer.step, answers[2].answer.phase], [10, 10, "paused"]);
  assertEquals(answers[3].answer.input.length, 12);
  assertEquals([answers[5].answer.phase, answers[5].answer.epoch], ["ended", 30]);
  assertEquals(jsonOf(join(at, "summary.json")).status, "finished");
  assertMatch(Deno.readTextFileSync(join(at, "report.html")), /<\/html>\s*$/, "the report is written at the end");
  assert((await run("report", ["--run", at])).code === 0, "the run folder is an ordinary one");
});

Deno.test("studio --script: lines that fail print their error, the others are done, and the status is 1", async () => {
  using folder = temporary();
  const config = project(folder.path), at = join(folder.path, "run");
  const script = scriptOf(folder.path, [
    "{]",
    { ask: "explode" },
    { ask: "row", of: { row: 999 } },
    { wait: { steps: 3 } },
    { wait: { step: 5 } },
    { ask: "command", command: { do: "continue", steps: 5 } },
    { wait: { step: 5 } },
  ]);
  const done = await run("studio", ["--config", config, "--run-dir", at, "--script", script]);
  assertEquals([done.code, done.stderr], [1, ""]);
  const answers = done.stdout.trim().split("\n").map((line) => JSON.parse(line));
  assertMatch(answers[0].error.where, /moves\.jsonl:1$/);
  assertStringIncludes(answers[1].error.what, "is no question");
  assertStringIncludes(answers[2].error.what, "there is no row 999");
  assertStringIncludes(answers[3].error.hint, "wait");
  assertStringIncludes(answers[4].error.what, "training stands still after 0 steps");
  assertEquals(answers[6].answer.step, 5);
  const summary = jsonOf(join(at, "summary.json"));
  assertEquals([summary.status, summary.steps], ["stopped", 5], "the end of the script saves and ends the run");
});

/** The first line of a stream, which stays open. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) break;
    text += new TextDecoder().decode(value);
  }
  reader.releaseLock();
  return text.split("\n")[0]!;
}

Deno.test("studio prints its address, and Ctrl-C saves and ends the run, which goes on by --run and --resume", async () => {
  using folder = temporary();
  const config = project(folder.path), at = join(folder.path, "run");
  const child = command("studio", ["--config", config, "--run-dir", at, "--quiet", "--no-open"]).spawn();
  const line = await firstLine(child.stdout);
  const [, origin, token] = /^studio: (http:\/\/127\.0\.0\.1:\d+)\/\?token=([0-9a-f]{48})$/.exec(line)!;
  const page = await fetch(`${origin}/?token=${token}`);
  assertEquals([page.status, page.url], [200, `${origin}/${token}/`]);
  assertStringIncludes(await page.text(), "<title>");
  assertEquals(
    (await fetch(`${origin}/${token}/nothing`).then(async (answer) => (await answer.body?.cancel(), answer))).status,
    404,
  );
  child.kill("SIGINT");
  const ended = await child.output();
  assertEquals(ended.code, 130);
  assertStringIncludes(new TextDecoder().decode(ended.stderr), "stopped by SIGINT; resume with: ");
  assertEquals(jsonOf(join(at, "summary.json")).reason, "SIGINT");
  const script = scriptOf(folder.path, [{ ask: "command", command: { do: "continue" } }, { wait: { phase: "ended" } }]);
  assertEquals((await run("studio", ["--run", at, "--script", script])).code, 0);
  assertEquals(jsonOf(join(at, "summary.json")).status, "finished");

  // A run that is finished is opened for questions, and Ctrl-C ends nothing but the server.
  const asked = command("studio", ["--run", at, "--json"]).spawn();
  const told = JSON.parse(await firstLine(asked.stdout));
  assertEquals([told.event, told.run], ["studio", at]);
  asked.kill("SIGINT");
  assertEquals((await asked.output()).code, 0);
  assertEquals(jsonOf(join(at, "summary.json")).status, "finished");
});

Deno.test("studio: mistakes on the command line are told before anything begins", async () => {
  using folder = temporary();
  const config = project(folder.path), at = join(folder.path, "run");
  const refused = async (...args: string[]) => {
    const { code, stderr, stdout } = await run("studio", args);
    assertEquals([code, stdout], [2, ""]);
    return stderr;
  };
  assertStringIncludes(await refused("--config", config, "--port", "70000"), "--port 70000: must be at most 65535");
  assertStringIncludes(await refused("--config", config, "--port", "1", "--script", "x"), "serves none");
  assertStringIncludes(await refused("--config", config, "--run", at), "is a run with a config of its own");
  assertStringIncludes(await refused("--run", at), at);
  assertStringIncludes(await refused("--config", config, "--script", join(folder.path, "none.jsonl")), "none.jsonl");
  assertStringIncludes(await refused("--config", config, "--override", "data.batch_size=0"), "data.batch_size");
  assert(!await Deno.stat(join(folder.path, "runs")).catch(() => null), "a run folder was made");
});

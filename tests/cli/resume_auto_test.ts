/** `--resume auto` goes on with the newest run, or says why it does not; it never begins anew because it could not tell. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { basename, join } from "@std/path";
import { run, temporary } from "../helpers/cli.ts";
import { smallProject } from "../helpers/small_run.ts";

const QUIET = ["--quiet", "--no-report"];
const runsIn = (folder: string) => Array.from(Deno.readDirSync(join(folder, "runs")), ({ name }) => name).sort();

/** A project with a run that has checkpoints and is not finished. */
async function unfinished(folder: string): Promise<{ config: string; path: string }> {
  const config = smallProject(folder);
  assertEquals((await run("train", ["--config", config, ...QUIET])).code, 0);
  const path = join(folder, "runs", runsIn(folder)[0]!);
  Deno.removeSync(join(path, "summary.json"));
  return { config, path };
}

const RECORD = { pid: 1, host: "elsewhere", since: "2026-01-01T00:00:00.000Z", boot_id: "", start_ticks: "" };

Deno.test("resume auto: a run that may be trained on another host is named, and nothing is started", async () => {
  using folder = temporary();
  const { config, path } = await unfinished(folder.path);
  Deno.writeTextFileSync(join(path, "run.lock"), JSON.stringify(RECORD));
  const before = runsIn(folder.path);
  const result = await run("train", ["--config", config, "--resume", "auto", ...QUIET]);
  assertEquals(result.code, 2);
  assertMatch(result.stderr, /^narrows: --resume auto: .* may be in use by process 1 on elsewhere since 2026/);
  assertStringIncludes(result.stderr, basename(path));
  assertStringIncludes(result.stderr, `delete ${join(path, "run.lock")}`);
  assertEquals(runsIn(folder.path), before);
});

Deno.test("resume auto: a run that was left by another container of this machine goes on", async () => {
  const boot = await Deno.readTextFile("/proc/sys/kernel/random/boot_id").then((text) => text.trim(), () => null);
  if (boot === null) return;
  using folder = temporary();
  const { config, path } = await unfinished(folder.path);
  Deno.writeTextFileSync(join(path, "run.lock"), JSON.stringify({ ...RECORD, boot_id: boot }));
  const result = await run("train", ["--config", config, "--resume", "auto", ...QUIET]);
  assertEquals(result.code, 0, result.stderr);
  assertStringIncludes(result.stderr, "taken over from process 1 on elsewhere");
  assertEquals(runsIn(folder.path), [basename(path)]);
});

Deno.test("resume auto: the newest is the one that was started last, whatever its folder is called", async () => {
  using folder = temporary();
  const { config, path } = await unfinished(folder.path);
  const older = join(folder.path, "runs", "small-29991231-235959-abcdef"); // a clock, or a time zone, far ahead
  await new Deno.Command("cp", { args: ["-r", path, older] }).output();
  const environment = JSON.parse(Deno.readTextFileSync(join(older, "environment.json")));
  environment.started_at = "2001-01-01T00:00:00.000Z";
  Deno.writeTextFileSync(join(older, "environment.json"), JSON.stringify(environment));
  for (const name of [path, older]) { // as sessions.json of the same sessions would have it
    const sessions = join(name, "sessions.json");
    const { started_at } = JSON.parse(Deno.readTextFileSync(join(name, "environment.json")));
    try {
      const entries = JSON.parse(Deno.readTextFileSync(sessions));
      entries.at(-1).started_at = started_at;
      Deno.writeTextFileSync(sessions, JSON.stringify(entries));
    } catch { /* there is none */ }
  }
  const result = await run("train", ["--config", config, "--resume", "auto", ...QUIET]);
  assertEquals(result.code, 0, result.stderr);
  const isFinished = (name: string) =>
    Deno.statSync(join(name, "summary.json")).isFile && JSON.parse(Deno.readTextFileSync(join(name, "summary.json")));
  assertEquals(isFinished(path).status, "finished");
  assertEquals(Array.from(Deno.readDirSync(older), ({ name }) => name).includes("summary.json"), false);
});

Deno.test("resume auto: a run that is being trained is passed over in words", async () => {
  using folder = temporary();
  const { config, path } = await unfinished(folder.path);
  const lock = Deno.openSync(join(path, "run.lock"), { write: true, create: true });
  lock.lockSync(true);
  const result = await run("train", ["--config", config, "--resume", "auto", ...QUIET]);
  lock.close();
  assertEquals(result.code, 0, result.stderr);
  assertStringIncludes(result.stderr, `passing over ${path}: it is in use by another process`);
  assertEquals(runsIn(folder.path).length, 2);
});

/** Loggers of a run: what they hold equals the CSV files, whatever happens to the run; nothing that happens to them harms it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { run, temporary } from "../helpers/cli.ts";
import { killedAndResumed } from "../helpers/killed_run.ts";
import { checkEvents, checkPictures, checkTensorBoard, checkWandb } from "../helpers/sinks.ts";
import { fingerprintOf, SMALL_CONFIG, smallProject } from "../helpers/small_run.ts";

const QUIET = ["--quiet", "--no-report"];

Deno.test("sinks: events.jsonl tells a run from its start to its end, and the run has the bits of one without it", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const train = async (name: string, ...args: string[]) => {
    const path = join(folder.path, name);
    const { code, stderr } = await run("train", [config, "--run-dir", path, ...QUIET, ...args]);
    assertEquals([code, stderr], [0, ""]);
    return path;
  };
  const plain = await train("plain");
  const pictures = ["--override", "diagnostics.every_epochs=1"];
  const tags = ["--override", "logging.tags=[first, 'second one']", "--override", "logging.group=all"];
  const logged = await train(
    "logged",
    "--override",
    "logging.sinks=[csv, jsonl, tensorboard, wandb]",
    ...tags,
    ...pictures,
  );
  checkTensorBoard(logged);
  checkWandb(logged);
  assertEquals(fingerprintOf(logged), fingerprintOf(plain));
  assert(![...Deno.readDirSync(plain)].some(({ name }) => name === "events.jsonl"));
  const events = checkEvents(logged);
  const [start, end] = [events[0]!, events.at(-1)!];
  assert(start.event === "start" && end.event === "end");
  assertEquals([start.tags, start.group, start.step, start.resumed], [["first", "second one"], "all", 0, 0]);
  assertEquals(start.environment, JSON.parse(Deno.readTextFileSync(join(logged, "environment.json"))));
  assertEquals(end.summary, JSON.parse(Deno.readTextFileSync(join(logged, "summary.json"))));
  checkPictures(logged, 3);
  const of = (kind: string) => events.filter(({ event }) => event === kind);
  const finals = of("diagnostic").map((event) => event.event === "diagnostic" && event.final);
  const asked = [...Deno.readDirSync(join(logged, "diagnostics", "epoch-0001"))].length;
  assertEquals(finals, Array.from({ length: 4 * asked }, (_, i) => i >= 3 * asked));
  for (const event of [...of("diagnostic"), ...of("checkpoint")]) {
    const name = event.event === "diagnostic" || event.event === "checkpoint" ? event.path : "";
    assert(event.event === "checkpoint" || Deno.statSync(join(logged, name)).isFile, name);
  }
  assert(of("checkpoint").length > 3);
});

Deno.test("sinks: after kills and resumes, each row of the CSV files is in every sink once", async () => {
  using folder = temporary();
  const path = await killedAndResumed(folder.path, ["logging.sinks=[csv, jsonl, tensorboard, wandb]"]);
  checkTensorBoard(path);
  checkWandb(path);
  const events = checkEvents(path);
  const starts = events.filter(({ event }) => event === "start");
  assertEquals(starts.map((event) => event.event === "start" && event.resumed), [0, 1, 2]);
});

Deno.test("sinks: a sink that a resume adds is given what came before it", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const path = join(folder.path, "run");
  assertEquals((await run("train", [config, "--run-dir", path, ...QUIET])).code, 0);
  const sinks = "logging.sinks=[jsonl, tensorboard, wandb]";
  const more = ["--override", "training.epochs=5", "--override", sinks];
  const { code, stderr } = await run("train", ["--resume", path, ...QUIET, ...more]);
  assertEquals(code, 0, stderr);
  const events = checkEvents(path);
  checkTensorBoard(path);
  checkWandb(path);
  const at = events.findIndex(({ event }) => event === "start");
  assertEquals(events.slice(0, at).filter(({ event }) => event === "epoch").length, 3);
  assertEquals(events.slice(at).filter(({ event }) => event === "epoch").length, 2);
});

Deno.test("sinks: what is no file is left alone, and the run goes on", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const path = join(folder.path, "run");
  assertEquals((await run("train", [config, "--run-dir", path, ...QUIET])).code, 0);
  const events = join(path, "events.jsonl");
  for (const target of ["/dev/full", "/"]) {
    Deno.symlinkSync(target, events);
    const epochs = target === "/" ? 5 : 4;
    const more = ["--override", `training.epochs=${epochs}`, "--override", "logging.sinks=[jsonl]"];
    const { code, stderr } = await run("train", ["--resume", path, ...QUIET, ...more]);
    assertEquals(code, 0, stderr);
    assertEquals(
      stderr.match(/logging\.sinks: jsonl failed: \S*events\.jsonl: is not a regular file/g)?.length,
      1,
      stderr,
    );
    Deno.removeSync(events);
  }
});

Deno.test("sinks: an unknown one and one that is named twice are refused with their place; slips have a hint", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  for (
    const [override, what] of [
      ["logging.sinks=[jsnol]", /logging\.sinks\.0: unknown sink "jsnol"; did you mean jsonl\?/],
      ["logging.sinks=[jsonl, csv, jsonl]", /logging\.sinks\.2 names jsonl a second time/],
      ["logging.sinks=[command]", /logging\.sinks\.0: command needs a value\n {2}hint: write \{command: /],
      ["tensorboard=true", /unknown key tensorboard; did you mean logging\.sinks\?/],
      ["logging.notes=x", /unknown key logging\.notes; did you mean description\?/],
      ["logging.wandb=offline", /logging\.wandb must be a map of keys, .*\n {2}hint: write \{mode: offline\}/],
    ] as const
  ) {
    const { code, stderr } = await run("config", ["check", config, "--override", override]);
    assertEquals(code, 2);
    assertMatch(stderr, what);
  }
});

Deno.test("sinks: a run that goes back to an earlier checkpoint leaves nothing of the later steps in any of them", async () => {
  using folder = temporary();
  const config = smallProject(folder.path, SMALL_CONFIG.replace("keep: 3", "keep: 99"));
  const path = join(folder.path, "run");
  const sinks = ["--override", "logging.sinks=[jsonl, tensorboard, wandb]"];
  assertEquals((await run("train", [config, "--run-dir", path, ...QUIET, ...sinks])).code, 0);
  for (const step of ["25", "40", "05"]) { // within a window, at the end of an epoch, in the first one
    const checkpoint = join(path, "checkpoints", `step-0000000${step}`);
    const { code, stderr } = await run("train", ["--resume", checkpoint, ...QUIET]);
    assertEquals(code, 0, stderr);
    checkEvents(path);
    checkTensorBoard(path);
    checkWandb(path);
  }
});

Deno.test("sinks: a fork has loggers of its own, from the step on at which it starts", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const sinks = ["--override", "logging.sinks=[jsonl, tensorboard, wandb]"];
  const path = join(folder.path, "run"), fork = join(folder.path, "fork");
  assertEquals((await run("train", [config, "--run-dir", path, ...QUIET, ...sinks])).code, 0);
  const more = ["--fork", path, "--run-dir", fork, ...QUIET, "--override", "training.epochs=6"];
  const { code, stderr } = await run("train", more);
  assertEquals(code, 0, stderr);
  const events = checkEvents(fork);
  assertEquals([events[0]!.event, events[0]!.event === "start" && events[0]!.step], ["start", 60]);
  checkTensorBoard(fork);
  checkWandb(fork);
  const [ours, theirs] = [path, fork].map((run) => [...Deno.readDirSync(join(run, "wandb"))][0]!.name);
  assert(ours !== theirs);
});

Deno.test("sinks: logging.wandb.mode switches W&B on and off, and uploads a run that has ended", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const bin = join(folder.path, "bin"), told = join(folder.path, "told");
  Deno.mkdirSync(bin);
  const script = `#!/bin/sh\necho "$@" >> ${told}\nfor file in "$3"/*.wandb; do touch "$file.synced"; done\n`;
  Deno.writeTextFileSync(join(bin, "wandb"), script, { mode: 0o755 });
  const train = async (name: string, logging: string, ...more: string[]) => {
    const path = join(folder.path, name);
    const args = [config, "--run-dir", path, "--no-report", "--override", `logging=${logging}`, ...more];
    const { code, stderr } = await run("train", args, { PATH: `${bin}:${Deno.env.get("PATH")}` });
    assertEquals(code, 0, stderr);
    const folders = [...Deno.readDirSync(path)].map(({ name }) => name);
    return { stderr, wandb: folders.includes("wandb") ? [...Deno.readDirSync(join(path, "wandb"))][0]!.name : null };
  };
  const uploads = () => {
    try {
      return Deno.readTextFileSync(told).trim().split("\n");
    } catch {
      return [];
    }
  };
  assertEquals((await train("off", "{sinks: [wandb], wandb: {mode: disabled}}")).wandb, null);
  const offline = await train("offline", "{wandb: {mode: offline}}");
  assertMatch(offline.wandb!, /^offline-run-/);
  assertMatch(offline.stderr, /upload the run to W&B with: wandb sync \S*offline-run-/);
  assertEquals(uploads(), []);
  const online = await train("online", "{wandb: {mode: online}}");
  assertMatch(online.stderr, /uploading the run to W&B\n/);
  assertEquals(uploads(), [`sync --yes ${join(folder.path, "online", "wandb", online.wandb!)}`]);
});

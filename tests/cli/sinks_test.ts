/** Loggers of a run: what they hold equals the CSV files, whatever happens to the run; nothing that happens to them harms it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import type { RunEvent, StepsEvent } from "../../core/events/types.ts";
import { readEvent } from "../../core/events/tensorboard_messages.ts";
import { readRecord } from "../../core/events/wandb_messages.ts";
import { logRecordsIn } from "../../core/formats/leveldb_log.ts";
import { recordsIn } from "../../core/formats/tfrecord.ts";
import { withShim } from "../faults/shim.ts";
import { run, temporary } from "../helpers/cli.ts";
import { csvRows, killedAndResumed } from "../helpers/killed_run.ts";
import { fingerprintOf, smallProject } from "../helpers/small_run.ts";

const QUIET = ["--quiet", "--no-report"];

const eventsOf = (path: string): RunEvent[] =>
  Deno.readTextFileSync(join(path, "events.jsonl")).trimEnd().split("\n").map((line) => JSON.parse(line));

/** The rows of an event's columns. */
const rowsOf = ({ event: _, ...columns }: StepsEvent) =>
  columns.step.map((_, i) => Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[i]!])));

/** That events.jsonl has every row of the CSV files once, in order, and nothing else of the kind. */
function checkEvents(path: string): RunEvent[] {
  const events = eventsOf(path);
  const steps = events.flatMap((event) => event.event === "steps" ? rowsOf(event) : []);
  assert(steps.length > 10);
  assertEquals(steps, csvRows(join(path, "steps.csv")));
  for (const kind of ["chunk", "epoch"] as const) {
    const rows = events.filter(({ event }) => event === kind).map(({ event: _, ...row }) => row);
    const steps = rows.map((row) => Number("step" in row && row.step));
    assertEquals(steps, [...steps].sort((a, b) => a - b));
    const file = csvRows(join(path, `${kind}s.csv`)).map((row, i) => ({ step: steps[i]!, ...row }));
    assert(file.length > 2);
    assertEquals(rows as unknown[], file);
  }
  return events;
}

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
  assertEquals(finals, Array.from({ length: 12 }, (_, i) => i >= 9));
  for (const event of [...of("diagnostic"), ...of("checkpoint")]) {
    const name = event.event === "diagnostic" || event.event === "checkpoint" ? event.path : "";
    assert(event.event === "checkpoint" || Deno.statSync(join(logged, name)).isFile, name);
  }
  assert(of("checkpoint").length > 3);
});

/** That TensorBoard's file has every step and epoch of the CSV files once, in order, as numbers of 32 bits. */
function checkTensorBoard(path: string): void {
  const folder = join(path, "tensorboard");
  const [file, ...others] = [...Deno.readDirSync(folder)].map(({ name }) => name);
  assertEquals(others, []);
  const records = [...recordsIn(Deno.readFileSync(join(folder, file!)))].map(({ data }) => readEvent(data));
  for (const [prefix, log, main] of [["train", "steps.csv", "loss"], ["epoch", "epochs.csv", "train_loss"]] as const) {
    const logged = records.filter(({ scalars }) => scalars.has(`${prefix}/${main}`));
    const rows = csvRows(join(path, log));
    assertEquals(logged.length, rows.length);
    for (const [index, { step, scalars }] of logged.entries()) {
      if (prefix === "train") assertEquals(step, rows[index]!.step);
      assert(scalars.size >= 4);
      for (const [tag, value] of scalars) {
        assertEquals(value, Math.fround(Number(rows[index]![tag.slice(prefix.length + 1)])), `${tag} at ${step}`);
      }
    }
  }
}

/** That the W&B run has one row for each step, in order, with the values of the CSV files, and one beginning and end. */
function checkWandb(path: string): void {
  const [folder, ...others] = [...Deno.readDirSync(join(path, "wandb"))].map(({ name }) => name);
  assertEquals(others, []);
  const file = join(path, "wandb", folder!, `run-${folder!.split("-").at(-1)}.wandb`);
  const records = [...logRecordsIn(Deno.readFileSync(file))].map(({ data }) => readRecord(data));
  assertEquals(records.map(({ number }) => number), records.map((_, i) => i + 1));
  assertEquals(records.flatMap(({ kind }, i) => kind === "exit" ? [i] : []), [records.length - 1]);
  const history = records.filter(({ kind }) => kind === "history");
  const steps = csvRows(join(path, "steps.csv")), epochs = csvRows(join(path, "epochs.csv"));
  assertEquals(history.map(({ step }) => step), steps.map(({ step }) => step));
  for (const [prefix, rows] of [["train", steps], ["epoch", epochs]] as const) {
    const logged = history.filter(({ values }) => [...values.keys()].some((name) => name.startsWith(`${prefix}/`)));
    assertEquals(logged.length, rows.length);
    for (const [index, { values }] of logged.entries()) {
      const own = [...values].filter(([name]) => name.startsWith(`${prefix}/`));
      assert(own.length >= 4);
      for (const [name, json] of own) assertEquals(JSON.parse(json), rows[index]![name.slice(prefix.length + 1)], name);
    }
  }
}

/** That the pictures of each epoch and of the end are in TensorBoard's file and in the W&B run. */
function checkPictures(path: string, epochs: number): void {
  const wanted = ["latent", "reconstruction"].flatMap((name) => [
    ...Array<string>(epochs).fill(`diagnostics/${name}`),
    `final/${name}`,
  ]).sort();
  const file = (folder: string) => join(path, folder, [...Deno.readDirSync(join(path, folder))][0]!.name);
  const records = [...recordsIn(Deno.readFileSync(file("tensorboard")))].map(({ data }) => readEvent(data));
  assertEquals(records.flatMap(({ tags }) => tags).filter((tag) => wanted.includes(tag)).sort(), wanted);
  const folder = file("wandb");
  const run = join(folder, `run-${folder.split("-").at(-1)}.wandb`);
  const values = [...logRecordsIn(Deno.readFileSync(run))].map(({ data }) => readRecord(data))
    .filter(({ kind }) => kind === "history").flatMap(({ values }) => [...values])
    .filter(([name]) => wanted.includes(name));
  assertEquals(values.map(([name]) => name).sort(), wanted);
  for (const [, json] of values) {
    const value = JSON.parse(json);
    const png = Deno.readFileSync(join(folder, "files", value.path));
    assertEquals([png.length, new TextDecoder().decode(png.subarray(1, 4))], [value.size, "PNG"]);
  }
}

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

Deno.test("sinks: those whose disk is full are switched off with one warning each, and a resume gives them what they lack", () =>
  withShim(async (shim, dir) => {
    const config = smallProject(dir);
    const plain = join(dir, "plain");
    assertEquals((await run("train", [config, "--run-dir", plain, ...QUIET])).code, 0);
    const wanted = fingerprintOf(plain);
    const all = "logging.sinks=[csv, jsonl, tensorboard, wandb]";
    const full = async (name: string, place: string, at: number) => {
      const path = join(dir, `${name}-${at}`);
      const args = [config, "--run-dir", path, ...QUIET, "--override", all];
      const env = { LD_PRELOAD: shim, FAULT_FOLDER: join(path, place), FAULT_FULL_AT: String(at) };
      const { code, stderr } = await run("train", args, env);
      assertEquals(code, 0, stderr);
      const warning = new RegExp(
        `^logging\\.sinks: ${name} failed: \\S+: cannot .* \\(No space left on device\\); it is switched off, and the run ` +
          "goes on without it\n$",
      );
      assertMatch(stderr, warning);
      assertEquals(fingerprintOf(path), wanted);
      const more = ["--resume", path, ...QUIET, "--override", "training.epochs=4"];
      assertEquals((await run("train", more)).code, 0);
      checkEvents(path);
      checkTensorBoard(path);
      checkWandb(path);
    };
    for (const at of [1, 4, 12]) {
      await Promise.all([
        full("jsonl", "events.jsonl", at),
        full("tensorboard", "tensorboard", at),
        full("wandb", "wandb", at),
      ]);
    }
  }));

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

Deno.test("sinks: an unknown one and one that is named twice are refused with their place", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  for (
    const [sinks, what] of [
      ["[jsnol]", /logging\.sinks\.0: unknown sink "jsnol"; did you mean jsonl\?/],
      ["[jsonl, csv, jsonl]", /logging\.sinks\.2 names jsonl a second time/],
    ] as const
  ) {
    const { code, stderr } = await run("config", ["check", config, "--override", `logging.sinks=${sinks}`]);
    assertEquals(code, 2);
    assertMatch(stderr, what);
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

Deno.test("sinks: a command gets every event, and runs only if the command line allows it", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  Deno.writeTextFileSync(
    config,
    Deno.readTextFileSync(config) +
      "logging:\n  sinks:\n    - jsonl\n    - command: 'cat > \"$NARROWS_RUN/copy.jsonl\"; echo done'\n",
  );
  const path = join(folder.path, "run");
  const line = Deno.readTextFileSync(config).split("\n").findIndex((text) => text.includes("command")) + 1;
  const refused = new RegExp(
    `small\\.yaml:${line}:\\d+: logging\\.sinks\\.1: names a command, .*\\n  hint: add --allow-run`,
  );
  for (const args of [[config, "--run-dir", path], [config, "--dry-run"]]) {
    const { code, stderr } = await run("train", [...args, ...QUIET]);
    assertEquals(code, 2);
    assertMatch(stderr, refused);
  }
  assert(![...Deno.readDirSync(folder.path)].some(({ name }) => name === "run"));
  const { code, stderr } = await run("train", [config, "--run-dir", path, ...QUIET, "--allow-run"]);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(Deno.readTextFileSync(join(path, "copy.jsonl")), Deno.readTextFileSync(join(path, "events.jsonl")));
  assertEquals(Deno.readTextFileSync(join(path, "command-1.log")), "done\n");
  // A resume needs to be allowed again; the command is told from where the run goes on.
  const more = ["--resume", path, ...QUIET, "--override", "training.epochs=4"];
  assertEquals((await run("train", more)).code, 2);
  assertEquals((await run("train", [...more, "--allow-run"])).code, 0);
  const [first] = Deno.readTextFileSync(join(path, "copy.jsonl")).split("\n").map((text) => JSON.parse(text || "{}"));
  assertEquals([first.event, first.step, first.resumed], ["start", 60, 1]);
  checkEvents(path);
});

Deno.test("sinks: a command that ends, is killed, fails to write or hangs costs one warning and no bits", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const plain = join(folder.path, "plain");
  assertEquals((await run("train", [config, "--run-dir", plain, ...QUIET])).code, 0);
  const wanted = fingerprintOf(plain);
  const nap = `1000.${Deno.pid}`; // that no other process takes
  const cases = [
    ["exit 3", /ended with status 3/],
    ["kill -9 $$", /ended with SIGKILL/],
    ["cat > /dev/full", /ended with status 1/],
    ["no-such-program", /ended with status 127/],
    [`exec sleep ${nap}`, /hangs: it has not answered for 10 s/],
  ] as const;
  const all = await Promise.all(cases.map(async ([command, why], index) => {
    const path = join(folder.path, `run-${index}`);
    const sinks = `logging.sinks=${JSON.stringify([{ command }])}`;
    const args = [config, "--run-dir", path, ...QUIET, "--allow-run", "--override", sinks];
    const { code, stderr } = await run("train", args);
    assertEquals(code, 0, stderr);
    assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
    assertMatch(stderr, /^logging\.sinks: the command ".*"/);
    assertMatch(stderr, why);
    assertMatch(stderr, /it is switched off, and the run goes on without it$/m);
    assertEquals(fingerprintOf(path), wanted, command);
    return path;
  }));
  assertMatch(Deno.readTextFileSync(join(all[2]!, "command-1.log")), /No space left on device/);
  assertMatch(Deno.readTextFileSync(join(all[3]!, "command-1.log")), /no-such-program/);
  if (Deno.build.os !== "linux") return;
  const running = [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name)).some(({ name }) => {
    try {
      return Deno.readTextFileSync(`/proc/${name}/cmdline`) === `sleep\0${nap}\0`;
    } catch {
      return false; // it has ended
    }
  });
  assert(!running, "the command that hangs still runs");
});

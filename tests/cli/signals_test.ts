/** What a run does about signals that schedulers and terminals send, as real processes hear them. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { ROOT, temporary } from "../helpers/cli.ts";
import { npy } from "../helpers/npz.ts";
import { smallProject } from "../helpers/small_run.ts";

const LONG = ["training.epochs=900000", "checkpoint.every_steps=0", "checkpoint.every_epochs=0"];
const ignore = Deno.build.os === "windows";
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

interface Started {
  readonly child: Deno.ChildProcess;
  readonly run: string;
}

/** Starts a long run by `program` and waits until it has trained and Deno has had the time to put its handlers in place. */
async function started(
  folder: string,
  program: readonly string[],
  env: Record<string, string> = {},
): Promise<Started> {
  const run = join(folder, "run");
  const args = ["--config", smallProject(folder), "--run-dir", run, "--no-report", "--quiet"];
  const [first, ...rest] = [...program, ...args, ...LONG.flatMap((text) => ["--override", text])];
  const options = {
    args: rest,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  } as const;
  const child = new Deno.Command(first!, options).spawn();
  while (!await Deno.stat(join(run, "steps.csv")).then((info) => info.size > 300, () => false)) await pause(20);
  await pause(1000);
  return { child, run };
}

async function ended({ child, run }: Started): Promise<{ code: number; stderr: string; signal: string }> {
  const { code, stderr } = await child.output();
  const { signal } = JSON.parse(await Deno.readTextFile(join(run, "recovery.json")));
  return { code, stderr: new TextDecoder().decode(stderr), signal };
}

const DENO = [Deno.execPath(), "run", "-A"];
const TRAIN = [...DENO, `${ROOT}cli/train.ts`];

Deno.test("signals: SIGUSR1 saves and stops long after the start, and opens no debugger", { ignore }, async () => {
  using folder = temporary();
  const running = await started(folder.path, TRAIN);
  running.child.kill("SIGUSR1");
  const { code, stderr, signal } = await ended(running);
  assertEquals([code, signal], [Deno.build.os === "darwin" ? 158 : 138, "SIGUSR1"], stderr);
  assert(!/debugger/i.test(stderr), stderr);
});

Deno.test("signals: SIGUSR1 before the first step ends the process and opens no debugger", { ignore }, async () => {
  using folder = temporary();
  // A program that has taken the signals and is not training yet.
  const script = join(folder.path, "waits.ts");
  await Deno.writeTextFile(
    script,
    `const { takeUserSignals } = await import(${JSON.stringify(`file://${ROOT}core/train/signals.ts`)});
    takeUserSignals();
    setTimeout(() => console.log("ready"), 1000);
    setTimeout(() => {}, 20000);`,
  );
  const args = ["run", "-A", "--config", `${ROOT}deno.json`, script];
  const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "piped" }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  child.kill("SIGUSR1");
  const stderr = await new Response(child.stderr).text();
  assertEquals((await child.status).code, Deno.build.os === "darwin" ? 158 : 138, stderr);
  assert(!/debugger/i.test(stderr), stderr);
  await reader.cancel();
});

Deno.test("signals: a run that is stopped while its data are checked leaves no folder behind", { ignore }, async () => {
  using folder = temporary();
  const at = (name: string) => join(folder.path, name), run = at("run");
  const rows = 400_000, columns = 64; // 100 MB take a while to be checked
  await Deno.writeFile(at("rows.npy"), npy("<f4", `${rows}, ${columns}`, new Uint8Array(rows * columns * 4)));
  const layers = "model.encoder=[{linear: 2}]", decoder = "model.decoder=[{linear: output}]";
  const overrides = ["data.path=rows.npy", layers, decoder].flatMap((text) => ["--override", text]);
  await Deno.writeTextFile(at("c.yaml"), "name: c\n");
  const args = [...TRAIN.slice(1), "--config", at("c.yaml"), "--run-dir", run, ...overrides];
  const child = new Deno.Command(TRAIN[0]!, { args, cwd: folder.path, stdout: "null", stderr: "piped" }).spawn();
  const isThere = (name: string) => Deno.stat(join(run, name)).then(() => true, () => false);
  while (!await isThere("run.lock")) await pause(1);
  child.kill("SIGINT");
  const { code, stderr } = await child.output();
  assertEquals(code, 130, new TextDecoder().decode(stderr));
  // On a machine that checks faster than this test sees, the run was begun, and says how it goes on.
  assert(!await isThere(".") || await isThere("recovery.json"));
});

/** A hang-up does nothing; a SIGTERM then saves and stops. */
async function outlivesHangup(running: Started): Promise<void> {
  running.child.kill("SIGHUP");
  await pause(500);
  running.child.kill("SIGTERM");
  const { code, stderr, signal } = await ended(running);
  assertEquals([code, signal], [143, "SIGTERM"], stderr);
  assertStringIncludes(stderr, "stopped by SIGTERM");
}

const hasNohup = !ignore && await new Deno.Command("nohup", { args: ["--version"] }).output().then(
  () => true,
  () => false,
);

Deno.test("signals: under nohup a run outlives a hang-up", { ignore: !hasNohup }, async () => {
  using folder = temporary();
  await outlivesHangup(await started(folder.path, ["nohup", ...TRAIN], { _: "" }));
});

Deno.test("signals: under nohup a run that starts slowly outlives a hang-up", { ignore: !hasNohup }, async () => {
  using folder = temporary();
  const script = join(folder.path, "late.ts");
  await Deno.writeTextFile(
    script,
    `await new Promise((done) => setTimeout(done, 1200));
    const { main } = await import(${JSON.stringify(`file://${ROOT}cli/main.ts`)});
    Deno.exit(await main(["train", ...Deno.args]));`,
  );
  // A shell names what it started.
  const env = { _: "/usr/bin/nohup" };
  await outlivesHangup(await started(folder.path, ["nohup", ...DENO, "--config", `${ROOT}deno.json`, script], env));
});

/** Several runs of one config on the same batches: each ends with the bits of the same run trained alone. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { basename, join } from "@std/path";
import { UserError } from "../../core/errors.ts";
import { train } from "../../core/train/train.ts";
import { command, run, temporary } from "../helpers/cli.ts";
import { csvRows } from "../helpers/killed_run.ts";
import { denseProject, fingerprintOf, SMALL_CONFIG, smallProject } from "../helpers/small_run.ts";

const QUIET = ["--quiet", "--no-report"];

/** Three networks that differ in seed, size, rate, length and code. */
const REPLICAS = `
  replicas:
    - {seed: 3}
    - {seed: 4, "model.encoder.0.linear": 17, "model.encoder.4": {linear: 5}, "optimizer.learning_rate": 0.01}
    - {"training.max_steps": 21, "model.encoder.3.dropout": 0.3, "model.decoder.1": tanh}
`;
const withReplicas = (config: string) =>
  config.replace(
    "training: {epochs: 3, gradient_clip: 1.0}",
    `training:\n  epochs: 3\n  gradient_clip: 1.0${REPLICAS}`,
  );

/** The overrides with which each of these is trained alone. */
const ALONE = [
  ["seed=3", "data.seed=7"],
  ["seed=4", "data.seed=7", "model.encoder.0.linear=17", "model.encoder.4={linear: 5}", "optimizer.learning_rate=0.01"],
  ["training.max_steps=21", "model.encoder.3.dropout=0.3", "model.decoder.1=tanh"],
];

/** The run folders of replicas, in their order. */
function foldersOf(folder: string, name = "small"): string[] {
  const runs = join(folder, "runs");
  const number = (path: string) => Number(/-replica-(\d+)-\d{8}/.exec(basename(path))![1]);
  return [...Deno.readDirSync(runs)].filter((entry) => entry.name.startsWith(`${name}-replica-`))
    .map((entry) => join(runs, entry.name)).sort((a, b) => number(a) - number(b));
}

/** What the same runs leave behind when each is trained alone. */
async function alone(folder: string, config: string): Promise<Record<string, string>[]> {
  const ended = [];
  for (const [index, overrides] of ALONE.entries()) {
    const path = join(folder, `alone-${index}`);
    const set = ["training.replicas=null", ...overrides].flatMap((text) => ["--override", text]);
    const { code, stderr } = await run("train", [config, "--run-dir", path, ...QUIET, ...set]);
    assertEquals(code, 0, stderr);
    ended.push(fingerprintOf(path));
  }
  return ended;
}

for (const [form, project] of [["sparse", smallProject], ["dense", denseProject]] as const) {
  Deno.test(`replicas on ${form} rows end with the bits of the same runs trained alone, with any number of threads`, async () => {
    using folder = temporary();
    const base = project(folder.path);
    Deno.writeTextFileSync(base, withReplicas(Deno.readTextFileSync(base)));
    const expected = await alone(folder.path, base);
    for (const threads of [1, 3]) {
      const { code, stderr } = await run("train", [base, ...QUIET, "--override", `runtime.threads=${threads}`]);
      assertEquals(code, 0, stderr);
      const made = foldersOf(folder.path);
      assertEquals(made.map(fingerprintOf), expected);
      for (const path of made) Deno.removeSync(path, { recursive: true });
    }
  });
}

Deno.test("replicas that are stopped by a signal, and killed, go on together to the same bits", async () => {
  using folder = temporary();
  const long = withReplicas(SMALL_CONFIG).replace("epochs: 3", "epochs: 40").replace(
    'max_steps": 21',
    'max_steps": 400',
  )
    .replace("every_steps: 5", "every_steps: 11");
  const config = smallProject(folder.path, long);
  const straight = await run("train", [config, ...QUIET, "--override", "name=straight"]);
  assertEquals(straight.code, 0, straight.stderr);
  for (const signal of ["SIGKILL", "SIGINT"] as const) {
    const child = command("train", [config, ...QUIET, "--resume", "auto"]).spawn();
    const steps = () => {
      try {
        return Math.min(...foldersOf(folder.path).map((path) => csvRows(join(path, "steps.csv")).length));
      } catch {
        return 0;
      }
    };
    const before = Number.isFinite(steps()) ? steps() : 0;
    const deadline = performance.now() + 60_000;
    while (!(steps() > before + 30 && foldersOf(folder.path).length === 3) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    child.kill(signal);
    const { code, stderr } = await child.output();
    assertEquals(code, signal === "SIGINT" ? 130 : 137, new TextDecoder().decode(stderr));
  }
  const ended = await run("train", [config, "--no-report", "--resume", "auto"]);
  assertEquals(ended.code, 0, ended.stderr);
  assertMatch(ended.stderr, /going on with the unfinished replicas: 1, 2, 3 of 3/);
  const stable = (path: string) => {
    const { model, optimizer, steps, epochs } = fingerprintOf(path);
    return { model, optimizer, steps, epochs };
  };
  assertEquals(foldersOf(folder.path).length, 3);
  assertEquals(foldersOf(folder.path).map(stable), foldersOf(folder.path, "straight").map(stable));
});

Deno.test("a number of replicas: seeds that follow each other, the same rows, and each an ordinary run", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const { code, stdout, stderr } = await run("train", [config, "--json", "--override", "training.replicas=2"]);
  assertEquals(code, 0, stderr);
  const events = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(events.filter(({ event }) => event === "epoch").length, 6);
  assertEquals(events.filter(({ event }) => event === "end").map(({ replica }) => replica), [1, 2]);
  const [first, second] = foldersOf(folder.path);
  for (const [path, seed] of [[first!, 7], [second!, 8]] as const) {
    const text = Deno.readTextFileSync(join(path, "config.yaml"));
    assertMatch(text, new RegExp(`^seed: ${seed}$`, "m"));
    assert(!text.includes("replicas:"));
    assert(Deno.statSync(join(path, "report.html")).isFile);
    const embedded = await run("embed", ["--run", path, "--output", join(path, "latent.npy")]);
    assertEquals(embedded.code, 0, embedded.stderr);
    const again = join(folder.path, `again-${seed}`);
    const repeated = await run("train", [join(path, "config.yaml"), "--run-dir", again, ...QUIET]);
    assertEquals(repeated.code, 0, repeated.stderr);
    assertEquals(fingerprintOf(again), fingerprintOf(path));
  }
});

Deno.test("what is wrong with replicas is said before there is a run folder", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const refused = async (args: readonly string[], said: RegExp) => {
    const { code, stderr } = await run("train", [config, ...args]);
    assertEquals(code, 2, stderr);
    assertMatch(stderr, said);
    assert(![...Deno.readDirSync(folder.path)].some(({ name }) => name === "runs"));
  };
  const of = (list: string) => ["--override", `training.replicas=${list}`];
  await refused(of("1"), /training\.replicas/);
  await refused(of("[{data.batch_size: 8}]"), /training\.replicas\.0: data\.batch_size cannot differ/);
  await refused(of("[{seed: 1}, {model.encoder.9: relu}]"), /model\.encoder is a list with the elements 0 to 4/);
  await refused(of("[{seed: 1}, {optimiser.name: sgd}]"), /optimiser/);
  await refused(of("[{seed: 1}, {model.decoder: [{linear: 3}]}]"), /model\.decoder/);
  await refused(of("[{name: a}, {name: a}]"), /training\.replicas\.1: the name a is another replica's/);
  await refused(
    [...of("2"), "--run-dir", join(folder.path, "d")],
    /is for one run, and training\.replicas stands for 2/,
  );
  await refused([...of("2"), "--replay", "x.jsonl"], /is for one run/);
});

Deno.test("what is for one run refuses replicas, and a dry run checks each of them", async () => {
  using folder = temporary();
  smallProject(folder.path);
  const two = join(folder.path, "two.yaml"),
    wrong = join(folder.path, "wrong.yaml"),
    sweep = join(folder.path, "s.yaml");
  Deno.writeTextFileSync(two, "extends: small.yaml\ntraining:\n  replicas: 2\n");
  Deno.writeTextFileSync(wrong, "extends: small.yaml\ntraining:\n  replicas:\n    - {seed: 1}\n    - {sed: 2}\n");
  Deno.writeTextFileSync(sweep, "base: two.yaml\nparameters: {optimizer.learning_rate: [0.1, 0.2]}\n");
  const swept = await run("sweep", ["--config", sweep]);
  assertEquals(swept.code, 2);
  assertMatch(swept.stderr, /two\.yaml:3:13: training\.replicas: a sweep trains each of its runs alone/);
  const checked = await run("config", ["check", wrong]);
  assertEquals(checked.code, 2);
  assertMatch(checked.stderr, /wrong\.yaml:5:8: .*sed/);
  const dry = await run("train", ["--config", two, "--dry-run"]);
  assertEquals(dry.code, 0, dry.stderr);
  assertMatch(dry.stdout, /^replica 1\n[^]*^replica 2\n/m);
  await assertRejects(() => train({ config: two }), UserError, "stands for several runs");
});

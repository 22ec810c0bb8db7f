import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { command, ROOT, run, temporary } from "../helpers/cli.ts";
import { type Csr, csrNpz, syntheticCsr } from "../helpers/npz.ts";
import { fingerprintOf, smallProject } from "../helpers/small_run.ts";

/** Exit status 2, one line about it (and perhaps a hint), no run folder. */
async function refused(folder: string, args: readonly string[], ...texts: readonly string[]): Promise<void> {
  const result = await run("train", ["--quiet", ...args]);
  assertEquals(result.code, 2, result.stderr);
  const lines = result.stderr.trimEnd().split("\n");
  assert(lines[0]!.startsWith("narrows: "), result.stderr);
  assert(lines.length <= 2 && lines.slice(1).every((line) => line.startsWith("  hint: ")), result.stderr);
  for (const text of texts) assertStringIncludes(result.stderr, text);
  let left: string[] = [];
  try {
    left = [...Deno.readDirSync(join(folder, "runs"))].map((entry) => entry.name);
  } catch { /* not even made */ }
  assertEquals(left, []);
}

Deno.test("train: bad input is one line with status 2, and starts nothing", async (t) => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const chunk = join(folder.path, "chunks", "chunk_1.npz");
  const whole = Deno.readFileSync(chunk);
  const on = (key: string) => ["--config", config, "--override", key];
  await t.step("missing config", () => refused(folder.path, ["--config", join(folder.path, "no.yaml")], "no.yaml"));
  await t.step("missing data", () => refused(folder.path, on("data.path=nowhere"), "data.path", "nowhere"));
  await t.step("unknown key", () => refused(folder.path, on("training.epoch=3"), "did you mean training.epochs"));
  await t.step("wrong type", () => refused(folder.path, on("training.epochs=many"), "training.epochs", "many"));
  await t.step(
    "negative learning rate",
    () => refused(folder.path, on("optimizer.learning_rate=-1"), "optimizer.learning_rate", "-1"),
  );
  await t.step(
    "unknown device",
    () => refused(folder.path, on("runtime.device=cuda"), "runtime.device", "cuda", "cpu"),
  );
  await t.step("unknown option", () => refused(folder.path, ["--confg", config], "--confg", "--config"));
  await t.step("too little memory", () => refused(folder.path, on("runtime.memory_gb=0.001"), "memory", "free"));
  await t.step("truncated zip", async () => {
    Deno.writeFileSync(chunk, whole.subarray(0, whole.length / 2));
    await refused(folder.path, ["--config", config], "chunk_1.npz");
  });
  await t.step("a file that is no zip", async () => {
    Deno.writeTextFileSync(chunk, "hello");
    await refused(folder.path, ["--config", config], "chunk_1.npz");
  });
  const spoilt = (change: (csr: Csr) => Csr) => {
    Deno.writeFileSync(chunk, csrNpz(change(syntheticCsr(120, 60, 0.1, 101))));
    return refused(folder.path, ["--config", config], "chunk_1.npz");
  };
  await t.step("fewer values than columns of them", () => spoilt((csr) => ({ ...csr, data: csr.data.subarray(1) })));
  await t.step("too few row starts", () => spoilt((csr) => ({ ...csr, indptr: csr.indptr.subarray(1) })));
  await t.step("a chunk of another width", () => spoilt((csr) => ({ ...csr, columns: 61 })));
  Deno.writeFileSync(chunk, whole);
  const text = (name: string, content: string) => {
    const path = join(folder.path, name);
    Deno.writeTextFileSync(path, content);
    return path;
  };
  await t.step("no file of column names", () => refused(folder.path, on("data.column_names=no.txt"), "no.txt"));
  for (const key of ["data.labels", "data.column_names"]) {
    const path = text("two.txt", "a\nb\n");
    const wanted = key === "data.labels" ? "2 entries for 360 rows" : "2 entries for 60 columns";
    await t.step(`${key} of a wrong length`, () => refused(folder.path, on(`${key}=${path}`), wanted));
    await t.step(`${key} of a wrong length, dry`, () => refused(folder.path, [...on(`${key}=${path}`), "--dry-run"]));
  }
  await t.step("labels that are no .npy", () => refused(folder.path, on(`data.labels=${text("l.npy", "x")}`), "l.npy"));
  await t.step("a folder as config", () => refused(folder.path, ["--config", folder.path], "folder"));
  await t.step("the data as config", () => refused(folder.path, ["--config", chunk], "chunk_1.npz"));
  await t.step("an empty config", () => refused(folder.path, ["--config", text("e.yaml", "data: {path: x}")], "model"));
  await t.step("a key given twice", async () => {
    const path = text("twice.yaml", "seed: 1\nname: a\nseed: 2\n");
    await refused(folder.path, ["--config", path], "twice.yaml:3:1", "duplicate key seed");
  });
  await t.step("a file in two parts", async () => {
    const split = `data.split={train: [${chunk}], validation: [${chunk}]}`;
    await refused(folder.path, on(split), "chunk_1.npz", "train");
  });
  await t.step("no row to train on", () => refused(folder.path, on("data.split={train: 1e-9, test: 0.5}"), "split"));
  await t.step("no batch is full", () => {
    const args = ["--override", "data.last_batch=drop", "--override", "data.batch_size=512"];
    return refused(folder.path, ["--config", config, ...args], "data.last_batch", "512");
  });
  await t.step("a name that is none", () => refused(folder.path, ["--config", config, "--set-name", "../x"], "../x"));
  await t.step("nothing to resume", () => refused(folder.path, ["--resume", folder.path], "run folder"));
  await t.step("a run folder that holds something", async () => {
    await refused(folder.path, ["--config", config, "--run-dir", folder.path], "not empty");
  });
  await t.step("unwritable runs folder", async () => {
    Deno.writeTextFileSync(join(folder.path, "plain"), "");
    await refused(folder.path, on(`paths.runs=${join(folder.path, "plain")}`), "plain");
  });
});

Deno.test("train: a chunk whose checksum does not hold: status 2, and nothing is started", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const chunk = join(folder.path, "chunks", "chunk_1.npz");
  const whole = Deno.readFileSync(chunk);
  const bad = whole.slice();
  const at = bad.length - 600; // within data.npy: its checksum no longer holds
  bad[at] = bad[at]! ^ 255;
  Deno.writeFileSync(chunk, bad);
  await refused(folder.path, ["--config", config], "chunk_1.npz", "CRC-32");
  Deno.writeFileSync(chunk, whole);
  const again = await run("train", ["--config", config, "--resume", "auto", "--quiet"]);
  assertEquals(again.code, 0, again.stderr);
});

/** Waits until a run has written some steps to its log. */
async function stepsWritten(run: string, least: number): Promise<void> {
  for (;;) {
    try {
      if (Deno.readTextFileSync(join(run, "steps.csv")).split("\n").length > least) return;
    } catch { /* not there yet */ }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("train: of a data file that changes while it is trained on, what was trained is saved, and goes on to the same bits", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const chunk = join(folder.path, "chunks", "chunk_1.npz");
  const good = syntheticCsr(120, 60, 0.1, 101), other = structuredClone(good);
  other.data[other.data.length - 1]! += 1;
  const overrides = ["data.shuffle=false", "checkpoint.every_steps=0", "checkpoint.every_epochs=0"];
  overrides.push("checkpoint.best=false", "training.epochs=100", "logging.every_steps=1");
  const options = ["--config", config, ...overrides.flatMap((text) => ["--override", text]), "--quiet", "--no-report"];
  Deno.writeFileSync(chunk, csrNpz(good));
  const whole = join(folder.path, "whole"), path = join(folder.path, "run");
  assertEquals((await run("train", [...options, "--run-dir", whole])).code, 0);
  const child = command("train", [...options, "--run-dir", path]).spawn();
  await stepsWritten(path, 30); // the file changes while it is trained on
  Deno.writeFileSync(`${chunk}.new`, csrNpz(other));
  Deno.renameSync(`${chunk}.new`, chunk);
  const { code, stderr } = await child.output();
  assertEquals(code, 2);
  assertStringIncludes(new TextDecoder().decode(stderr), "chunk_1.npz: was changed since the start");
  const { step } = JSON.parse(Deno.readTextFileSync(join(path, "recovery.json")));
  assert(step >= 30, `step ${step}`);
  Deno.writeFileSync(chunk, csrNpz(good));
  const resumed = await run("train", ["--resume", path, "--quiet", "--no-report"]);
  assertEquals(resumed.code, 0, resumed.stderr);
  assertEquals(fingerprintOf(path), fingerprintOf(whole));
});

Deno.test("train: a part of one row has no R2, and the run ends well all the same", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const one = join(folder.path, "one.npz");
  Deno.writeFileSync(one, csrNpz(syntheticCsr(1, 60, 0.1, 5)));
  const path = join(folder.path, "run");
  const split = `data.split={train: ${join(folder.path, "chunks", "chunk_0.npz")}, test: ${one}}`;
  const result = await run("train", ["--config", config, "--override", split, "--run-dir", path, "--quiet"]);
  assertEquals(result.code, 0, result.stderr);
  const { metrics } = JSON.parse(Deno.readTextFileSync(join(path, "summary.json")));
  assertEquals([metrics.test.rows, metrics.test.r2, metrics.test.column_r2_mean], [1, null, null]);
  assert(Deno.statSync(join(path, "report.html")).size > 0);
  for (const args of [["--split", "validation"], ["--override", "data.path=chunks"]]) {
    const refusal = await run("evaluate", ["--run", path, ...args]);
    assertEquals(refusal.code, 2, refusal.stdout);
    assertStringIncludes(refusal.stderr, args[1]!);
  }
});

Deno.test("train: nobody who reads its messages is no reason to end", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const path = join(folder.path, "run");
  const child = command("train", ["--config", config, "--run-dir", path, "--no-report"]).spawn();
  await Promise.all([child.stderr.cancel(), child.stdout.cancel()]);
  assertEquals((await child.status).code, 0);
  assertEquals(JSON.parse(Deno.readTextFileSync(join(path, "summary.json"))).status, "finished");
});

Deno.test("train: data in a folder whose name has a glob's characters", async () => {
  using folder = temporary();
  const project = join(folder.path, "exp [v2] {a,b}");
  Deno.mkdirSync(project);
  const result = await run("train", ["--config", smallProject(project), "--dry-run"]);
  assertEquals(result.code, 0, result.stderr);
});

Deno.test("train: a loss that is not finite names step, batch and the last good checkpoint", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const path = join(folder.path, "run");
  const wild = ["optimizer={name: sgd, learning_rate: 1000}", "training.gradient_clip=null", "loss.reduction=sum"]
    .flatMap((override) => ["--override", override]);
  const result = await run("train", ["--config", config, "--run-dir", path, "--quiet", ...wild]);
  assertEquals(result.code, 1, result.stderr);
  for (const text of ["step", "batch", "checkpoint"]) assertStringIncludes(result.stderr, text);
});

Deno.test("train: entries that are no CSR matrix are refused, and the row is named", async (t) => {
  const cases: readonly [string, (csr: Csr) => unknown, string][] = [
    ["row starts that fall", (csr) => csr.indptr[5] = 1e6, "indptr.npy: row 5"],
    ["a column too high", (csr) => csr.indices[0] = 60, "column 60"],
    ["a negative column", (csr) => csr.indices[0] = -1, "column -1"],
    ["a value that is no number", (csr) => csr.data[0] = NaN, "nan"],
  ];
  for (const [name, change, text] of cases) {
    await t.step(name, async () => {
      using folder = temporary();
      const config = smallProject(folder.path);
      const csr = syntheticCsr(120, 60, 0.1, 101);
      change(csr);
      Deno.writeFileSync(join(folder.path, "chunks", "chunk_1.npz"), csrNpz(csr));
      await refused(folder.path, ["--config", config], "chunk_1.npz", text);
    });
  }
});

Deno.test("train: a run in use is refused with its process, and nothing of it is changed", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const path = join(folder.path, "run");
  const long = ["--override", "training.epochs=100000", "--override", "checkpoint.every_steps=0"];
  const child = command("train", ["--config", config, "--run-dir", path, "--quiet", ...long]).spawn();
  const ended = child.output();
  try {
    const named = () => {
      try {
        return Deno.statSync(join(path, "checkpoints", "latest")).isFile;
      } catch {
        return false;
      }
    };
    while (!named()) await new Promise((done) => setTimeout(done, 10));
    const before = Deno.readTextFileSync(join(path, "config.yaml"));
    const second = await run("train", ["--resume", path, "--override", "training.epochs=1"]);
    assertEquals(second.code, 2, second.stderr);
    assertStringIncludes(second.stderr, `in use by process ${child.pid}`);
    assertEquals(Deno.readTextFileSync(join(path, "config.yaml")), before);
  } finally {
    child.kill("SIGTERM");
    assertEquals((await ended).code, 143);
  }
});

/** Runs a shell script as root of a mount namespace of its own; null where the machine does not allow it. */
async function inNamespace(script: string, args: readonly string[]): Promise<{ code: number; text: string } | null> {
  if (Deno.build.os !== "linux") return null;
  try {
    const { code, stdout, stderr } = await new Deno.Command("unshare", { args: ["-Urm", "sh", "-c", script, ...args] })
      .output();
    const text = [stderr, stdout].map((bytes) => new TextDecoder().decode(bytes)).join("");
    return /unshare:|mount:/.test(text) ? null : { code, text };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

const TRAIN = [Deno.execPath(), "run", "-A", `${ROOT}cli/train.ts`, "--quiet", "--no-report"];

Deno.test("train: a runs folder on a read-only disk is refused", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const disk = join(folder.path, "disk");
  Deno.mkdirSync(disk);
  const args = [disk, ...TRAIN, "--config", config, "--override", `paths.runs=${disk}/runs`];
  const result = await inNamespace('mount -t tmpfs -o ro tmpfs "$0" && exec "$@"', args);
  if (!result) return console.log("  skipped: no mount namespace here");
  assertEquals(result.code, 2, result.text);
  assertStringIncludes(result.text, `${disk}/runs: cannot create the run folder (Read-only file system)`);
});

Deno.test("train: a full disk ends the run with one line, and what was saved resumes to the same bits", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const whole = join(folder.path, "whole"), kept = join(folder.path, "kept"), disk = join(folder.path, "disk");
  assertEquals((await run("train", ["--config", config, "--run-dir", whole, "--quiet", "--no-report"])).code, 0);
  Deno.mkdirSync(disk);
  const fill =
    'mount -t tmpfs -o size=120k tmpfs "$0"; kept=$1; shift; "$@"; code=$?; cp -a "$0/run" "$kept"; exit $code';
  const result = await inNamespace(fill, [disk, kept, ...TRAIN, "--config", config, "--run-dir", join(disk, "run")]);
  if (!result) return console.log("  skipped: no mount namespace here");
  assertEquals(result.code, 1, result.text);
  const [line, hint, ...rest] = result.text.trimEnd().split("\n");
  assertStringIncludes(line!, "No space left on device");
  assertStringIncludes(hint!, "hint: free some space");
  assertEquals(rest, []);
  const resumed = await run("train", ["--resume", kept, "--quiet", "--no-report"]);
  assertEquals(resumed.code, 0, resumed.stderr);
  assertEquals(fingerprintOf(kept), fingerprintOf(whole));
});

Deno.test("train: a save on a signal that finds the disk full keeps the run folder", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const disk = join(folder.path, "disk");
  Deno.mkdirSync(disk);
  const rare = ["checkpoint.every_epochs=0", "checkpoint.every_steps=0", "checkpoint.best=false"];
  const overrides = ["training.epochs=100000", "logging.every_steps=100000", ...rare];
  const options = overrides.flatMap((override) => ["--override", override]);
  const script = [
    'mount -t tmpfs -o size=400k tmpfs "$0"; "$@" & train=$!',
    'until [ "$(wc -l < "$0/run/epochs.csv")" -gt 1 ]; do sleep 0.02; done 2> /dev/null',
    'cat /dev/zero > "$0/fill" 2> /dev/null; kill -TERM $train; wait $train; code=$?; ls "$0/run"; exit $code',
  ].join("\n");
  const result = await inNamespace(script, [
    disk,
    ...TRAIN,
    "--config",
    config,
    "--run-dir",
    join(disk, "run"),
    ...options,
  ]);
  if (!result) return console.log("  skipped: no mount namespace here");
  assertEquals(result.code, 1, result.text);
  assertStringIncludes(result.text, "No space left on device");
  assertStringIncludes(result.text, "config.yaml");
});

import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { basename, join } from "@std/path";
import type { Config } from "../../../core/config/types.ts";
import { UserError } from "../../../core/errors.ts";
import { writeFileAtomic, writeJsonAtomic } from "../../../core/runs/atomic.ts";
import { gitState } from "../../../core/runs/git.ts";
import { collectEnvironment, gitCommit } from "../../../core/runs/environment.ts";
import { safeName } from "../../../core/config/name.ts";
import { createRun, openRun, timeOfName } from "../../../core/runs/folder.ts";
import { acquireLock, isInUse, isShared, lockState } from "../../../core/runs/lock.ts";
import { clearRecovery, writeRecovery } from "../../../core/runs/recovery.ts";
import { VERSION } from "../../../core/version.ts";
import { testInFolder } from "../../temp.ts";

/** createRun reads the name and the folder of runs, nothing else. */
const config = (name: string, runs: string) => ({ name, paths: { runs } }) as Config;

Deno.test("version: the one in deno.json", async () => {
  const text = await Deno.readTextFile(new URL("../../../deno.json", import.meta.url));
  assertEquals(VERSION, JSON.parse(text).version);
});

testInFolder("run folder: NAME-YYYYMMDD-HHMMSS-ID with config.yaml, never one twice", async (dir) => {
  const now = new Date(2024, 1, 3, 4, 5, 6);
  const runs = join(dir, "deep", "runs");
  const made = await Promise.all(
    Array.from({ length: 8 }, () => createRun(config("pbmc", runs), "name: pbmc\n", { now })),
  );
  assertEquals(new Set(made.map((run) => run.path)).size, 8);
  for (const run of made) {
    assertMatch(run.name, /^pbmc-20240203-040506-[0-9a-f]{6}$/);
    assertEquals(timeOfName(run.name), now);
    assertEquals([...Deno.readDirSync(run.path)].map((entry) => entry.name), ["config.yaml"]);
    assertEquals(await Deno.readTextFile(run.file("config.yaml")), "name: pbmc\n");
  }
  assertMatch((await createRun(config("pbmc", runs), "", { setName: "other" })).name, /^other-/);
});

Deno.test("run folder: names are data", () => {
  const cases: [string, string][] = [
    ["../../etc/passwd", "etc-passwd"],
    ["..", "run"],
    ["", "run"],
    ["a/b\\c\0d\ne", "a-b-c-d-e"],
    ["-rf", "rf"],
    [".hidden", "hidden"],
    ["PBMC 3k (µ=1)", "PBMC-3k-µ-1"],
    ["漢字", "漢字"],
    ["$(touch x)`id`;<b>", "touch-x-id-b"],
    ["x".repeat(500), "x".repeat(64)],
    ["😀", "run"],
  ];
  for (const [name, expected] of cases) assertEquals(safeName(name), expected);
});

testInFolder("run folder: files stay inside", async (dir) => {
  const run = await createRun(config("a", dir), "");
  assertEquals(run.file("diagnostics/epoch-0001/latent.json"), join(run.path, "diagnostics/epoch-0001/latent.json"));
  for (const name of ["../x", "/etc/passwd", "a/../../x", "", "a//b", "a\\b", "a\0", "."]) {
    assertThrows(() => run.file(name), UserError, "is not the name of a file in it");
  }
});

testInFolder("run folder: a named one must be free; one that cannot be made is one line", async (dir) => {
  const named = join(dir, "named");
  assertEquals((await createRun(config("a", dir), "x: 1\n", { runDir: named })).path, named);
  const taken = await assertRejects(() => createRun(config("a", dir), "", { runDir: named }), UserError, "not empty");
  assertEquals(taken.exitCode, 2);
  const file = join(dir, "file");
  await Deno.writeTextFile(file, "");
  for (const runs of [file, join(file, "runs")]) {
    const error = await assertRejects(
      () => createRun(config("a", runs), ""),
      UserError,
      "cannot create the run folder (",
    );
    assertEquals([error.exitCode, error.where, error.message.includes("\n")], [2, runs, false]);
  }
  assertEquals((await openRun(named)).path, named);
  await assertRejects(() => openRun(dir), UserError, "no config.yaml");
  await assertRejects(() => openRun(join(dir, "none")), UserError, "no such folder");
});

testInFolder("atomic: replaced whole, nothing left beside it", async (dir) => {
  const path = join(dir, "summary.json");
  await writeFileAtomic(path, "old");
  await writeJsonAtomic(path, { a: [1, null] });
  assertEquals(JSON.parse(await Deno.readTextFile(path)), { a: [1, null] });
  await assertRejects(() => writeJsonAtomic(path, { loss: Infinity }), TypeError, "loss is Infinity");
  await assertRejects(
    () => writeFileAtomic(join(dir, "none", "a"), ""),
    UserError,
    "cannot create the file (No such file",
  );
  await Deno.mkdir(join(dir, "folder"));
  await assertRejects(() => writeFileAtomic(join(dir, "folder"), ""), UserError, "cannot rename");
  assertEquals([...Deno.readDirSync(dir)].map((entry) => entry.name).sort(), ["folder", "summary.json"]);
});

testInFolder("recovery: written and cleared", async (dir) => {
  await clearRecovery(dir);
  const recovery = {
    reason: "SIGTERM",
    signal: "SIGTERM",
    checkpoint: "step-000000003",
    step: 3,
    epoch: 1,
    command: "x",
  };
  await writeRecovery(dir, recovery);
  const read = JSON.parse(await Deno.readTextFile(join(dir, "recovery.json")));
  assertEquals({ ...read, written_at: undefined }, { ...recovery, written_at: undefined });
  await clearRecovery(dir);
  assertEquals([...Deno.readDirSync(dir)], []);
});

testInFolder("lock: one holder; the next one is told who", async (dir) => {
  assertEquals(isInUse(dir), false);
  const lock = await acquireLock(dir);
  assertEquals(lock.notice, null);
  assertEquals(isInUse(dir), true);
  const error = await assertRejects(
    () => acquireLock(dir),
    UserError,
    `in use by process ${Deno.pid} on ${Deno.hostname()}`,
  );
  assertStringIncludes(error.where, "run.lock");
  lock.release();
  lock.release();
  assertEquals(isInUse(dir), false);
  assertEquals([...Deno.readDirSync(dir)], []);
  using again = await acquireLock(dir);
  assertEquals(again.notice, null);
});

testInFolder("lock: many at once, one gets it", async (dir) => {
  for (let round = 0; round < 10; round++) {
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLock(dir)));
    const locks = tries.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
    assertEquals(locks.length, 1);
    locks[0]!.release();
  }
});

testInFolder("lock: that of a killed process is taken over with a notice; a living one holds", async (dir) => {
  const module = new URL("../../../core/runs/lock.ts", import.meta.url).href;
  const code = `const { acquireLock } = await import(${JSON.stringify(module)});
    await acquireLock(${JSON.stringify(dir)}); console.log("held"); setTimeout(() => {}, 60000);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", code],
    stdout: "piped",
    stderr: "inherit",
  })
    .spawn();
  const reader = child.stdout.getReader();
  assertStringIncludes(new TextDecoder().decode((await reader.read()).value), "held");
  await assertRejects(() => acquireLock(dir), UserError, `process ${child.pid} `);
  child.kill("SIGKILL");
  await reader.cancel();
  await child.status;
  using lock = await acquireLock(dir);
  assertStringIncludes(lock.notice!, `process ${child.pid} on`);
});

testInFolder(
  "lock: that of another boot is taken over where no other machine can have it, else refused",
  async (dir) => {
    const path = join(dir, "run.lock");
    const record = { pid: 1, host: "elsewhere", since: "2024-01-01T00:00:00.000Z", boot_id: "b", start_ticks: "1" };
    const refused = async () => {
      assertEquals(lockState(dir).state, "unknown");
      const error = await assertRejects(() => acquireLock(dir), UserError, "process 1 on elsewhere since 2024");
      assertStringIncludes(error.message, "is not certain whether");
      assertStringIncludes(error.hint!, `delete ${path}`);
      assertEquals(error.exitCode, 2);
    };
    await Deno.writeTextFile(path, JSON.stringify({ ...record, boot_id: "" })); // of a system without boot ids
    await refused();
    const boot = await Deno.readTextFile("/proc/sys/kernel/random/boot_id").then((text) => text.trim(), () => null);
    if (boot !== null) {
      for (
        const gone of [
          { ...record, host: Deno.hostname() }, // this machine before its restart
          { ...record, boot_id: boot }, // a container of this machine, that has ended
          ...isShared(dir, await Deno.readTextFile("/proc/self/mountinfo")) ? [] : [record], // on this disk, before a restart
        ]
      ) {
        await Deno.writeTextFile(path, JSON.stringify(gone));
        assertEquals(lockState(dir).state, "free");
        using lock = await acquireLock(dir);
        assertStringIncludes(lock.notice!, "taken over from process 1");
        assertStringIncludes(lock.notice!, "which is gone");
      }
    }
    for (const text of ["", "{", "[]", '{"pid":"x"}', "\0\0\0"]) {
      await Deno.writeTextFile(path, text);
      using lock = await acquireLock(dir);
      assertEquals(lock.notice, null);
    }
  },
);

Deno.test("lock: which file systems other machines may share", () => {
  const mounts = [
    "22 1 0:20 / / rw - overlay overlay rw",
    "23 22 0:21 / /scratch rw shared:1 - lustre a@tcp:/b rw",
    "24 23 0:22 / /scratch/my\\040disk rw - ext4 /dev/sda rw",
  ].join("\n");
  const shared = (path: string) => isShared(path, mounts);
  assertEquals([shared("/a/b"), shared("/scratch/run"), shared("/scratchy/run")], [false, true, false]);
  assertEquals([shared("/scratch/my disk/run"), isShared("/a", "")], [false, true]);
});

testInFolder("lock: looking at it does not take it from whoever wants it", async (dir) => {
  await Deno.writeTextFile(join(dir, "run.lock"), "");
  const looking = Deno.openSync(join(dir, "run.lock"), { read: true });
  looking.lockSync(true);
  setTimeout(() => looking.close(), 60);
  using lock = await acquireLock(dir);
  assertEquals(lock.notice, null);
});

testInFolder("environment: the commit is read from .git in all its forms", async (dir) => {
  const commit = "0123456789abcdef0123456789abcdef01234567";
  assertEquals(await gitCommit(dir), null);
  const git = join(dir, ".git");
  const write = async (name: string, text: string) => {
    await Deno.mkdir(join(git, name, ".."), { recursive: true });
    await Deno.writeTextFile(join(git, name), text);
  };
  await write("HEAD", `${commit}\n`);
  assertEquals(await gitCommit(dir), commit);
  await write("HEAD", "ref: refs/heads/main\n");
  assertEquals(await gitCommit(dir), null);
  await write("packed-refs", `# pack-refs\n${"f".repeat(40)} refs/heads/other/main\n${commit} refs/heads/main\n`);
  assertEquals(await gitCommit(dir), commit);
  await write("refs/heads/main", `${"a".repeat(40)}\n`);
  assertEquals(await gitCommit(dir), "a".repeat(40));
  await write("worktrees/w/HEAD", "ref: refs/heads/main\n");
  await write("worktrees/w/commondir", "../..\n");
  const linked = join(dir, "linked");
  await Deno.mkdir(linked);
  await Deno.writeTextFile(join(linked, ".git"), `gitdir: ${join(git, "worktrees/w")}\n`);
  assertEquals(await gitCommit(linked), "a".repeat(40));
  await write("refs/heads/main", "garbage");
  assertEquals(await gitCommit(dir), null);
});

testInFolder(
  "git: the commit of a work tree and whether tracked files differ from it; null outside of one",
  async (dir) => {
    const git = async (...args: string[]) => {
      const env = {
        GIT_AUTHOR_NAME: "a",
        GIT_AUTHOR_EMAIL: "a@b",
        GIT_COMMITTER_NAME: "a",
        GIT_COMMITTER_EMAIL: "a@b",
      };
      const { success, stdout } = await new Deno.Command("git", { args: ["-C", dir, ...args], env }).output();
      assert(success);
      return new TextDecoder().decode(stdout).trim();
    };
    if (!await new Deno.Command("git", { args: ["--version"] }).output().catch(() => null)) return;
    assertEquals(await gitState(dir), null);
    await git("init", "-q");
    assertEquals(await gitState(dir), null);
    await Deno.writeTextFile(join(dir, "file"), "1");
    await git("add", "file");
    await git("commit", "-q", "-m", "one");
    const commit = await git("rev-parse", "HEAD");
    assertEquals(await gitState(dir), { commit, dirty: false });
    await Deno.mkdir(join(dir, "folder"));
    await Deno.writeTextFile(join(dir, "folder/untracked"), "1");
    assertEquals(await gitState(join(dir, "folder")), { commit, dirty: false });
    await Deno.writeTextFile(join(dir, "file"), "2");
    assertEquals(await gitState(join(dir, "folder")), { commit, dirty: true });
    assertEquals(await gitState(join(dir, "none")), null);
  },
);

Deno.test("environment: versions, machine and command line", async () => {
  const engineInfo = { isa: "avx2", isa_reason: "no avx512f", version: "0.1.0" };
  const facts = { engineInfo, threads: 2, seed: 7, commandLine: ["narrows", "train"] };
  const environment = await collectEnvironment(facts);
  assertEquals(environment.narrows, VERSION);
  assertEquals(environment.deno, Deno.version.deno);
  assertEquals([environment.isa, environment.isa_reason, environment.threads, environment.seed], [
    "avx2",
    "no avx512f",
    2,
    7,
  ]);
  assertEquals(environment.command_line, ["narrows", "train"]);
  assert((environment.memory_bytes as number) > 0);
  assertEquals(JSON.parse(JSON.stringify(environment)), environment);
  assertEquals(basename(import.meta.dirname!), "runs");
});

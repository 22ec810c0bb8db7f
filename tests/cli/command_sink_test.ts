/** A command of the config as a logger: it runs only where that is allowed, and can do no harm to the run. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { run, temporary } from "../helpers/cli.ts";
import { checkEvents } from "../helpers/sinks.ts";
import { fingerprintOf, smallProject } from "../helpers/small_run.ts";

const QUIET = ["--quiet", "--no-report"];

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

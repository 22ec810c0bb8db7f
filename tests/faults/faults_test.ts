/**
 * The disk fails, dies, fills up, loses power, and the process is killed, at every call of a save: what was saved before is
 * there, whole. And the same checks are seen to fail where a fault is planted.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { resolveCheckpoint } from "../../core/checkpoint/resolve.ts";
import { backToTen, checkBack, loadSalt, prepareRun, type Sweep } from "./driver.ts";
import { inFolder, skip, withShim } from "./shim.ts";

const DRIVER = fromFileUrl(new URL("./driver.ts", import.meta.url));

function driver(args: string[], env: Record<string, string> = {}): Promise<Deno.CommandOutput> {
  return new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--no-check", DRIVER, ...args], env }).output();
}

async function sweep(shim: string, dir: string, plans: Sweep[]): Promise<{ points: number; violations: string[] }[]> {
  const args = ["sweep", shim, dir, JSON.stringify(plans)];
  const { success, stdout, stderr } = await driver(args, { LD_PRELOAD: shim });
  assert(success, new TextDecoder().decode(stderr));
  const results = new TextDecoder().decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(results.length, plans.length);
  return results;
}

Deno.test("faults: whatever call of a save fails, the last checkpoint is good and the next save works", () =>
  withShim(async (shim, dir) => {
    const plans: Sweep[] = [];
    for (const scenario of ["first", "next", "replace"] as const) {
      for (const mode of ["fail_once", "dead", "torn"] as const) plans.push({ mode, scenario });
      for (const power of ["data", "names"] as const) plans.push({ mode: "dead", scenario, power });
    }
    const results = await sweep(shim, dir, plans);
    for (const [i, { points, violations }] of results.entries()) {
      assertEquals(violations, [], JSON.stringify(plans[i]));
      assert(points > 20, `${points} points of failure in ${JSON.stringify(plans[i])}`);
    }
  }));

Deno.test("faults: planted faults are seen", () =>
  withShim(async (shim, dir) => {
    const plans: Sweep[] = [
      { mode: "dead", scenario: "next", power: "data", ignoreSync: 1 }, // files are not fsynced
      { mode: "dead", scenario: "next", power: "names", ignoreSync: 2 }, // folders are not fsynced
      { mode: "dead", scenario: "next", order: ["create", "commit", "point", "write", "verify", "retain"] }, // renamed, then written
      { mode: "dead", scenario: "next", order: ["point", "create", "write", "commit", "verify", "retain"] }, // named, then saved
    ];
    for (const [i, { violations }] of (await sweep(shim, dir, plans)).entries()) {
      assert(violations.length > 0, `not seen: ${JSON.stringify(plans[i])}`);
    }
  }));

Deno.test("faults: killed at any call, the last checkpoint that was reported saved loads, or a later one", () =>
  withShim(async (shim, dir) => {
    let killed = 0;
    for (let k = 1; k < 90; k += 6) {
      const run = join(dir, `kill-${k}`);
      await Deno.mkdir(run);
      const { signal, stdout } = await driver(["kill", shim, run, String(k)], { LD_PRELOAD: shim });
      if (signal === "SIGKILL") killed++;
      const reported = new TextDecoder().decode(stdout).trim().split("\n").map(Number).at(-1)!;
      const warn = (line: string) => {
        throw new Error(line);
      };
      const found = await resolveCheckpoint(run, "latest", warn).catch((error) => {
        if (reported === 0) return null;
        throw error;
      });
      if (found) {
        assert([reported, reported + 10].includes(await loadSalt(found.path)), `${found.name} after ${reported}`);
      }
    }
    assert(killed >= 12, `${killed} kills`);
  }));

Deno.test("faults: whatever call of a run's way back to a checkpoint fails, nothing is lost and the next try comes there", () =>
  withShim(async (shim, dir) => {
    const plans = [{ mode: "fail_once" }, { mode: "dead" }, { mode: "torn" }].concat(
      ["data", "names"].map((power) => ({ mode: "dead", power })),
    );
    const args = ["back", shim, dir, JSON.stringify(plans)];
    const { success, stdout, stderr } = await driver(args, { LD_PRELOAD: shim });
    assert(success, new TextDecoder().decode(stderr));
    const results = new TextDecoder().decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(results.length, plans.length);
    for (const [i, { points, violations }] of results.entries()) {
      assertEquals(violations, [], JSON.stringify(plans[i]));
      assert(points > 20, `${points} points of failure`);
    }
  }));

Deno.test("faults: killed at any call of a run's way back, nothing is lost and the next resume comes there", () =>
  withShim(async (shim, dir) => {
    let killed = 0;
    for (let k = 1; k < 60; k += 4) {
      const run = join(dir, `killed-${k}`);
      await Deno.mkdir(run);
      await prepareRun(run);
      const { signal, stderr, success } = await driver(["killback", shim, run, String(k)], { LD_PRELOAD: shim });
      assert(success || signal === "SIGKILL", new TextDecoder().decode(stderr));
      if (signal === "SIGKILL") killed++;
      assertEquals(await checkBack(run, signal !== "SIGKILL"), [], `call ${k}`);
      await backToTen(run);
      assertEquals(await checkBack(run, true), [], `after call ${k}`);
    }
    assert(killed >= 8, `${killed} kills`);
  }));

Deno.test("faults: a full disk is named, harms nothing, and the next save that fits works", () =>
  inFolder(async (dir) => {
    if (Deno.build.os !== "linux") return skip("needs Linux");
    const mount = 'mount -t tmpfs -o size=400k tmpfs "$0" && mkdir "$0/run" && exec "$@"';
    const run = [Deno.execPath(), "run", "-A", "--no-check", DRIVER, "full", join(dir, "run")];
    let output: Deno.CommandOutput;
    try {
      output = await new Deno.Command("unshare", { args: ["-Urm", "sh", "-c", mount, dir, ...run] }).output();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return skip("no unshare");
      throw error;
    }
    const errors = new TextDecoder().decode(output.stderr);
    if (/unshare:|mount:/.test(errors)) return skip(`no file system of our own (${errors.trim()})`);
    assert(output.success, errors);
    const told = JSON.parse(new TextDecoder().decode(output.stdout));
    assertMatch(
      told.message,
      /\.tmp-step-000000020-\w+\/model\.safetensors: cannot write \(No space left on device\)$/,
    );
    assertMatch(told.hint, /free some space/);
    assertEquals(told.exitCode, 1);
    assertEquals(told.entries, ["latest", "step-000000010"]);
    assertEquals([told.salt, told.next], [10, 30]);
  }));

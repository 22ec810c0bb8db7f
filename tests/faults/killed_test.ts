/** A run that is killed at a write of its own, one write after the other, and resumed: nothing of it is lost. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { run } from "../helpers/cli.ts";
import { fingerprintOf, smallProject } from "../helpers/small_run.ts";
import { withShim } from "./shim.ts";

/** It overfits from its third epoch on: the best is the second, and all that follow are saved after it and beside it. */
const BEST_IN_THE_MIDDLE = [
  ...["optimizer.learning_rate=0.03", "scheduler.name=constant", "training.epochs=4", "data.mask_rate=0"],
  ...["model.encoder=[{linear: 200}, relu, {linear: 6}]"],
  ...["checkpoint.every_epochs=null", "checkpoint.every_steps=30", "checkpoint.keep=1"],
].flatMap((override) => ["--override", override]);

/** Names of files that a session writes before they have their final name. */
function unfinished(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    return /^\.tmp-|\.tmp$/.test(name) ? [path] : isDirectory ? unfinished(path) : [];
  });
}

Deno.test("killed: at writes all over a run, neither latest nor best is lost, to the bit, and nothing is left over", () =>
  withShim(async (shim, dir) => {
    const config = smallProject(dir);
    const train = (path: string, env: Record<string, string> = {}) =>
      run(
        "train",
        [config, "--run-dir", path, "--resume", "auto", ...BEST_IN_THE_MIDDLE, "--quiet", "--no-report"],
        env,
      );
    const whole = join(dir, "whole");
    assertEquals((await train(whole)).code, 0);
    const wanted = fingerprintOf(whole);
    assert(wanted.best! < wanted.latest!, `the best epoch is the last one: ${wanted.best}`);
    const stride = Number(Deno.env.get("NARROWS_KILL_STRIDE") ?? 29);
    let kills = 0, left = 0;
    for (let at = 12;; at += stride, kills++) {
      const path = join(dir, `killed-${at}`);
      const { signal } = await train(path, { LD_PRELOAD: shim, FAULT_FOLDER: path, FAULT_KILL_AT: String(at) });
      if (signal !== "SIGKILL") break;
      left += unfinished(path).length;
      const resumed = await train(path);
      assertEquals(resumed.code, 0, resumed.stderr);
      assertEquals(fingerprintOf(path), wanted, `killed at write ${at}`);
      assertEquals(unfinished(path), [], `killed at write ${at}`);
    }
    assert(kills > 8 && left > 4, `${kills} kills, which left ${left} unfinished files`);
  }));

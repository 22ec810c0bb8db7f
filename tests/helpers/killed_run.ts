/** A run that was killed with SIGKILL after some checkpoints, and resumed to its end. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { command, run } from "./cli.ts";
import { SMALL_CONFIG, smallProject } from "./small_run.ts";

const QUIET = ["--quiet", "--no-report"];
/** Whole epochs between saves, so that each resume goes back by some steps. */
export const KILLED_CONFIG = SMALL_CONFIG
  .replace("{name: cosine, warmup_steps: 5}", "{name: constant}")
  .replace("{every_steps: 5, every_epochs: 1, keep: 3}", "{every_steps: 13, every_epochs: 0, keep: 3}")
  .replace("epochs: 3", "epochs: 100000");

const latest = (path: string) => {
  try {
    return Number(Deno.readTextFileSync(join(path, "checkpoints", "latest")).trim().slice("step-".length));
  } catch {
    return 0;
  }
};

/** Kills a run `kills` times, each time some checkpoints later, and ends it; returns its folder. */
export async function killedAndResumed(folder: string, overrides: readonly string[], kills = 2): Promise<string> {
  const config = smallProject(folder, KILLED_CONFIG);
  const path = join(folder, "killed");
  const set = overrides.flatMap((text) => ["--override", text]);
  let done = 0;
  for (let kill = 0; kill < kills; kill++) {
    const args = kill === 0 ? [config, "--run-dir", path] : ["--resume", path];
    const child = command("train", [...args, ...QUIET, ...set]).spawn();
    const deadline = performance.now() + 60_000;
    while (latest(path) < done + 60 && performance.now() < deadline) await new Promise((r) => setTimeout(r, 5));
    child.kill("SIGKILL");
    const { signal, stderr } = await child.output();
    assertEquals(signal, "SIGKILL", new TextDecoder().decode(stderr));
    assert(latest(path) > done, "no checkpoint was made");
    done = latest(path);
  }
  const epochs = Number(Deno.readTextFileSync(join(path, "epochs.csv")).trim().split("\n").at(-1)!.split(",")[0]) + 1;
  const ended = await run("train", ["--resume", path, ...QUIET, "--override", `training.epochs=${epochs}`]);
  assertEquals(ended.code, 0, ended.stderr);
  return path;
}

/** The rows of a CSV log as numbers (text stays text), by the header's names. */
export function csvRows(path: string): Record<string, number | string | null>[] {
  const [header, ...lines] = Deno.readTextFileSync(path).trimEnd().split("\n").map((line) => line.split(","));
  const value = (text: string) => text === "" ? null : Number.isNaN(Number(text)) ? text : Number(text);
  return lines.map((fields) => Object.fromEntries(header!.map((name, i) => [name, value(fields[i]!)])));
}

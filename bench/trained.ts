/** Runs of the program in processes of their own, as a user starts them. */
import { join } from "@std/path";
import { ROOT } from "../core/build/tree.ts";
import { readRun } from "../core/runs/read.ts";
import type { RunData } from "../core/runs/types.ts";
import { CheckFailed, type Context } from "./types.ts";

export function start(args: readonly string[]): Deno.ChildProcess {
  const command = ["run", "-A", join(ROOT, "cli", "train.ts"), "--quiet", ...args];
  return new Deno.Command(Deno.execPath(), { args: command, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
}

export async function finish(child: Deno.ChildProcess): Promise<void> {
  const { success, stderr } = await child.output();
  if (!success) throw new Error(`train failed: ${new TextDecoder().decode(stderr).trim()}`);
}

export const overrides = (values: Readonly<Record<string, unknown>>) =>
  Object.entries(values).flatMap(([key, value]) => ["--override", `${key}=${JSON.stringify(value)}`]);

/** Trains a config in a process of its own, and reads its logs and summary. Its checkpoints, which may be large, are removed. */
export async function trained(
  context: Context,
  config: Readonly<Record<string, unknown>>,
  only: Record<string, unknown>,
) {
  const folder = await Deno.makeTempDir({ dir: context.scratch });
  const [file, run] = [join(folder, "config.json"), join(folder, "run")];
  await Deno.writeTextFile(file, JSON.stringify(config));
  await finish(start(["--config", file, "--run-dir", run, "--no-report", ...overrides(only)]));
  const data = await readRun(run);
  await Deno.remove(join(run, "checkpoints"), { recursive: true });
  return data;
}

/** Percent of a run's time in its chunks that the trainer waited, for files and for batches. */
export function waiting({ chunks }: RunData): number {
  let wait = 0, all = 0;
  for (const row of chunks) {
    wait += row.open_wait_ms + row.wait_ms;
    all += row.open_wait_ms + row.wait_ms + row.forward_ms + row.backward_ms;
  }
  if (!(all > 0)) throw new CheckFailed("chunks.csv of a run has no times");
  return 100 * wait / all;
}

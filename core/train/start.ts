/** Starts or goes on with a run: its folder, its config file, then the session. */
import { createRun, openRun, type RunFolder } from "../runs/folder.ts";
import { writeFileAtomic } from "../runs/atomic.ts";
import type { RunTarget } from "./find_run.ts";
import { runSession, type SessionOptions, type SessionResult } from "./session.ts";

export type StartOptions = RunTarget & Omit<SessionOptions, "config" | "run" | "resumeFrom"> & {
  readonly setName?: string;
};

/**
 * @throws {UserError} when the run cannot start; a folder made for it is then removed again
 */
export async function startRun(options: StartOptions): Promise<{ run: RunFolder; result: SessionResult }> {
  const { loaded, existing, resumeFrom } = options;
  const config = options.setName === undefined ? loaded.config : { ...loaded.config, name: options.setName };
  if (existing !== null) {
    const run = await openRun(existing);
    const text = loaded.toYaml();
    if (text !== Deno.readTextFileSync(run.file("config.yaml"))) {
      await writeFileAtomic(run.file("config.yaml"), text);
      options.note?.("the overrides are now part of this run's config.yaml");
    }
    return { run, result: await runSession({ ...options, config, run, resumeFrom }) };
  }
  const run = await createRun(config, loaded.toYaml(), { runDir: options.runDir, setName: options.setName });
  try {
    return { run, result: await runSession({ ...options, config, run, resumeFrom: null }) };
  } catch (error) {
    await Deno.remove(run.path, { recursive: true }); // nothing was started: nothing to keep
    throw error;
  }
}

/** Small sweeps as a user runs them. */
import { join } from "@std/path";
import { command } from "./cli.ts";
import { SMALL_CONFIG, smallProject } from "./small_run.ts";

export const SWEEP = `
name: rates
base: small.yaml
parameters:
  optimizer.learning_rate: [0.001, 0.003]
  model.encoder.0.linear: [8, 16]
seeds: 2
overrides: {training.epochs: 6}
`;

/** A project with a sweep's config; returns the paths of the config and of the sweep's folder. */
export function sweepProject(
  folder: string,
  sweep = SWEEP,
  base = SMALL_CONFIG.replace("runtime: {threads: 2}\n", ""),
) {
  smallProject(folder, base);
  const config = join(folder, "rates.yaml");
  Deno.writeTextFileSync(config, sweep);
  return { config, at: join(folder, "runs", "sweeps", "rates") };
}

/** The lines of a CSV file as records. */
export function csv(path: string): Record<string, string>[] {
  const [head, ...rows] = Deno.readTextFileSync(path).trim().split("\n").map((line) => line.split(","));
  return rows.map((row) => Object.fromEntries(head!.map((name, i) => [name, row[i]!])));
}

/** The names of the run folders. */
export const runsIn = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => /^\d{3}-seed-/.test(name)).sort();

// deno-lint-ignore no-explicit-any
export const json = (path: string): any => JSON.parse(Deno.readTextFileSync(path));

/** Starts a sweep and sends it a signal when `ready`. @returns its status and error output */
export async function interrupted(args: readonly string[], signal: Deno.Signal, ready: () => boolean) {
  const child = command("sweep", args).spawn();
  const output = child.output();
  const begun = performance.now();
  while (!ready() && performance.now() - begun < 60_000) await new Promise((done) => setTimeout(done, 20));
  child.kill(signal);
  const { code, stderr } = await output;
  return { code, stderr: new TextDecoder().decode(stderr) };
}

/** Runs with a checkpoint. */
export const logged = (folder: string) => {
  try {
    return runsIn(folder).filter((name) => {
      try {
        return Deno.statSync(join(folder, name, "checkpoints", "latest")).isFile;
      } catch {
        return false;
      }
    }).length;
  } catch {
    return 0;
  }
};

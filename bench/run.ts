/** Runs workloads one after the other: checks, measures, prints and saves each. */
import { join } from "@std/path";
import { ROOT } from "../core/build/tree.ts";
import { collectEnvironment } from "../core/runs/environment.ts";
import { gitState } from "../core/runs/git.ts";
import { writeJsonAtomic } from "../core/runs/atomic.ts";
import { engineInfo } from "../ffi/info.ts";
import type { Limits } from "./limits.ts";
import { Peer } from "./peer.ts";
import { printOutcome } from "./print.ts";
import type { Context, Mode, Outcome, Workload } from "./types.ts";

/** What bench/results/NAME.json holds. */
export interface Result extends Outcome {
  readonly name: string;
  readonly title: string;
  readonly mode: Mode;
  readonly seconds: number;
  readonly machine: Machine;
}

/** Where and with what a result was measured. No host, no paths. */
export interface Machine {
  readonly measured_at: string;
  readonly narrows: string;
  readonly git_commit: string | null;
  readonly deno: string;
  readonly compiler: string;
  readonly isa: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memory_bytes: number;
  readonly threads: number;
  readonly limits: Limits;
  /** torch, numpy, scipy, python, device; null without a peer. */
  readonly peer: Readonly<Record<string, unknown>> | null;
  readonly command: string;
}

export interface Options {
  readonly mode: Mode;
  readonly threads: number;
  readonly data: string;
  readonly limits: Limits;
  readonly python: string | null;
  /** Where the peer's models run: "cpu", "cuda". */
  readonly device: string;
  readonly command: string;
  /** Where results go. */
  readonly results: string;
  /** Under which the scratch folder is made. */
  readonly build: string;
}

async function peerVersions({ python, device }: Options): Promise<Machine["peer"]> {
  if (python === null) return null;
  await using peer = Peer.start(python, device);
  return await peer.ask("versions");
}

export async function machineOf(options: Options): Promise<Machine> {
  const info = engineInfo();
  const found = await collectEnvironment({ engineInfo: info, threads: options.threads, seed: 0, commandLine: [] });
  const text = (key: string) => String(found[key] ?? "");
  return {
    measured_at: new Date().toISOString(),
    narrows: text("narrows"),
    git_commit: found.git_commit === null ? null : text("git_commit"),
    deno: text("deno"),
    compiler: info.compiler ?? "",
    isa: text("isa"),
    cpu: text("cpu"),
    cores: Number(found.cores),
    memory_bytes: Number(found.memory_bytes),
    threads: options.threads,
    limits: options.limits,
    peer: await peerVersions(options),
    command: options.command,
  };
}

/** @returns the names of the workloads that failed */
export async function runWorkloads(workloads: readonly Workload[], options: Options): Promise<string[]> {
  const machine = await machineOf(options);
  const code = await gitState(ROOT, ["cli", "core", "cpp", "ffi", "spec", "bench/workloads"]);
  await Deno.mkdir(options.build, { recursive: true });
  const failed: string[] = [];
  for (const workload of workloads) {
    const scratch = await Deno.makeTempDir({ dir: options.build, prefix: "bench-" });
    const { name, title } = workload;
    const started = performance.now();
    const seconds = () => Math.round((performance.now() - started) / 100) / 10;
    const keep = async (measured: Outcome) => {
      const goals = options.device === "cpu" ? measured.goals : []; // they are about CPUs
      const result: Result = { name, title, mode: options.mode, seconds: seconds(), machine, ...measured, goals };
      await writeJsonAtomic(join(options.results, `${name}.json`), result);
    };
    const context: Context = {
      ...options,
      scratch,
      scores: code === null || code.dirty ? null : join(options.build, "scores", code.commit),
      hasPeer: options.python !== null,
      peer: () => Promise.resolve(options.python === null ? null : Peer.start(options.python, options.device)),
      keep,
      log: (line) => console.log(line),
    };
    console.log(`\n${title}`);
    try {
      const why = workload.skip(context);
      if (why !== null) {
        console.log(`  skipped: ${why}`);
        continue;
      }
      await workload.check(context);
      const outcome = await workload.measure(context);
      printOutcome(outcome);
      await keep(outcome);
      console.log(`  ${seconds()} s`);
    } catch (error) {
      failed.push(name);
      console.error(`  failed: ${error instanceof Error ? error.message : error}`);
      if (Deno.env.get("NARROWS_DEBUG")) console.error(error);
    } finally {
      await Deno.remove(scratch, { recursive: true });
    }
  }
  return failed;
}

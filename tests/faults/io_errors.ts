/**
 * Trains, resumes and reports while calls of the system fail. Run by io_errors_test.ts in a process of its own, with
 * io_shim.so preloaded.
 *
 *     io_errors.ts SHIM FOLDER CONFIG STRIDE   one line of JSON on stdout for each call that failed: see {@link Told}. What the
 *                                              program says goes to stderr, after a line `== PHASE K`
 *
 * With a STRIDE of 0 one call of each kind fails: the first of all that do the same with a file of the same name.
 */
import { join } from "@std/path";
import { main } from "../../cli/main.ts";
import { tell } from "../../core/output.ts";
import { fingerprintOf } from "../helpers/small_run.ts";
import { EIO, MODES, openShim, READS } from "./shim.ts";

export type Phase = "train" | "resume" | "report";

/** What came of a command one of whose calls failed. */
export interface Told {
  readonly phase: Phase;
  /** The number of the call, and what it was: `write RUN/steps.csv`. */
  readonly k: number;
  readonly call: string;
  readonly status: number;
  /** What is wrong with the run after the next command, without failures, has gone on with it; null if nothing is. */
  readonly after: string | null;
}

const [shimPath, base, config, stride] = Deno.args as [string, string, string, string];
const shim = openShim(shimPath);
const QUIET = ["--quiet", "--no-report"];

/** Each command, and the one by which a user goes on after its failure. */
const COMMANDS: Readonly<Record<Phase, (run: string) => string[]>> = {
  train: (run) => ["train", config, "--run-dir", run, "--resume", "auto", ...QUIET],
  resume: (run) => ["train", "--resume", run, "--override", "training.epochs=3", ...QUIET],
  report: (run) => ["report", "--run", run],
};

/** Every call of a command: the names, with the path below the run. */
function traced(run: string): string[] {
  const buffer = new Uint8Array(1 << 20);
  const length = shim.fault_trace(buffer, buffer.length);
  return new TextDecoder().decode(buffer.subarray(0, length)).trim().split("\n").map((line) =>
    line.replace(run, "RUN")
  );
}

/** The kind of a call: without the numbers and random names in its path. */
const kindOf = (call: string) => call.replace(/[0-9a-f]{12}|[0-9a-f-]{36}/g, "*").replace(/\d+/g, "#");

async function command(phase: Phase, run: string, k: number): Promise<{ status: number; calls: string[] }> {
  shim.fault_arm(new TextEncoder().encode(`${run}\0`), MODES.fail_once, k, EIO, READS);
  const status = await main(COMMANDS[phase](run));
  shim.fault_disarm();
  return { status, calls: traced(run) };
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(join(from, name), join(to, name));
    else await Deno.copyFile(join(from, name), join(to, name));
  }
}

/** How a run differs from the one that had no failures. */
function difference(run: string, whole: string): string | null {
  const [is, wanted] = [fingerprintOf(run), fingerprintOf(whole)];
  const keys = Object.keys(wanted).filter((key) => is[key] !== wanted[key]);
  return keys.length === 0 ? null : `${keys.join(", ")} differ`;
}

if (import.meta.main) {
  const before: Record<Phase, string | null> = {
    train: null,
    resume: join(base, "train"),
    report: join(base, "resume"),
  };
  for (const phase of ["train", "resume", "report"] as const) {
    const whole = join(base, phase);
    const begin = async (run: string) => {
      if (before[phase] !== null) await copyFolder(before[phase]!, run);
    };
    await begin(whole);
    const { status, calls } = await command(phase, whole, Infinity);
    if (status !== 0) throw new Error(`${phase} ends with ${status} where nothing fails`);
    const seen = new Set<string>();
    for (const [i, call] of calls.entries()) {
      const kind = kindOf(call);
      if (Number(stride) > 0 ? i % Number(stride) !== 0 : seen.has(kind)) continue;
      seen.add(kind);
      const k = i + 1, run = join(base, `${phase}-${k}`);
      await begin(run);
      tell(`== ${phase} ${k}`);
      const failed = await command(phase, run, k);
      tell(`== after ${phase} ${k}`);
      const next = failed.status === 0 ? 0 : await main(COMMANDS[phase](run));
      const after = next !== 0 ? `the next try ends with ${next}` : difference(run, whole);
      const told: Told = { phase, k, call: failed.calls[k - 1] ?? "none", status: failed.status, after };
      console.log(JSON.stringify(told));
      await Deno.remove(run, { recursive: true });
    }
  }
  Deno.exit(0);
}

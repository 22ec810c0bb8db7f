/**
 * Random courses of runs: kills at any moment and at any write, signals, rollbacks, overrides and forks. Each ends with a
 * run that is finished, and with the question whether its logs, weights and provenance agree with the course it took.
 *
 *     deno run -A tests/faults/course.ts [--kills 200] [--seed 1]
 */
import { parseArgs } from "@std/cli";
import { join } from "@std/path";
import { ensureEngine } from "../../core/build/ensure.ts";
import { ROOT } from "../helpers/cli.ts";
import { smallProject } from "../helpers/small_run.ts";
import { checkCourse, CONSTANT_RATE } from "./course_check.ts";
import { buildShim } from "./shim.ts";

/** mulberry32: the same courses from the same seed. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6D2B79F5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Outcome {
  readonly kills: number;
  readonly operations: readonly string[];
  readonly violations: readonly string[];
}

const RATES = [0.001, 0.002, 0.003, 0.004, 0.005];

export function isRun(path: string): boolean {
  try {
    return Deno.statSync(join(path, "config.yaml")).isFile;
  } catch {
    return false;
  }
}

/** Whole checkpoints of a run, by name. */
function checkpoints(run: string): string[] {
  try {
    return [...Deno.readDirSync(join(run, "checkpoints"))].map((entry) => entry.name).filter((name) => {
      try {
        return /^step-\d{9}$/.test(name) && Deno.statSync(join(run, "checkpoints", name, "manifest.json")).isFile;
      } catch {
        return false;
      }
    }).sort();
  } catch {
    return [];
  }
}

/** One course with at least `wanted` kills. */
export async function course(folder: string, shim: string | null, seed: number, wanted: number): Promise<Outcome> {
  const next = random(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  const config = smallProject(folder);
  const operations: string[] = [], violations: string[] = [];
  let kills = 0, forks = 0, run = join(folder, "run-0");
  const start = [config, ...CONSTANT_RATE, "--run-dir", run];

  /** Runs `train`, ended in one of several ways; null where it came to its end. */
  const train = async (args: readonly string[], under: string, how: "end" | "write" | "time" | "term") => {
    const env: Record<string, string> = { NO_COLOR: "1" };
    if (how === "write" && shim) {
      Object.assign(env, {
        LD_PRELOAD: shim,
        FAULT_FOLDER: under,
        FAULT_KILL_AT: String(1 + Math.floor(next() * 160)),
      });
    }
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", `${ROOT}cli/train.ts`, ...args, "--no-report"],
      env,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const ms = 200 + next() * 700;
    const timer = how === "time" || how === "term"
      ? setTimeout(() => {
        try {
          child.kill(how === "time" ? "SIGKILL" : "SIGTERM");
        } catch { /* it has ended */ }
      }, ms)
      : undefined;
    const { code, signal, stderr } = await child.output();
    clearTimeout(timer);
    const ended = signal === "SIGKILL" || code === 143 || signal === "SIGTERM";
    operations.push(`${args.join(" ").replaceAll(`${folder}/`, "")}  [${how}: ${signal ?? code}]`);
    if (ended) kills++;
    else if (code === 2 && /no step is left/.test(new TextDecoder().decode(stderr))) return; // refused, rightly
    else if (code !== 0) violations.push(`exit ${code}: ${new TextDecoder().decode(stderr).trim()}`);
  };
  const rate = () => ["--override", `optimizer.learning_rate=${pick(RATES)}`];
  const way = () => pick(["write", "write", "write", "time", "time", "term", "end"] as const);

  while (kills < wanted && violations.length === 0 && operations.length < 40) {
    const saved = isRun(run) ? checkpoints(run) : [];
    const operation = pick(["resume", "override", "rollback", "rollback", "both", "fork"] as const);
    if (!isRun(run) && forks === 0) {
      await train(start, run, way());
    } else if (saved.length === 0 || operation === "resume") {
      await train(["--resume", run], run, way());
    } else if (operation === "override") {
      await train(["--resume", run, ...rate()], run, way());
    } else if (operation === "fork") {
      const branch = join(folder, `run-${++forks}`);
      const other = next() < 0.5 ? rate() : ["--override", `data.mask_rate=${pick([0, 0.2, 0.3])}`];
      other.push("--override", `training.epochs=${3 + forks}`); // so that there are steps to make
      await train(["--fork", join(run, "checkpoints", pick(saved)), "--run-dir", branch, ...other], branch, way());
      if (isRun(branch)) run = branch;
    } else {
      const back = ["--resume", join(run, "checkpoints", pick(saved))];
      await train(operation === "both" ? [...back, ...rate()] : back, run, way());
    }
  }
  if (violations.length === 0) await train(isRun(run) ? ["--resume", run] : start, run, "end");
  if (violations.length === 0) violations.push(...await checkCourse(folder, config, run));
  return { kills, operations, violations };
}

if (import.meta.main) {
  const options = parseArgs(Deno.args, { string: ["kills", "seed"], default: { kills: "200", seed: "1" } });
  await ensureEngine({ quiet: true });
  const folder = await Deno.makeTempDir({ prefix: "narrows_course_" });
  const shim = await buildShim(folder);
  if (shim === null) console.log("no preloaded library here: kills by time only");
  let kills = 0, courses = 0, wrong = 0;
  for (let seed = Number(options.seed); kills < Number(options.kills); seed++, courses++) {
    const inside = join(folder, String(seed));
    await Deno.mkdir(inside);
    const outcome = await course(inside, shim, seed, 3);
    kills += outcome.kills;
    if (outcome.violations.length > 0) {
      wrong++;
      console.log(`seed ${seed}:\n  ${outcome.operations.join("\n  ")}\n  ! ${outcome.violations.join("\n  ! ")}`);
    } else await Deno.remove(inside, { recursive: true });
  }
  console.log(`${kills} kills in ${courses} courses: ${courses - wrong} agree, ${wrong} do not`);
  if (wrong === 0) await Deno.remove(folder, { recursive: true });
  else console.log(`what they left is in ${folder}`);
  Deno.exit(wrong === 0 ? 0 : 1);
}

/** Whether a finished run's logs, weights and provenance agree with the course that its sessions.json tells. */
import { basename, join } from "@std/path";
import { ROOT } from "../helpers/cli.ts";
import { fingerprintOf } from "../helpers/small_run.ts";

/** The rate of a step is the config's, whatever the length of the run. */
export const CONSTANT_RATE = [
  "--override",
  "scheduler={name: constant}",
  "--override",
  "optimizer.learning_rate=0.003",
];

interface SessionRecord {
  readonly command_line: readonly string[];
  /** null of one that never began. */
  readonly first_step: number | null;
  readonly changes: readonly { readonly key: string; readonly to: unknown }[];
  readonly parent: { readonly run: string; readonly checkpoint: string; readonly step: number } | null;
}

/** Steps from `first` on that were made with these settings. */
interface Stretch {
  readonly first: number;
  readonly settings: Settings;
}

const sessionsOf = (run: string): SessionRecord[] => JSON.parse(Deno.readTextFileSync(join(run, "sessions.json")));

type Settings = Readonly<Record<string, unknown>>;

const withChanges = (settings: Settings, { changes }: SessionRecord): Settings => ({
  ...settings,
  ...Object.fromEntries(changes.map(({ key, to }) => [key, to])),
});

/** What a run begins with: a fork with the settings that its parent had at last. */
function beginning(sessions: readonly SessionRecord[]): Settings {
  const parent = sessions[0]!.parent;
  if (parent === null) return START;
  const before = sessionsOf(parent.run);
  return before.reduce(withChanges, beginning(before));
}

/** What led to the present weights: later sessions replace the steps from their first on. */
function stretches(sessions: readonly SessionRecord[]): Stretch[] {
  const course: Stretch[] = [];
  let settings = beginning(sessions);
  for (const session of sessions) {
    const first = session.first_step;
    settings = withChanges(settings, session);
    if (first === null) continue;
    while (course.length > 0 && course.at(-1)!.first >= first) course.pop();
    course.push({ first, settings });
  }
  return course.filter((stretch, i) =>
    i === 0 || JSON.stringify(stretch.settings) !== JSON.stringify(course[i - 1]!.settings)
  );
}

async function train(args: readonly string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `${ROOT}cli/train.ts`, ...args, "--no-report", "--quiet"],
    stdin: "null",
    stdout: "null",
  }).output();
  if (code !== 0) throw new Error(`the reference: exit ${code}: ${new TextDecoder().decode(stderr).trim()}`);
}

const overrides = (settings: Settings) =>
  Object.entries(settings).flatMap(([key, value]) => ["--override", `${key}=${JSON.stringify(value)}`]);

const START: Settings = { "optimizer.learning_rate": 0.003 };

/** The settings that were in force at a step that a run has made. */
function settingsAt(run: string, step: number): Settings | undefined {
  return stretches(sessionsOf(run)).findLast(({ first }) => first <= step)?.settings;
}

/**
 * Repeats the course of a run without an interruption, up to a step (to the end: null).
 * @returns the folder of the repetition
 */
async function repeat(folder: string, config: string, run: string, until: number | null): Promise<string> {
  const sessions = sessionsOf(run);
  const parent = sessions[0]!.parent;
  const target = join(folder, `reference-${basename(run)}-${until ?? "end"}`);
  const all = stretches(sessions);
  let course = all.filter(({ first }) => until === null || first <= until);
  if (course.length === 0) { // a fork that was forked where it began: it keeps that checkpoint
    course = all.slice(0, 1);
    until = null;
  }
  for (const [i, { settings }] of course.entries()) {
    const last = course[i + 1] ? course[i + 1]!.first - 1 : until;
    const limit = ["--override", `training.max_steps=${last ?? "null"}`, "--override", "checkpoint.keep=1000"];
    if (i > 0) await train(["--resume", target, ...overrides(settings), ...limit]);
    else if (parent === null) {
      await train([config, ...CONSTANT_RATE, ...overrides(settings), ...limit, "--run-dir", target]);
    } else {
      const before = await repeat(folder, config, parent.run, parent.step);
      const from = join(before, "checkpoints", basename(parent.checkpoint));
      await train(["--fork", from, "--run-dir", target, ...overrides(settings), ...limit]);
    }
  }
  return target;
}

/** @returns one line for each thing that does not agree */
export async function checkCourse(folder: string, config: string, run: string): Promise<string[]> {
  const violations: string[] = [];
  const sessions = sessionsOf(run);
  const parent = sessions[0]!.parent;
  const [head, ...rows] = Deno.readTextFileSync(join(run, "steps.csv")).trim().split("\n").map((row) => row.split(","));
  const column = (name: string) => head!.indexOf(name);
  const begin = parent?.step ?? 0;
  rows.forEach((row, i) => {
    const step = begin + i + 1;
    if (Number(row[column("step")]) !== step) violations.push(`row ${i} of steps.csv is step ${row[0]}, not ${step}`);
    const rate = settingsAt(run, step)?.["optimizer.learning_rate"];
    if (Number(row[column("learning_rate")]) !== rate) {
      violations.push(
        `step ${step} of steps.csv has rate ${row[column("learning_rate")]}, sessions.json tells ${rate}`,
      );
    }
  });
  const summary = JSON.parse(Deno.readTextFileSync(join(run, "summary.json")));
  if (summary.status !== "finished") violations.push(`summary.json: ${summary.status}`);
  if (begin + rows.length !== summary.steps) violations.push(`${rows.length} rows of steps, ${summary.steps} steps`);
  const reference = await repeat(folder, config, run, null);
  const ours = fingerprintOf(run), theirs = fingerprintOf(reference);
  for (const name of Object.keys(ours)) {
    if (ours[name] !== theirs[name]) violations.push(`${name} is not that of ${basename(reference)}`);
  }
  return violations.slice(0, 8);
}

/**
 * Saves checkpoints while the disk fails. Run by faults_test.ts in a process of its own, with io_shim.so preloaded.
 *
 *     driver.ts sweep SHIM FOLDER JSON      every call of a save fails in turn; prints {points, violations}
 *     driver.ts kill SHIM FOLDER K          SIGKILL at call K of three saves; prints each step once it is saved
 *     driver.ts back SHIM FOLDER JSON       every call of a run's way back fails in turn; prints {points, violations}
 *     driver.ts killback SHIM FOLDER K      SIGKILL at call K of a run's way back
 *     driver.ts full FOLDER                 saves more than the file system under FOLDER holds; prints the error
 */
import { join } from "@std/path";
import { loadCheckpoint } from "../../core/checkpoint/load.ts";
import { resolveCheckpoint } from "../../core/checkpoint/resolve.ts";
import { saveCheckpoint, type SaveRequest, type SaveStepName } from "../../core/checkpoint/save.ts";
import { UserError } from "../../core/errors.ts";
import { RunFolder } from "../../core/runs/folder.ts";
import { goBack } from "../../core/train/go_back.ts";
import { freshState, RANDOM_START } from "../../core/train/state.ts";
import { bytesOf, memorySink, patternTensor } from "../core/formats/tensors.ts";
import { EIO, MODES, openShim } from "./shim.ts";

export interface Sweep {
  readonly mode: keyof typeof MODES;
  /** What is there before, and what the failing save does. */
  readonly scenario: "first" | "next" | "replace";
  /** After the failure: nothing more, unsynced data lost, unsynced renames lost as well. */
  readonly power?: "data" | "names";
  /** Planted faults: 1 files are not fsynced, 2 folders are not. */
  readonly ignoreSync?: number;
  /** Planted faults: the steps of a save in another order. */
  readonly order?: readonly SaveStepName[];
}

function request(step: number, salt: number): SaveRequest {
  return {
    step,
    parameters: [patternTensor("w", "F32", [40, 30], salt), patternTensor("b", "F32", [30], salt)],
    optimizer: [patternTensor("m", "F64", [40, 30], salt)],
    state: { salt },
    keep: 1,
  };
}

/** Loads a checkpoint of `request` whole; the salt it was saved with. Throws if a single byte is not as it was. */
export async function loadSalt(path: string): Promise<number> {
  const parameters = [memorySink("w", "F32", [40, 30]), memorySink("b", "F32", [30])];
  const optimizer = [memorySink("m", "F64", [40, 30])];
  const { step, state } = await loadCheckpoint(path, { parameters, optimizer });
  const { salt } = state as { salt: number };
  const saved = request(step, salt);
  for (const [i, sink] of [...parameters, ...optimizer].entries()) {
    const expected = await bytesOf([...saved.parameters, ...saved.optimizer][i]!);
    if (expected.some((byte, at) => byte !== sink.bytes[at])) throw new Error(`${path}: ${sink.name} differs`);
  }
  return salt;
}

async function sweep(shim: ReturnType<typeof openShim>, base: string, plan: Sweep) {
  const violations: string[] = [];
  let points = 0;
  for (let k = 1;; k++) {
    const dir = join(base, `${k}`);
    await Deno.mkdir(dir);
    if (plan.scenario !== "first") {
      await saveCheckpoint(dir, request(10, 10));
      await saveCheckpoint(dir, request(20, 20));
    }
    const attempted = plan.scenario === "replace" ? request(20, 21) : request(30, 30);
    const [before, after] = [
      plan.scenario === "first" ? null : 20,
      attempted.step + (plan.scenario === "replace" ? 1 : 0),
    ];
    shim.fault_arm(new TextEncoder().encode(`${dir}\0`), MODES[plan.mode], k, EIO, plan.ignoreSync ?? 0);
    const error = await saveCheckpoint(dir, attempted, plan.order).then(() => null, (error: unknown) => error);
    const reached = shim.fault_disarm() >= k;
    if (plan.power) shim.fault_power_loss(plan.power === "names" ? 1 : 0);
    const violation = await check(dir, error, before, after);
    if (violation) violations.push(`call ${k}: ${violation}`);
    await Deno.remove(dir, { recursive: true });
    if (!reached) break;
    points++;
  }
  return { points, violations };
}

/** What is wrong after a save that ended with `error` (null: well), where `before` was the last good salt. */
async function check(dir: string, error: unknown, before: number | null, after: number): Promise<string | null> {
  if (error !== null && !(error instanceof UserError)) return `not an error for users: ${error}`;
  if (error && (error.exitCode !== 1 || !error.where.startsWith(dir))) return `error without a place: ${error.message}`;
  const warnings: string[] = [];
  try {
    const found = await resolveCheckpoint(dir, "latest", (line) => warnings.push(line));
    const salt = await loadSalt(found.path);
    if (salt !== after && (error === null || salt !== before)) return `found ${salt}, not ${error ? before : after}`;
  } catch (cause) {
    if (!(cause instanceof UserError) || before !== null || error === null) return `nothing to load: ${cause}`;
  }
  if (warnings.length > 0) return `a bad checkpoint was met: ${warnings[0]}`;
  try {
    await saveCheckpoint(dir, request(40, 40));
    const next = await resolveCheckpoint(dir, "latest", (line) => warnings.push(line));
    if (await loadSalt(next.path) !== 40 || warnings.length > 0) return "the next save did not hold";
  } catch (cause) {
    return `the next save failed: ${cause}`;
  }
  return null;
}

/** A run of three epochs of ten steps, each with its checkpoint: what a way back to step 10 begins with. */
export async function prepareRun(dir: string): Promise<void> {
  const log = (name: string, header: string, rows: string[]) =>
    Deno.writeTextFile(join(dir, name), `${[header, ...rows].join("\n")}\n`);
  const epochs = [1, 2, 3];
  await Deno.mkdir(join(dir, "checkpoints"));
  for (const epoch of epochs) {
    await saveCheckpoint(dir, { ...request(10 * epoch, epoch), keep: 9, best: true });
    await Deno.mkdir(join(dir, "diagnostics", `epoch-000${epoch}`), { recursive: true });
    await Deno.writeTextFile(join(dir, "diagnostics", `epoch-000${epoch}`, "latent.json"), `${epoch}`);
  }
  await log("steps.csv", "step,loss", Array.from({ length: 30 }, (_, i) => `${i + 1},${1 / (i + 1)}`));
  await log("chunks.csv", "epoch,chunk,loss", epochs.map((epoch) => `${epoch},0,1`));
  await log("epochs.csv", "epoch,train_loss", epochs.map((epoch) => `${epoch},1`));
}

/** Puts the run back to its step 10, as a resume does before its first step. */
export async function backToTen(dir: string): Promise<void> {
  const at = { ...freshState("data"), start: RANDOM_START, step: 10, epoch: 1, best: { epoch: 1, step: 10, loss: 1 } };
  await goBack(new RunFolder(dir), join(dir, "checkpoints", "step-000000010"), at, true);
}

/** What is wrong with a run that is on its way back, or, if `done`, has come there. All that it had must still be there. */
export async function checkBack(dir: string, done: boolean): Promise<string[]> {
  const wrong: string[] = [];
  const lines = (path: string) => {
    try {
      return Deno.readTextFileSync(path).trim().split("\n").slice(1);
    } catch {
      return [];
    }
  };
  const attempts = await Array.fromAsync(Deno.readDir(join(dir, "attempts"))).catch(() => []);
  const aside = attempts.filter(({ name }) => !name.startsWith(".")).map(({ name }) => join(dir, "attempts", name));
  for (const [name, all, kept] of [["steps.csv", 30, 10], ["chunks.csv", 3, 1], ["epochs.csv", 3, 1]] as const) {
    const rows = lines(join(dir, name)), left = aside.flatMap((folder) => lines(join(folder, name)));
    const keys = new Set([...rows, ...left].map((row) => row.split(",")[0]));
    if (keys.size !== all || rows.length < kept) wrong.push(`${name}: rows are lost`);
    if (done && (rows.length !== kept || left.length !== all - kept)) {
      wrong.push(`${name}: ${rows.length}, ${left.length}`);
    }
  }
  for (const [epoch, step] of [[2, "step-000000020"], [3, "step-000000030"]] as const) {
    for (const path of [join("checkpoints", step), join("diagnostics", `epoch-000${epoch}`)]) {
      const places = [dir, ...aside].map((folder) => join(folder, path)).filter((place) => isThere(place));
      if (places.length !== 1) wrong.push(`${path} is in ${places.length} places`);
      if (done && places[0] === join(dir, path)) wrong.push(`${path} is still in the run`);
    }
  }
  const warn = (line: string) => wrong.push(line);
  const latest = await resolveCheckpoint(dir, "latest", warn);
  if (latest.step !== (done ? 10 : latest.step) || ![10, 30].includes(latest.step)) {
    wrong.push(`latest is ${latest.name}`);
  }
  if (attempts.length > 0 && latest.step !== 10) wrong.push("the later course would come back");
  if (done && (await resolveCheckpoint(dir, "best", warn)).step !== 10) wrong.push("best is of the course left");
  return wrong;
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Every call of a way back fails in turn; then it is gone again, without failures. */
async function sweepBack(
  shim: ReturnType<typeof openShim>,
  base: string,
  { mode, power }: Pick<Sweep, "mode" | "power">,
) {
  const violations: string[] = [];
  let points = 0;
  for (let k = 1;; k++) {
    const dir = join(base, `${mode}-${power}-${k}`);
    await Deno.mkdir(dir);
    await prepareRun(dir);
    shim.fault_arm(new TextEncoder().encode(`${dir}\0`), MODES[mode], k, EIO, 0);
    const error = await backToTen(dir).then(() => null, (error: unknown) => error);
    const reached = shim.fault_disarm() >= k;
    if (power) shim.fault_power_loss(power === "names" ? 1 : 0);
    if (error !== null && !(error instanceof UserError)) violations.push(`call ${k}: not an error for users: ${error}`);
    violations.push(...(await checkBack(dir, false)).map((wrong) => `call ${k}: ${wrong}`));
    await backToTen(dir);
    violations.push(...(await checkBack(dir, true)).map((wrong) => `after call ${k}: ${wrong}`));
    await Deno.remove(dir, { recursive: true });
    if (!reached) break;
    points++;
  }
  return { points, violations };
}

async function saveUntilFull(dir: string): Promise<void> {
  await saveCheckpoint(dir, request(10, 10));
  const large = { ...request(20, 20), parameters: [patternTensor("w", "F32", [1000, 1000], 1)] };
  const error = await saveCheckpoint(dir, large).then(() => null, (error: unknown) => error);
  const entries = Array.from(Deno.readDirSync(join(dir, "checkpoints")), (entry) => entry.name).sort();
  const warn = (line: string) => entries.push(line);
  const salt = await loadSalt((await resolveCheckpoint(dir, "latest", warn)).path);
  await saveCheckpoint(dir, request(30, 30));
  const next = await loadSalt((await resolveCheckpoint(dir, "latest", warn)).path);
  const { message = "", hint = "", exitCode = 0 } = error instanceof UserError ? error : {};
  console.log(JSON.stringify({ message, hint, exitCode, entries, salt, next }));
}

if (import.meta.main) {
  const [command, ...args] = Deno.args as [string, ...string[]];
  if (command === "sweep") {
    const shim = openShim(args[0]!);
    for (const [i, plan] of (JSON.parse(args[2]!) as Sweep[]).entries()) {
      const base = join(args[1]!, `sweep-${i}`);
      await Deno.mkdir(base);
      console.log(JSON.stringify(await sweep(shim, base, plan)));
    }
  } else if (command === "kill") {
    openShim(args[0]!).fault_arm(new TextEncoder().encode(`${args[1]}\0`), MODES.kill, Number(args[2]), 0, 0);
    for (const step of [10, 20, 30]) {
      await saveCheckpoint(args[1]!, request(step, step));
      Deno.stdout.writeSync(new TextEncoder().encode(`${step}\n`));
    }
  } else if (command === "back") {
    const shim = openShim(args[0]!);
    for (const plan of JSON.parse(args[2]!) as Sweep[]) {
      console.log(JSON.stringify(await sweepBack(shim, args[1]!, plan)));
    }
  } else if (command === "killback") {
    openShim(args[0]!).fault_arm(new TextEncoder().encode(`${args[1]}\0`), MODES.kill, Number(args[2]), 0, 0);
    await backToTen(args[1]!);
  } else await saveUntilFull(args[0]!);
}

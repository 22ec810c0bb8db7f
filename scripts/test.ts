/**
 * `deno task test`: builds the engine with its tests, runs them, then the TypeScript tests, and ends with what failed
 * and the sums over both: `N passed, N failed`. With paths (`deno task test tests/core`) only those TypeScript tests.
 */
import { fromFileUrl, join } from "@std/path";
import { buildEngine } from "../core/build/build.ts";
import { lines } from "../core/build/lines.ts";
import { UserError } from "../core/errors.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url));
// The tests start the program as from a shell, wherever `deno task test` itself was typed.
Deno.env.delete("INIT_CWD");
// deno-lint-ignore no-control-regex -- the colours of a terminal
const COLOUR = /\x1b\[[\d;]*m/g;

interface Count {
  readonly passed: number;
  readonly failed: number;
  /** What the program printed about tests that failed. */
  readonly errors: readonly string[];
}

/** How a test program's output is read. */
interface Reading {
  /** The line with the numbers of tests that passed and failed. */
  readonly counts: RegExp;
  /** From this line on, up to that one, failed tests are told. */
  readonly errors: RegExp;
}

/** The engine's programs print nothing but what fails. */
const ENGINE: Reading = { counts: /^(\d+) passed, (\d+) failed$/, errors: /^/ };
const PROGRAM: Reading = { counts: /\| (\d+) passed.* \| (\d+) failed/, errors: /^ ERRORS $/ };

/** Runs a test program, passes its output on, and counts by its last line with counts. */
async function run(command: string, args: string[], reading: Reading): Promise<Count> {
  const child = new Deno.Command(command, {
    args,
    cwd: ROOT,
    env: Deno.stdout.isTerminal() ? { FORCE_COLOR: "1" } : {},
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let passed = 0, failed = 0, telling = false;
  const errors: string[] = [];
  for await (const line of lines(child.stdout)) {
    console.log(line);
    const plain = line.replaceAll(COLOUR, "");
    const match = reading.counts.exec(plain);
    if (match) [passed, failed] = [Number(match[1]), Number(match[2])];
    telling = !match && (telling || reading.errors.test(plain));
    if (telling) errors.push(line);
  }
  const { success, code } = await child.status;
  if (success) return { passed, failed, errors: [] };
  // A program that ends badly without saying what failed (a crash, a module that does not load) is one failure.
  if (failed > 0) return { passed, failed, errors };
  return {
    passed,
    failed: 1,
    errors: [...errors, `${command} ended with status ${code} and told no test that failed`],
  };
}

async function engineTests(): Promise<Count[]> {
  const { folder } = await buildEngine({ tests: true });
  const programs = [...Deno.readDirSync(join(folder, "tests"))]
    .filter((entry) => entry.isFile && /^test_[a-z]+(\.exe)?$/.test(entry.name)).map((entry) => entry.name).sort();
  const all: Count[] = [];
  for (const name of programs) {
    console.log(`engine: ${name}`);
    const count = await run(join(folder, "tests", name), [], ENGINE);
    const ran = count.passed + count.failed > 0;
    all.push(ran ? count : { passed: 0, failed: 1, errors: [`${name} ran no test`] });
  }
  return all;
}

/** Tests that wait, hang or measure time, which others beside them would disturb: one file after the other. */
const ALONE = [
  ...["course", "faults", "preparing"].map((name) => `tests/faults/${name}_test.ts`),
  "tests/reports/time_budget_test.ts",
  ...["command_sink", "config", "doctor", "honest", "module_sink", "output", "sinks", "slurm"].map((name) =>
    `tests/cli/${name}_test.ts`
  ),
];

/** Test files, as many at the same time as there are cores. */
async function programTests(paths: string[]): Promise<Count[]> {
  // Types are what `deno check` is for, in the gate.
  const tests = (args: string[]) => run(Deno.execPath(), ["test", "-A", "--no-check", ...args], PROGRAM);
  if (paths.length > 0) return [await tests(paths)];
  return [await tests(["--parallel", `--ignore=${ALONE.join(",")}`, "tests"]), await tests(ALONE)];
}

/** @returns the exit status: 0 only if something ran and nothing failed. */
async function test(paths: string[]): Promise<number> {
  const counts = paths.length > 0 ? [] : await engineTests();
  counts.push(...await programTests(paths));
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  // Of several programs, what failed is told again, since it lies far above.
  if (counts.length > 1) { for (const line of counts.flatMap((count) => count.errors)) console.log(line); }
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

try {
  Deno.exitCode = await test(Deno.args);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`narrows: ${error.message}\n  ${error.hint}`);
  Deno.exitCode = error.exitCode;
}

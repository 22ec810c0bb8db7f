/** Configures and compiles cpp/ with CMake. If nothing has changed, CMake is not started. */
import { isFile } from "../formats/file.ts";
import { join, relative } from "@std/path";
import { LIBRARY_NAME } from "../../ffi/library.ts";
import { UserError } from "../errors.ts";
import { tell } from "../output.ts";
import { canFetchLibdeflate, fetchLibdeflate } from "./libdeflate.ts";
import { lines } from "./lines.ts";
import { findCompiler, findProgram, installHint, type Need, NEEDS } from "./programs.ts";
import { buildProgress, type Progress } from "./progress.ts";
import { configHpp, type Shapes, shapesHash } from "./shapes.ts";
import * as trees from "./tree.ts";

export interface BuildOptions {
  /** The engine's tests and benchmarks as well. */
  readonly tests?: boolean;
  /** Into a folder of its own, always with the tests: only a whole program can be sanitized. */
  readonly sanitize?: trees.Sanitizer | null;
  /** An engine specialised to these, a library of its own; not with `sanitize`. */
  readonly shapes?: Shapes;
  /** No progress and no closing line; errors still come. */
  readonly quiet?: boolean;
  /** Root of the source tree; this program's own by default. */
  readonly root?: string;
}

export interface BuildResult {
  readonly folder: string;
  readonly library: string;
  /** False if everything was up to date. */
  readonly built: boolean;
}

interface Tools {
  readonly cmake: string;
  readonly compiler: string;
  readonly ninja: boolean;
}

/** A path as a person would type it here. */
const shown = (path: string) => path.startsWith(Deno.cwd()) ? relative(Deno.cwd(), path) : path;
const failure = (what: string, hint: string) => new UserError("build", what, hint, 1);

/** @throws {UserError} naming everything that is missing and its packages. */
function findTools(): Tools {
  const [cmake, compiler] = [findProgram(NEEDS.cmake.names), findCompiler()];
  const maker = findProgram(NEEDS.ninja.names);
  const missing: Need[] = [];
  if (!compiler) missing.push(NEEDS.compiler);
  if (!cmake) missing.push(NEEDS.cmake);
  if (!maker) missing.push(NEEDS.ninja);
  if (!cmake || !compiler || !maker) {
    const names = missing.map((need) => need.what).join(", ");
    throw failure(`the engine needs ${names}, not found on this machine`, installHint(missing));
  }
  return { cmake, compiler, ninja: maker.endsWith("ninja") };
}

interface Outcome {
  readonly success: boolean;
  readonly output: readonly string[];
}

/** Runs one command into the log; `seen` gets each line. */
async function logged(
  log: Deno.FsFile,
  command: string,
  args: readonly string[],
  seen: (line: string) => void = () => {},
): Promise<Outcome> {
  const output: string[] = [];
  const encoder = new TextEncoder();
  const take = (line: string) => {
    output.push(line);
    log.writeSync(encoder.encode(line + "\n"));
    seen(line);
  };
  take(`> ${command} ${args.join(" ")}`);
  const child = new Deno.Command(command, { args: [...args], stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  await Promise.all([child.stdout, child.stderr].map(async (stream) => {
    for await (const line of lines(stream)) take(line);
  }));
  return { success: (await child.status).success, output };
}

/** The messages in a failed command's output, without steps and command lines. */
export function excerpt(output: readonly string[], most = 40): string[] {
  const start = output.findIndex((line) => /^(FAILED:|CMake Error)|: (fatal )?error[: ]/.test(line));
  const kept = output.slice(Math.max(start, 0)).filter((line, i, all) =>
    !/^(\[[\d/ %]+\]|FAILED:|ninja: build stopped|g?make(\[\d+\])?:|> )/.test(line) &&
    !/^FAILED:/.test(all[i - 1] ?? "") &&
    line.trim()
  );
  return kept.length > most ? [...kept.slice(0, most), `... ${kept.length - most} more lines in the log`] : kept;
}

function fail(where: trees.Tree, what: string, { output }: Outcome, progress: Progress): never {
  progress.clear();
  for (const line of excerpt(output)) tell(line);
  throw failure(what, `the whole log: ${shown(where.log)}`);
}

/** Whether CMake looked for libdeflate and did not find it, as its cache has it. */
function lacksLibdeflate({ build }: trees.Tree): boolean {
  try {
    return /^NARROWS_DEFLATE_\w+:\w+=NARROWS_DEFLATE_\w+-NOTFOUND$/m.test(
      Deno.readTextFileSync(join(build, "CMakeCache.txt")),
    );
  } catch {
    return false; // it failed before it had a cache
  }
}

async function configure(
  where: trees.Tree,
  tools: Tools,
  args: readonly string[],
  log: Deno.FsFile,
  progress: Progress,
): Promise<void> {
  const cmake = () => logged(log, tools.cmake, args);
  progress.step("configuring");
  let outcome = await cmake();
  if (!outcome.success && lacksLibdeflate(where)) {
    const hint = installHint([NEEDS.libdeflate]);
    if (!canFetchLibdeflate()) throw failure("the engine needs libdeflate, not found on this machine", hint);
    progress.step("fetching libdeflate");
    if (!await fetchLibdeflate(where)) {
      throw failure("the engine needs libdeflate, and its package could not be downloaded", hint);
    }
    outcome = await cmake();
  }
  if (!outcome.success) fail(where, "CMake cannot configure the engine", outcome, progress);
}

async function compile(
  where: trees.Tree,
  tools: Tools,
  target: trees.Target,
  log: Deno.FsFile,
  progress: Progress,
): Promise<void> {
  progress.step("compiling");
  const what = target === "library" ? ["--target", "narrows"] : [];
  const args = ["--build", where.build, "--parallel", String(navigator.hardwareConcurrency), ...what];
  const outcome = await logged(log, tools.cmake, args, (line) => {
    const [, done, total, step] = /^\[\s*(\d+)(?:\/(\d+)|%)\] (?:Building|Linking) .*[ /](\S+)$/.exec(line) ?? [];
    if (done && step) progress.step(step.replace(/\.o$/, ""), Number(done), Number(total ?? 100));
  });
  if (!outcome.success) fail(where, "the engine does not compile", outcome, progress);
}

const configFile = (where: trees.Tree) => join(where.build, "config.hpp");

/** Arguments of CMake's configure step, the same for the same tree and tools. */
function configureArguments(where: trees.Tree, options: BuildOptions, tests: boolean): string[] {
  return [
    "-DCMAKE_BUILD_TYPE=Release",
    `-DNARROWS_DEPS=${where.deps}`,
    `-DNARROWS_TESTS=${tests ? "ON" : "OFF"}`,
    `-DNARROWS_SANITIZE=${options.sanitize ?? ""}`,
    ...options.shapes
      ? [`-DNARROWS_CONFIG_HPP=${configFile(where)}`, `-DNARROWS_GENERAL=${trees.tree(null, options.root).build}`]
      : [],
  ];
}

/** Puts a specialised library where it is looked for; a process that has the old one open keeps it. */
function publish(where: trees.Tree): void {
  const fresh = `${where.library}.new`;
  Deno.copyFileSync(join(where.build, LIBRARY_NAME), fresh);
  Deno.renameSync(fresh, where.library);
}

/** Forgets a CMake configuration made with other tools or for another place; objects stay. */
function dropStaleCache(where: trees.Tree, tools: Tools): void {
  const path = join(where.build, "CMakeCache.txt");
  if (!isFile(path)) return;
  const cache = Deno.readTextFileSync(path);
  const entry = (name: string) => new RegExp(`^${name}:[A-Z]+=(.*)$`, "m").exec(cache)?.[1];
  const same = entry("CMAKE_HOME_DIRECTORY") === where.sources && entry("CMAKE_CXX_COMPILER") === tools.compiler &&
    entry("CMAKE_GENERATOR") === (tools.ninja ? "Ninja" : "Unix Makefiles");
  if (same) return;
  Deno.removeSync(path);
  Deno.removeSync(join(where.build, "CMakeFiles"), { recursive: true });
}

interface Plan {
  readonly where: trees.Tree;
  readonly target: trees.Target;
  readonly args: readonly string[];
}

function plan(options: BuildOptions): Plan {
  const { shapes, root } = options;
  const where = shapes ? trees.specialTree(shapesHash(shapes), root) : trees.tree(options.sanitize ?? null, root);
  const target = options.tests || options.sanitize ? "tests" : "library";
  return { where, target, args: configureArguments(where, options, target === "tests") };
}

function stampNow({ where, target, args }: Plan): trees.Stamp {
  const shared = args.filter((arg) => !arg.startsWith("-DNARROWS_TESTS")); // adds targets, changes none
  return {
    sources: trees.sourceHash(where.sources, target),
    arguments: [...shared, Deno.env.get("CXXFLAGS") ?? ""].join(" "),
    compiler: trees.compilerStamp(findCompiler()),
  };
}

const planUpToDate = (plan: Plan) =>
  isFile(plan.where.library) && trees.sameStamp(trees.readStamp(plan.where, plan.target), stampNow(plan));

/** Whether {@link buildEngine} with these options would have nothing to do. */
export function isUpToDate(options: BuildOptions = {}): boolean {
  return planUpToDate(plan(options));
}

/**
 * Builds the engine if its sources, arguments or compiler differ from what the last build saw.
 * Two processes at once are safe: the second waits, then finds everything up to date.
 * @throws {UserError} if a tool is missing or the sources do not compile.
 */
export async function buildEngine(options: BuildOptions = {}): Promise<BuildResult> {
  const work = plan(options);
  const { where, target, args } = work;
  const result = { folder: where.build, library: where.library };
  if (planUpToDate(work)) return { ...result, built: false };

  // Taken before compiling: an edit made meanwhile is for the next build. The tests' build makes the library as well.
  const stamps = [...new Set<trees.Target>(["library", target])].map((made) =>
    [made, stampNow({ ...work, target: made })] as const
  );
  if (options.shapes) await buildEngine({ quiet: options.quiet, root: options.root }); // most of it is taken from there
  const tools = findTools();
  const progress = buildProgress(options.quiet);
  const started = performance.now();
  await Deno.mkdir(where.build, { recursive: true });
  using lock = await Deno.open(`${where.build}.lock`, { create: true, write: true });
  if (!await lock.tryLock(true)) {
    progress.step("waiting for another build to end");
    await lock.lock(true);
    progress.clear();
    if (planUpToDate(work)) return { ...result, built: false };
  }
  trees.dropStamps(where);
  dropStaleCache(where, tools);
  using log = await Deno.create(where.log);
  const generator = tools.ninja ? "Ninja" : "Unix Makefiles";
  const tooling = ["-S", where.sources, "-B", where.build, "-G", generator, `-DCMAKE_CXX_COMPILER=${tools.compiler}`];
  if (options.shapes) Deno.writeTextFileSync(configFile(where), configHpp(options.shapes));
  await configure(where, tools, [...tooling, ...args], log, progress);
  await compile(where, tools, target, log, progress);
  if (options.shapes) publish(where);
  for (const [made, stamp] of stamps) trees.writeStamp(where, made, stamp);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  progress.line(`built ${shown(where.library)} in ${seconds} s`);
  return { ...result, built: true };
}

/** `deno task bench`: side-by-side measurements with a peer, results in bench/results, docs/performance.md. */
import { parseArgs } from "@std/cli/parse-args";
import { join } from "@std/path";
import { ROOT } from "../core/build/tree.ts";
import { UserError } from "../core/errors.ts";
import { engineInfo } from "../ffi/info.ts";
import { measureLimits } from "./limits.ts";
import { printGoals } from "./print.ts";
import { readResults, writePage } from "./render.ts";
import { runWorkloads } from "./run.ts";
import type { Mode, Workload } from "./types.ts";
import { WORKLOADS } from "./workloads/mod.ts";

/** The placeholders for paths of this machine in the command of a result. */
const PLACES: Readonly<Record<string, string>> = { "--peer": "PYTHON", "--data": "DATA", "--output": "OUTPUT" };

const HELP = `Usage: deno task bench [--quick] [--peer PYTHON] [--only NAME[,NAME]]

Measures narrows, in turns with PyTorch if a Python with torch, numpy and scipy is given, and writes
bench/results/NAME.json and docs/performance.md. Every result is checked before it is timed.

  --quick        a rough estimate in two minutes; in any mode nothing else may run on the machine
  --thorough     also the longest protocols: five seeds on 20 Newsgroups take PyTorch an hour and a half
  --peer PYTHON  a Python that has torch, numpy and scipy
  --device D     where the peer's models run: cpu (default) or cuda
  --only NAMES   some workloads: ${WORKLOADS.map((workload) => workload.name).join(", ")}
  --data D       folder with news20/chunks and pbmc3k/chunks (default ../shared/data)
  --threads N    threads of both sides (default 2)
  --output D     write the results and the page to D/results and D/performance.md instead
  --render       only make the page from the results that exist`;

function chosen(names: string | undefined): readonly Workload[] {
  if (names === undefined) return WORKLOADS;
  return names.split(",").map((name) => {
    const found = WORKLOADS.find((workload) => workload.name === name);
    if (found) return found;
    const known = WORKLOADS.map((workload) => workload.name).join(", ");
    throw new UserError("--only", `no workload ${JSON.stringify(name)}`, `there are ${known}`);
  });
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseArgs(args, {
    boolean: ["quick", "thorough", "render", "help"],
    string: ["peer", "device", "only", "data", "threads", "output"],
    default: { threads: "2" },
    unknown: (argument) => {
      throw new UserError(argument, "bench has no such option", "deno task bench --help");
    },
  });
  if (options.help) return console.log(HELP), 0;
  const workloads = chosen(options.only);
  const threads = Number(options.threads);
  if (!(Number.isInteger(threads) && threads >= 1)) {
    throw new UserError("--threads", `must be a whole number of at least 1, got ${options.threads}`);
  }
  const results = options.output ? join(options.output, "results") : join(ROOT, "bench", "results");
  const page = options.output ? join(options.output, "performance.md") : join(ROOT, "docs", "performance.md");
  await Deno.mkdir(results, { recursive: true });
  let failed: string[] = [];
  if (!options.render) {
    const mode: Mode = options.quick ? "quick" : options.thorough ? "thorough" : "full";
    const limits = await measureLimits(threads);
    const info = engineInfo();
    console.log(`narrows ${info.version}, kernels ${info.isa}, ${threads} threads, ${mode}`);
    console.log(`limits: ${limits.f32_gflops} GFLOP/s f32, ${limits.memory_gbps} GB/s`);
    failed = await runWorkloads(workloads, {
      mode,
      threads,
      data: options.data ?? join(ROOT, "../shared/data"),
      limits,
      python: options.peer ?? null,
      device: options.device ?? "cpu",
      // The peer's path is of this machine only.
      command: ["deno task bench", ...args.map((text, i) => PLACES[args[i - 1] ?? ""] ?? text)].join(" "),
      results,
      build: join(ROOT, "build"),
    });
  }
  const all = await readResults(results);
  await writePage(all, page);
  printGoals(all.flatMap((result) => result.goals));
  console.log(`\n${page}`);
  if (failed.length > 0) console.error(`narrows: bench: failed: ${failed.join(", ")}`);
  return failed.length > 0 ? 1 : 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(`narrows: ${error.message}${error.hint ? `\n  hint: ${error.hint}` : ""}`);
    Deno.exit(error.exitCode);
  }
}

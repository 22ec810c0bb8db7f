/**
 * Measures what diagnostics and sinks add to a run. Each config is trained several times, in turn without any and with those of
 * `diagnostics.kinds` (by default `auto`) and of `--sinks` (by default none); the tables have the smallest, the median and the largest
 * of the runs:
 *
 *     deno run -A scripts/measure_diagnostics.ts --repeats 5 --kinds auto configs/quickstart.yaml configs/digits.yaml
 *     deno run -A scripts/measure_diagnostics.ts --repeats 5 --kinds '[]' --sinks '[jsonl, tensorboard, wandb]'
 *
 * The time of the CPU (user and system, of the whole process with its start) depends less on what else the machine does than the
 * seconds of the run. On a machine that does other things as well, the spread says how little the figures mean.
 */
import { parseArgs } from "@std/cli";
import { fromFileUrl, join } from "@std/path";
import type { Summary } from "../core/runs/types.ts";
import { median } from "../core/analysis/statistics.ts";

const CONFIGS = ["quickstart", "digits", "digits_conv2d", "pulse_echo"].map((name) => `configs/${name}.yaml`);
const TRAIN = fromFileUrl(new URL("../cli/train.ts", import.meta.url));

interface Ran {
  /** Seconds of the CPU, of the whole process. */
  readonly cpu: number;
  readonly seconds: Summary["seconds"];
  /** Seconds of each diagnostic, over all epochs at which it was made. */
  readonly each: ReadonlyMap<string, number>;
}

export interface Measured {
  readonly config: string;
  readonly without: readonly Ran[];
  readonly made: readonly Ran[];
}

/** Runs a command and then prints the shell's and its children's times, of user and system. */
const TIMED = '"$@"; status=$?; times >&2; exit $status';

/** Seconds of the children in the last line of what `times` prints, such as `0m1.230s 0m0.450s`. */
function childSeconds(text: string): number {
  const found = [...text.trimEnd().split("\n").at(-1)!.matchAll(/(\d+)m([\d.]+)s/g)];
  if (found.length !== 2) throw new Error("the shell does not tell the times of its children");
  return found.reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0);
}

async function trained(config: string, overrides: readonly string[]): Promise<Ran> {
  const folder = await Deno.makeTempDir({ prefix: "narrows_measure_" });
  try {
    const run = join(folder, "run");
    const given = overrides.flatMap((text) => ["--override", text]);
    const words = [Deno.execPath(), "run", "-A", TRAIN, config, "--run-dir", run, "--no-report", "--verbose", ...given];
    const args = ["-c", TIMED, "sh", ...words];
    const out = await new Deno.Command("/bin/sh", { args, stdout: "piped", stderr: "piped" }).output();
    const errors = new TextDecoder().decode(out.stderr), text = errors + new TextDecoder().decode(out.stdout);
    if (!out.success) {
      throw new Error(`${config}: the training failed: ${text.trim().split("\n").slice(-5).join("; ")}`);
    }
    const each = new Map<string, number>();
    for (const [, line] of text.matchAll(/^diagnostics: (.* s.*)$/gm)) {
      for (const [, name, seconds] of line!.matchAll(/([a-z_]\w*) (\d+\.\d+) s/g)) {
        each.set(name!, (each.get(name!) ?? 0) + Number(seconds));
      }
    }
    const { seconds } = JSON.parse(await Deno.readTextFile(join(run, "summary.json"))) as Summary;
    return { cpu: childSeconds(errors), seconds, each };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Trains a config in turn without and with diagnostics and sinks, `repeats` times each. */
export async function measure(
  config: string,
  { repeats, kinds, sinks, overrides = [] }: {
    repeats: number;
    kinds: string;
    sinks?: string;
    overrides?: readonly string[];
  },
): Promise<Measured> {
  const without: Ran[] = [], made: Ran[] = [];
  const logged = sinks === undefined ? [] : [`logging.sinks=${sinks}`];
  for (let i = 0; i < repeats; i++) {
    without.push(await trained(config, [...overrides, "diagnostics.kinds=[]", "logging.sinks=[csv]"]));
    made.push(await trained(config, [...overrides, `diagnostics.kinds=${kinds}`, ...logged]));
  }
  return { config, without, made };
}

const spread = (values: readonly number[], show: (value: number) => string) =>
  [Math.min(...values), median(values), Math.max(...values)].map(show).join(", ");
const seconds = (value: number) => value.toFixed(2);
const percent = (value: number) => `${(100 * value).toFixed(1)} %`;

/** Two tables of Markdown: the runs, and the diagnostics by the medians of their times. */
export function tablesOf(all: readonly Measured[]): string[] {
  const names = [...new Set(all.flatMap(({ made }) => made.flatMap(({ each }) => [...each.keys()])))];
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = (columns: number) => `|${"---|".repeat(columns)}`;
  return [
    row(["config", "CPU s without", "CPU s with", "s without", "s with", "s of diagnostics", "share of the run"]),
    rule(7),
    ...all.map(({ config, without, made }) =>
      row([
        config,
        spread(without.map((run) => run.cpu), seconds),
        spread(made.map((run) => run.cpu), seconds),
        spread(without.map((run) => run.seconds.total), seconds),
        spread(made.map((run) => run.seconds.total), seconds),
        spread(made.map((run) => run.seconds.diagnostics), seconds),
        spread(made.map((run) => run.seconds.diagnostics / run.seconds.total), percent),
      ])
    ),
    "",
    row(["median s of", ...all.map(({ config }) => config)]),
    rule(1 + all.length),
    ...names.map((name) =>
      row([
        name,
        ...all.map(({ made }) => {
          const found = made.flatMap(({ each }) => each.get(name) ?? []);
          return found.length === 0 ? "" : seconds(median(found));
        }),
      ])
    ),
  ];
}

if (import.meta.main) {
  const { repeats, kinds, sinks, _: given } = parseArgs(Deno.args, {
    string: ["repeats", "kinds", "sinks"],
    default: { repeats: "5", kinds: "auto" },
  });
  if (!(Number.isInteger(Number(repeats)) && Number(repeats) >= 1)) {
    throw new Error(`--repeats is a count, got ${repeats}`);
  }
  const all: Measured[] = [];
  for (const config of given.length > 0 ? given.map(String) : CONFIGS) {
    all.push(await measure(config, { repeats: Number(repeats), kinds: kinds!, ...sinks ? { sinks } : {} }));
  }
  for (const line of tablesOf(all)) console.log(line);
}

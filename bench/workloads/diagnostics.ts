/** What the diagnostics that are made by default add to a run, and that they change no bit of its weights. */
import { join } from "@std/path";
import { ROOT } from "../../core/build/tree.ts";
import { checkpointsFolder } from "../../core/checkpoint/layout.ts";
import { loadConfig } from "../../core/config/mod.ts";
import { exists } from "../../core/formats/file.ts";
import type { RunData } from "../../core/runs/types.ts";
import { timing } from "../stats.ts";
import { trained } from "../trained.ts";
import { CheckFailed, type Context, type Outcome, type Row, type Workload } from "../types.ts";

/** Configs of configs/; those whose data are not there are left out. */
const CONFIGS = {
  quick: ["quickstart", "digits"],
  full: ["quickstart", "digits", "digits_conv2d", "pulse_echo", "ultrasound", "pbmc3k_factored", "fashion_mnist"],
};
/** A run of this length is one that a user waits for. */
const LONG_SECONDS = 60, GOAL_PERCENT = 3;
const PASSES = { quick: 1, full: 2 };

/** The bytes of the latest checkpoint's tensors. */
async function weights({ path }: RunData): Promise<Uint8Array> {
  const folder = checkpointsFolder(path);
  const latest = (await Deno.readTextFile(join(folder, "latest"))).trim();
  return await Deno.readFile(join(folder, latest, "model.safetensors"));
}

const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);

interface Measured {
  readonly name: string;
  readonly total: readonly number[];
  readonly diagnostics: readonly number[];
}

async function one(context: Context, name: string, file: string, passes: number): Promise<Measured> {
  const config = { extends: [file] };
  const runs: RunData[] = [];
  for (let pass = 0; pass < passes; pass++) runs.push(await trained(context, config, {}));
  const without = await trained(context, config, { "diagnostics.kinds": [] });
  if (!same(await weights(runs[0]!), await weights(without))) {
    throw new CheckFailed(`${name}: the weights differ from those of a run without diagnostics`);
  }
  const seconds = runs.map(({ summary }) => summary!.seconds);
  return { name, total: seconds.map(({ total }) => total), diagnostics: seconds.map((each) => each.diagnostics) };
}

function outcomeOf(cases: readonly Measured[], mode: Context["mode"]): Outcome {
  const plain = { peer: null, ratio: null, floor: null };
  const share = ({ total, diagnostics }: Measured) => diagnostics.map((own, i) => 100 * own / total[i]!);
  const long = cases.filter(({ total }) => timing(total).median >= LONG_SECONDS);
  const most = Math.max(0, ...long.map((each) => timing(share(each)).median));
  return {
    rows: cases.flatMap((each): Row[] => [
      {
        ...plain,
        what: `${each.name}.yaml: diagnostics`,
        unit: "s",
        narrows: timing(each.diagnostics),
        note: `of ${timing(each.total).median.toFixed(1)} s, ${timing(share(each)).median.toFixed(1)} %`,
      },
    ]),
    goals: [{
      work: `time in diagnostics by default, of runs of at least ${LONG_SECONDS} s`,
      wanted: `at most ${GOAL_PERCENT} %`,
      got: mode === "quick" || long.length === 0 ? null : `${long.length} configs: at most ${most.toFixed(1)} %`,
      reached: mode === "quick" || long.length === 0 ? null : most <= GOAL_PERCENT,
    }],
    plots: [],
    notes: [
      "Example configs as they are, with diagnostics.kinds: auto, at the end of the run. Their time does not grow with the number " +
      "of epochs, and with that of rows up to diagnostics.max_rows only, so their share of a run of seconds is large. The weights " +
      "at the end are compared with those of a run without diagnostics: they have the same bits.",
    ],
  };
}

async function measure(context: Context): Promise<Outcome> {
  const mode = context.mode === "quick" ? "quick" : "full";
  const cases: Measured[] = [];
  for (const name of CONFIGS[mode]) {
    const file = join(ROOT, "configs", `${name}.yaml`);
    const { path } = loadConfig({ file }).config.data;
    if (path !== "" && !await exists(path)) continue;
    cases.push(await one(context, name, file, PASSES[mode]));
    const { total, diagnostics } = cases.at(-1)!;
    context.log(`  ${name}: ${timing(diagnostics).median.toFixed(2)} of ${timing(total).median.toFixed(1)} s`);
    await context.keep(outcomeOf(cases, context.mode));
  }
  return outcomeOf(cases, context.mode);
}

export const diagnostics: Workload = {
  name: "diagnostics",
  title: "Diagnostics",
  skip: () => null,
  check: () => Promise.resolve(),
  measure,
};

/** Forward and backward pass of every type of layer with one thread and with two, and what bounds them (docs/locality.md). */
import { join } from "@std/path";
import { buildEngine } from "../../core/build/build.ts";
import { median } from "../../core/analysis/statistics.ts";
import { type Limits, measureLimits } from "../limits.ts";
import { timing } from "../stats.ts";
import type { Context, Goal, Outcome, Row, Workload } from "../types.ts";

/** What cpp/bench/layers.cpp prints of a layer; of each pass the milliseconds with one thread and with two. */
export interface Measured {
  readonly kind: string;
  readonly input: string;
  readonly rows: number;
  /** Multiply-adds of each pass. */
  readonly forward_terms: number;
  readonly backward_terms: number;
  readonly forward_bytes: number;
  readonly backward_bytes: number;
  readonly forward: readonly [readonly number[], readonly number[]];
  readonly backward: readonly [readonly number[], readonly number[]];
}
export interface Layers {
  readonly kernels: string;
  readonly layers: readonly Measured[];
  readonly missing: readonly string[];
}

const PROGRAM = "bench_layers";
const WANTED = 1.85;
/** The share of a limit from which on it is said to bound a pass. */
const BOUNDS = 0.4;

async function run(seconds: number): Promise<Layers> {
  const { folder } = await buildEngine({ tests: true });
  const program = join(folder, "bench", PROGRAM);
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [`${seconds}`], stdin: "null" }).output();
  // The program compares the bits of both numbers of threads before it times a layer.
  if (!success) throw new Error(`${PROGRAM} failed: ${new TextDecoder().decode(stderr).trim()}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

type Bound = "arithmetic" | "memory" | "neither";
interface Pass {
  readonly gain: number;
  readonly arithmetic: number;
  readonly memory: number;
  readonly bound: Bound;
}

/** How much two threads gain, and which shares of the limits of both they reach. */
function passOf(times: Measured["forward"], gflop: number, gbyte: number, limits: Limits): Pass {
  const [one, two] = times;
  const seconds = median(two) / 1e3;
  const arithmetic = gflop / seconds / limits.f32_gflops, memory = gbyte / seconds / limits.memory_gbps;
  const bound = Math.max(arithmetic, memory) < BOUNDS ? "neither" : arithmetic > memory ? "arithmetic" : "memory";
  return { gain: median(one.map((ms, i) => ms / two[i]!)), arithmetic, memory, bound };
}

function said({ gain, arithmetic, memory, bound }: Pass): string {
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  const shares = [
    ...arithmetic >= 0.01 ? [`${percent(arithmetic)} of the arithmetic`] : [],
    `${percent(memory)} of the memory's rate`,
  ];
  return `${gain.toFixed(2)} x, ${shares.join(", ")}${bound === "neither" ? "" : ` (${bound})`}`;
}

/** limits: of two threads. */
export function outcomeOf({ kernels, layers, missing }: Layers, limits: Limits): Outcome {
  const rows: Row[] = [], bounded: Pass[] = [];
  for (const layer of layers) {
    const passes = {
      forward: passOf(layer.forward, 2e-9 * layer.forward_terms, 1e-9 * layer.forward_bytes, limits),
      backward: passOf(layer.backward, 2e-9 * layer.backward_terms, 1e-9 * layer.backward_bytes, limits),
    };
    bounded.push(...Object.values(passes).filter(({ bound }) => bound === "arithmetic"));
    rows.push({
      what: `${layer.kind}, ${layer.input} x ${layer.rows}`,
      unit: "ms",
      narrows: timing(layer.forward[1]),
      peer: timing(layer.backward[1]),
      ratio: null,
      floor: null,
      note: `forward ${said(passes.forward)}; backward ${said(passes.backward)}`,
    });
  }
  const worst = bounded.length === 0 ? null : Math.min(...bounded.map(({ gain }) => gain));
  const goal: Goal = {
    work: "every pass of a layer that arithmetic bounds, two threads beside one, the least",
    wanted: `${WANTED} x`,
    got: worst === null ? null : `${worst.toFixed(2)} x`,
    reached: worst === null ? null : worst >= WANTED,
  };
  return {
    rows,
    goals: [goal],
    plots: [],
    sides: ["forward, 2 threads", "backward, 2 threads"],
    notes: [
      `Kernels ${kernels}. Passes of one thread and of two take turns; the gain is the median of their ratios. ` +
      "Both give the same bits, which is tested before a layer is timed.",
      "Arithmetic: multiply-adds of the products, as a share of the peak rate of two threads " +
      `(${
        limits.f32_gflops.toFixed(0)
      } GFLOP/s). Memory: rows and weights read and written once, as a share of what two threads ` +
      `copy (${
        limits.memory_gbps.toFixed(1)
      } GB/s); rows that fit into a cache can pass 100 %. A pass is said to be bounded ` +
      `by what it reaches at least ${100 * BOUNDS} % of.`,
      ...missing.length === 0 ? [] : [`Not measured: ${missing.join(", ")}.`],
    ],
  };
}

export const layers: Workload = {
  name: "layers",
  title: "Every type of layer, with one thread and with two",
  skip: () => navigator.hardwareConcurrency < 2 ? "this machine has one core" : null,
  check: () => Promise.resolve(), // the program itself checks each layer before it times it
  async measure({ mode }: Context) {
    const limits = await measureLimits(2);
    return outcomeOf(await run(mode === "quick" ? 0.1 : 2), limits);
  },
};

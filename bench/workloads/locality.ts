/** A training step of a network of neurons, from one object for each neuron to the form of the engine (docs/locality.md). */
import { join } from "@std/path";
import { buildEngine } from "../../core/build/build.ts";
import { median } from "../../core/analysis/statistics.ts";
import { shown } from "../print.ts";
import { timing } from "../stats.ts";
import type { Context, Goal, Outcome, Row, Workload } from "../types.ts";

/** What cpp/bench/locality.cpp prints of a form: lists of milliseconds, one a step. */
export interface Form {
  readonly name: string;
  readonly threads: number;
  /** The largest relative difference from the objects in double. */
  readonly error: number;
  readonly forward: readonly number[];
  readonly backward: readonly number[];
  readonly update: readonly number[];
}
export interface Series {
  readonly network: {
    readonly neurons: number;
    readonly connections: number;
    readonly rounds: number;
    readonly rows: number;
    readonly kernels: string;
  };
  readonly forms: readonly Form[];
}

const PROGRAM = "bench_locality";
const WANTED = 1.8;

/** neurons, fan_in, rounds, rows */
const sizes = ({ mode }: Context) => mode === "quick" ? [2048, 16, 4, 128] : [16384, 16, 4, 128];

async function runSeries(sizes: readonly number[]): Promise<Series> {
  const { folder } = await buildEngine({ tests: true });
  const program = join(folder, "bench", PROGRAM);
  const { success, stdout, stderr } = await new Deno.Command(program, { args: sizes.map(String), stdin: "null" })
    .output();
  // The program compares each form with the oracle before it times it.
  if (!success) throw new Error(`${PROGRAM} failed: ${new TextDecoder().decode(stderr).trim()}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Median milliseconds of a step. */
const stepOf = ({ forward, backward, update }: Form) => median(forward) + median(backward) + median(update);

/** How many times faster two threads are than one, in the last form: the median over steps that took turns. */
function scaling(forms: readonly Form[], part: "forward" | "backward"): number | null {
  const of = (threads: number) => forms.findLast((form) => form.threads === threads);
  const [one, two] = [of(1), of(2)];
  if (!one || !two || one.name !== two.name) return null;
  return median(one[part].map((ms, i) => ms / two[part][i]!));
}

/** The form before it in the series, with as many threads; undefined where there is none. */
const before = (forms: readonly Form[], { name, threads }: Form): Form | undefined =>
  forms.slice(0, forms.findIndex((form) => form.name === name)).findLast((form) => form.threads === threads);

export function outcomeOf({ network, forms }: Series): Outcome {
  const { neurons, connections, rounds, rows, kernels } = network;
  const first = stepOf(forms[0]!);
  const table = forms.map((form, at): Row => {
    const step = stepOf(form), last = before(forms, form);
    const said = [
      `update ${shown(median(form.update))} ms, step ${shown(step)} ms`,
      ...at === 0 ? [] : [`${shown(first / step)} x the speed of the objects`],
      ...last === undefined ? [] : [`${shown(stepOf(last) / step)} x that of the form before`],
      `differs by ${form.error.toExponential(1)}`,
    ];
    return {
      what: `${form.name}, ${form.threads} ${form.threads === 1 ? "thread" : "threads"}`,
      unit: "ms",
      narrows: timing(form.forward),
      peer: timing(form.backward),
      ratio: null,
      floor: null,
      note: said.join("; "),
    };
  });
  const goals = (["forward", "backward"] as const).map((part): Goal => {
    const got = scaling(forms, part);
    return {
      work: `${part} pass of a network of neurons, two threads beside one`,
      wanted: `at least ${WANTED} x`,
      got: got === null ? null : `${shown(got)} x`,
      reached: got === null ? null : got >= WANTED,
    };
  });
  const count = (value: number) => value.toLocaleString("en-US");
  return {
    rows: table,
    goals,
    plots: [],
    sides: ["forward", "backward"],
    notes: [
      `A small world of ${count(neurons)} neurons, numbered at random, with ${
        count(connections)
      } connections, ${rounds} ` +
      `rounds, batches of ${rows} rows, SGD without momentum, kernels ${kernels}. docs/locality.md says what each form is.`,
      "Steps of one thread and of two take turns; the gain is the median of their ratios.",
      "The difference is the largest one from the plain objects in double after one step, of outputs, gradients to the row " +
      "and changes of weights and biases, each as a share of the largest value.",
    ],
  };
}

export const locality: Workload = {
  name: "locality",
  title: "Networks of neurons, from objects to the engine's form",
  skip: () => null,
  check: () => Promise.resolve(), // the program itself checks each form before it times it
  async measure(context) {
    return outcomeOf(await runSeries(sizes(context)));
  },
};

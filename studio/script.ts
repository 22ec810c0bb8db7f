/** `studio --script`: questions and commands from a file, without a browser and without the network. */
import { z } from "zod";
import { UserError } from "../core/errors.ts";
import type { State } from "./protocol.ts";
import { parseAsk } from "./session/ask.ts";
import { errorOf } from "./session/error.ts";
import type { Listener, Studio } from "./studio.ts";

const PHASES = ["paused", "training", "ended", "failed"] as const satisfies readonly State["phase"][];

const wait = z.strictObject({
  wait: z.union([
    z.strictObject({ step: z.int().min(0) }),
    z.strictObject({ epoch: z.int().min(0) }),
    z.strictObject({ phase: z.enum(PHASES) }),
  ]),
});
type Wait = z.infer<typeof wait>["wait"];

/** Milliseconds between two looks at the state, and after which a pause that nothing will end is an error. */
const LOOK_MS = 5, STILL_MS = 200;
/** Numbers of an array that are printed. */
const SHOWN = 1000;

const isThere = (wanted: Wait, { phase, step, epoch }: State) =>
  "step" in wanted ? step >= wanted.step : "epoch" in wanted ? epoch >= wanted.epoch : phase === wanted.phase;

/** @throws {UserError} where the state cannot come any more */
async function waitFor(studio: Studio, wanted: Wait): Promise<State> {
  let stoodAt = -1, since = 0;
  for (;;) {
    const state = await studio.state(), { phase, step } = state;
    if (isThere(wanted, state)) return state;
    const fail = (what: string) => new UserError(`wait ${JSON.stringify(wanted)}`, what, undefined, 1);
    if (phase === "ended" || phase === "failed") throw fail(`nothing trains any more: ${state.reason}`);
    if (phase !== "paused" || step !== stoodAt) {
      stoodAt = phase === "paused" ? step : -1;
      since = performance.now();
    } else if (performance.now() - since > STILL_MS) throw fail(`training stands still after ${step} steps`);
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
}

/** Arrays as lists, of long ones the first numbers. */
const asText = (value: unknown) =>
  JSON.stringify(value, (_key, part) => {
    if (!(part instanceof Float32Array) && !(part instanceof Uint32Array)) return part;
    const list = Array.from(part.subarray(0, SHOWN));
    return part.length > SHOWN ? { length: part.length, first: list } : list;
  });

const nobody: Listener = { tell: () => {} };

/**
 * Does one line after the other; what each is answered is printed as a line of JSON.
 * @param text lines of JSON: `{"ask": ...}` as a page asks, or `{"wait": {"step": 10}}`; empty ones are left out
 * @returns the number of lines that failed
 */
export async function runScript(
  studio: Studio,
  file: string,
  text: string,
  print: (line: string) => void,
): Promise<number> {
  let failures = 0;
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const number = index + 1;
    try {
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch {
        throw new UserError(`${file}:${number}`, `is no JSON object: ${line.slice(0, 80)}`);
      }
      const waiting = typeof value === "object" && value !== null && "wait" in value;
      const parsed = waiting ? wait.safeParse(value) : null;
      if (parsed && !parsed.success) {
        throw new UserError(`${file}:${number}`, `wait: ${parsed.error.issues[0]!.message}`, '{"wait": {"step": 10}}');
      }
      const answer = parsed ? await waitFor(studio, parsed.data.wait) : await studio.answer(parseAsk(value), nobody);
      print(asText({ line: number, answer }));
    } catch (error) {
      failures++;
      print(asText({ line: number, error: errorOf(error) }));
    }
  }
  return failures;
}

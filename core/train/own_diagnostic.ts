/** Asks a user's own diagnostic, a TypeScript file in a process of its own, within a time, and never harms the run. */
import { basename } from "@std/path";
import type { DiagnosticModule } from "../config/types.ts";
import type { DiagnosticContext } from "../diagnostics/diagnostic.ts";
import { ownAnswer, type OwnData } from "../diagnostics/own.ts";
import type { OwnFacts } from "../diagnostics/own_types.ts";
import { messagePieces, messagesIn } from "../formats/messages.ts";
import { isRecord } from "../formats/json.ts";
import { userFolder } from "../paths.ts";
import { denoWords, endGroup, INTO_LOG, statusText } from "../programs.ts";
import { Stopped } from "../evaluation/evaluate.ts";
import { answersOf, type OwnRequest } from "./own_requests.ts";

/** Why there is no answer: a clause. */
export class OwnFailure extends Error {}

export interface OwnOptions {
  /** The run folder. */
  readonly run: string;
  /** The file that takes what the module prints. */
  readonly log: string;
  readonly stopped?: () => boolean;
}

/** How often it is looked whether the time is up or the run is to stop. */
const LOOK_MS = 50;

type Context = Omit<DiagnosticContext, "settings">;

/**
 * The answer of a module; null where it has none.
 * @throws {OwnFailure} if it fails, takes too long or answers what cannot be used
 * @throws {Stopped}
 */
export async function askModule(
  module: DiagnosticModule,
  context: Context,
  { run, log, stopped }: OwnOptions,
): Promise<OwnData | null> {
  const main = new URL("../diagnostics/own_main.ts", import.meta.url);
  const child = new Deno.Command("/bin/sh", {
    // The shell's output is what the program sends, as its descriptor 3; all else that it prints is for the log.
    args: ["-c", `exec 3>&1\n${INTO_LOG}shift\nexec "$@"`, "sh", log, ...denoWords(main, module.module)],
    cwd: userFolder(),
    env: { NARROWS_RUN: run },
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit", // of the shell, where the log cannot be opened
    detached: true,
  }).spawn();
  let cut: "stopped" | "late" | null = null;
  const deadline = performance.now() + module.seconds * 1000;
  const timer = setInterval(() => {
    cut ??= stopped?.() ? "stopped" : performance.now() > deadline ? "late" : null;
    if (cut !== null) endGroup(child.pid);
  }, LOOK_MS);
  let answer: unknown;
  try {
    answer = await conversation(child, factsOf(context, module), answersOf(context));
  } catch (error) {
    if (cut === null) answer = error;
  } finally {
    clearInterval(timer);
  }
  const ended = answer === undefined && cut === null ? await child.status : null;
  endGroup(child.pid);
  await child.status;
  if (cut === "stopped") throw new Stopped("stopped");
  if (cut === "late") throw new OwnFailure(`has no answer after ${module.seconds} s`);
  if (ended) throw new OwnFailure(`has ended with ${statusText(ended)}`);
  if (answer instanceof Error) throw new OwnFailure(`failed: ${answer.message}`);
  return answered(answer, module, context.epoch);
}

/** Tells the facts and answers requests until the module's own answer; undefined where it ends without one. */
async function conversation(
  child: Deno.ChildProcess,
  facts: OwnFacts,
  answer: ReturnType<typeof answersOf>,
): Promise<unknown> {
  const input = child.stdin.getWriter();
  input.closed.catch(() => {}); // told by the status
  const send = async (head: unknown, bytes?: Uint8Array) => {
    for (const piece of messagePieces(head, bytes)) await input.write(piece);
  };
  try {
    await send(facts);
    for await (const { head, bytes } of messagesIn(child.stdout)) {
      if (!isRecord(head)) continue;
      if (Object.hasOwn(head, "answer")) return head.answer;
      const { call, args } = head as { call: string; args: unknown };
      const request: OwnRequest = {
        call,
        args: Array.isArray(args) ? args : [],
        numbers: new Float32Array(bytes.buffer, 0, bytes.length >> 2),
      };
      // What the engine cannot do, and what makes no sense, is the module's to know.
      const found = await answer(request).then((value) => ({ value }), (error) => ({ error }));
      if ("error" in found) {
        await send({ error: found.error instanceof Error ? found.error.message : `${found.error}` });
      } else if (!(found.value instanceof Float32Array)) await send({ value: found.value });
      else {
        const { buffer, byteOffset, byteLength } = found.value;
        await send({ numbers: true }, new Uint8Array(buffer, byteOffset, byteLength));
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error; // told by the status
  } finally {
    input.abort().catch(() => {});
  }
  return undefined;
}

function factsOf(context: Context, { settings }: DiagnosticModule): OwnFacts {
  const { epoch, part, data, latentSize, layers, maxRows, maxColumns } = context;
  const { kind, columns, shape, rate_hz } = data;
  return {
    ...{ epoch, part, settings, latentSize, layers, maxRows, maxColumns },
    data: { kind, columns, shape, rate_hz },
    parameters: context.parameters().map(({ name, shape }) => ({ name, shape })),
  };
}

/** An answer as its file: checked, with what it is of. */
function answered(answer: unknown, { module, name }: DiagnosticModule, epoch: number): OwnData | null {
  if (answer === null) return null;
  let known;
  try {
    known = ownAnswer(answer, "");
  } catch (error) {
    throw new OwnFailure(`has an answer that cannot be used: ${error instanceof Error ? error.message : error}`);
  }
  const { data } = answer as { data?: unknown };
  const { title, parts } = known;
  return { epoch, module: basename(module), title: title ?? name, parts, ...data === undefined ? {} : { data } };
}

/** `deno task build`: compiles the engine. Quiet when it is up to date. */
import { parseArgs } from "@std/cli/parse-args";
import { buildEngine } from "../core/build/build.ts";
import { type Sanitizer, SANITIZERS } from "../core/build/tree.ts";
import { UserError } from "../core/errors.ts";
import { printError } from "./print.ts";

const USAGE = `Usage: deno task build [--tests] [--sanitize ${SANITIZERS.join("|")}] [--quiet]

Compiles the engine in cpp/ into build/engine. Does nothing when it is up to date.

  --tests       the engine's tests and benchmarks as well
  --sanitize S  tests under a sanitizer, in build/engine-S
  --quiet       no progress, only errors`;

/** @returns the exit status. */
export async function buildCommand(args: readonly string[]): Promise<number> {
  try {
    return await build(args);
  } catch (error) {
    return printError(error);
  }
}

async function build(args: readonly string[]): Promise<number> {
  const options = parseArgs(args, {
    boolean: ["tests", "quiet", "help"],
    string: ["sanitize"],
    unknown: (argument) => {
      throw new UserError(argument, "build has no such option", "deno task build --help");
    },
  });
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const sanitize = options.sanitize as Sanitizer | undefined;
  if (sanitize !== undefined && !SANITIZERS.includes(sanitize)) {
    throw new UserError("--sanitize", `must be ${SANITIZERS.join(", ")}, got ${JSON.stringify(sanitize)}`);
  }
  await buildEngine({ tests: options.tests === true, quiet: options.quiet === true, sanitize });
  return 0;
}

if (import.meta.main) Deno.exit(await buildCommand(Deno.args));

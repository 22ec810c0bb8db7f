/** `deno task build`: compiles the engine. Quiet when it is up to date. */
import { parseArgs } from "@std/cli/parse-args";
import { buildEngine } from "../core/build/build.ts";
import { shapesOf } from "../core/build/shapes.ts";
import { type Sanitizer, SANITIZERS } from "../core/build/tree.ts";
import { loadConfig } from "../core/config/mod.ts";
import { UserError } from "../core/errors.ts";
import { printError } from "./print.ts";

const USAGE = `Usage: deno task build [--config F] [--tests] [--sanitize ${SANITIZERS.join("|")}] [--quiet]

Compiles the engine in cpp/ into build/engine. Does nothing when it is up to date.

  --config F    an engine specialised to this config's shapes, beside the general one: train uses it on its own
  --override A.B=V  as train has it; repeatable
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
    string: ["sanitize", "config", "override"],
    collect: ["override"],
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
  const { tests, quiet, config, override } = options;
  if (config === undefined && override.length > 0) throw new UserError("--override", "needs --config F");
  if (config !== undefined && sanitize !== undefined) {
    throw new UserError("--sanitize", "is for the general engine only", "leave out --config or --sanitize");
  }
  const shapes = config === undefined ? undefined : shapesOf(loadConfig({ file: config, overrides: override }).config);
  await buildEngine({ tests, quiet, sanitize, shapes });
  return 0;
}

if (import.meta.main) Deno.exit(await buildCommand(Deno.args));

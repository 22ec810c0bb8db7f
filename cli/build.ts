/** `build`: compiles the engine. Quiet when it is up to date. */
import { buildEngine } from "../core/build/build.ts";
import { shapesOf } from "../core/build/shapes.ts";
import { SANITIZERS } from "../core/build/tree.ts";
import { loadConfig } from "../core/config/mod.ts";
import { UserError } from "../core/errors.ts";
import { defineCommand, SHARED } from "./command.ts";
import { runCommand } from "./run_command.ts";

const build = defineCommand({
  name: "build",
  options: {
    config: {
      ...SHARED.config,
      help: "an engine specialised to this config's shapes, beside the general one: train uses it on its own",
    },
    override: SHARED.override,
    tests: { type: "flag", help: "the engine's tests and benchmarks as well" },
    sanitize: {
      type: "choice",
      value: "S",
      values: SANITIZERS,
      help: "tests under a sanitizer, in build/engine-S",
    },
    quiet: { ...SHARED.quiet, help: "no progress, only errors" },
  },
  notes: ["Compiles the engine in cpp/ into build/engine. Does nothing when it is up to date."],
  async run({ config, override, tests, sanitize, quiet }) {
    if (config === undefined && override.length > 0) throw new UserError("--override", "needs --config F");
    if (config !== undefined && sanitize !== undefined) {
      throw new UserError("--sanitize", "is for the general engine only", "leave out --config or --sanitize");
    }
    const shapes = config === undefined
      ? undefined
      : shapesOf(loadConfig({ file: config, overrides: override }).config);
    await buildEngine({ tests, quiet, sanitize, shapes });
    return 0;
  },
});

export default build;

if (import.meta.main) Deno.exit(await runCommand(build, Deno.args));

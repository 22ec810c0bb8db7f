/** `build`: compiles the engine. Prints nothing when it is up to date. */
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
      help: "build an engine specialised to this config's shapes, which train then uses by itself",
    },
    override: SHARED.override,
    tests: { type: "flag", help: "build the engine's tests and benchmarks as well" },
    sanitize: {
      type: "choice",
      value: "S",
      values: SANITIZERS,
      help: "build the tests with a sanitizer, in build/engine-S",
    },
    quiet: { ...SHARED.quiet, help: "print only errors" },
  },
  notes: ["The engine in cpp/ is compiled into build/engine. If it is up to date, nothing is done."],
  async run({ config, override, tests, sanitize, quiet }) {
    if (config === undefined && override.length > 0) {
      throw new UserError("--override", "is used with --config F only", "add --config F, or leave out --override");
    }
    if (config !== undefined && sanitize !== undefined) {
      throw new UserError("--sanitize", "cannot be combined with --config", "leave out one of them");
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

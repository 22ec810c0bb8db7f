/** `narrows config`: check a config, explain where a value comes from, print the schema for editors. */
import { parseArgs } from "@std/cli/parse-args";
import { configJsonSchema, type Explanation, loadConfig, type LoadedConfig, showFlow } from "../core/config/mod.ts";
import { UserError } from "../core/errors.ts";
import { type ExitStatus, printError } from "./print.ts";

const USAGE = `narrows config check FILE [--override a.b=v]... [--json]    is it right? prints it resolved
narrows config explain FILE [KEY] [--override a.b=v]... [--json]    value, who set it, what is allowed
narrows config schema                                  JSON Schema for editors

  --override a.b=v   set a key, typed as YAML (repeatable): training.epochs=3 model.encoder.0.linear=128
  --json             print one JSON object
  --quiet            check: print nothing if all is well`;

/** Runs `config ARGS`; prints errors itself. */
export function configCommand(args: readonly string[]): Promise<ExitStatus> {
  try {
    return Promise.resolve(run(args));
  } catch (error) {
    return Promise.resolve(printError(error));
  }
}

function run(args: readonly string[]): ExitStatus {
  const options = parseArgs([...args], {
    boolean: ["help", "json", "quiet"],
    string: ["config", "override"],
    collect: ["override"],
    alias: { help: "h", quiet: "q" },
    unknown: (argument) => {
      if (argument.startsWith("-")) throw new UserError("config", `unknown option ${argument}`, "see config --help");
    },
  });
  const [action, ...positional] = options._.map(String);
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const overrides = options.override as readonly string[];
  if (options.config !== undefined) positional.unshift(options.config as string);
  const load = (): LoadedConfig => {
    const file = positional[0];
    if (file === undefined) {
      throw new UserError(`config ${action}`, "the config file is missing", `config ${action} FILE`);
    }
    return loadConfig({ file, overrides });
  };
  switch (action) {
    case "check": {
      atMost(positional, 1);
      const loaded = load();
      if (options.json) console.log(JSON.stringify({ ok: true, files: loaded.files, config: loaded.config }));
      else if (!options.quiet) console.log(loaded.toYaml().trimEnd());
      return 0;
    }
    case "explain": {
      atMost(positional, 2);
      const explanation = load().explain(positional[1] ?? "");
      console.log(options.json ? JSON.stringify(explanation) : describe(explanation));
      return 0;
    }
    case "schema": {
      atMost(positional, 0);
      console.log(JSON.stringify(configJsonSchema(), null, 2));
      return 0;
    }
    default:
      throw new UserError(
        "config",
        action ? `unknown action ${action}` : "no action given",
        "check, explain or schema",
      );
  }
}

function atMost(positional: readonly string[], count: number): void {
  const extra = positional[count];
  if (extra !== undefined) throw new UserError("config", `unexpected argument ${extra}`, "see config --help");
}

/** One key as a block of lines; a map as a table of all keys below it. */
function describe(explanation: Explanation): string {
  if (explanation.below.length > 0) return table(leaves(explanation));
  const rows = [
    ["value", showValue(explanation.value)],
    ["set by", explanation.origin],
    ["type", explanation.type],
    ["allowed", explanation.allowed],
    ["default", explanation.default === undefined ? "none" : showValue(explanation.default)],
    ["means", explanation.description],
  ].filter(([, text]) => text !== "");
  return [explanation.key, ...rows.map(([name, text]) => `  ${name!.padEnd(8)} ${text}`)].join("\n");
}

function leaves(explanation: Explanation): Explanation[] {
  return explanation.below.length === 0 ? [explanation] : explanation.below.flatMap(leaves);
}

function table(rows: readonly Explanation[]): string {
  const cells = rows.map(({ key, value, origin }) => [key, showValue(value), origin]);
  const widths = [0, 1].map((column) => Math.min(48, Math.max(...cells.map((row) => row[column]!.length))));
  return cells.map(([key, value, origin]) => `${key!.padEnd(widths[0]!)}  ${value!.padEnd(widths[1]!)}  ${origin}`)
    .join("\n");
}

function showValue(value: unknown): string {
  return value === undefined ? "none" : showFlow(value);
}

if (import.meta.main) Deno.exit(await configCommand(Deno.args));

/** `config`: check a config, explain where a value comes from, print the schema for editors. */
import { configJsonSchema, type Explanation, loadConfig, showFlow } from "../core/config/mod.ts";
import { checkNetwork } from "../core/train/check_network.ts";
import { defineCommand, defineGroup, SHARED } from "./command.ts";
import { runCommand } from "./run_command.ts";
import { print, tell } from "../core/output.ts";

const CONFIG = { ...SHARED.config, required: true } as const;

const check = defineCommand({
  name: "config check",
  does: "check a config and print it with all defaults filled in",
  positional: ["config"],
  options: {
    config: CONFIG,
    override: SHARED.override,
    json: SHARED.json,
    quiet: { ...SHARED.quiet, help: "print nothing if the config is right" },
  },
  async run({ config: file, override, json, quiet }) {
    const loaded = loadConfig({ file, overrides: override });
    const { files } = loaded, warnings = [...loaded.warnings];
    let unchecked: string | null;
    try {
      unchecked = await checkNetwork(loaded.config, (warning) => warnings.push(warning));
    } catch (error) {
      throw loaded.locate(error);
    }
    if (json) print(JSON.stringify({ ok: true, files, warnings, unchecked, config: loaded.config }));
    else if (!quiet) print(loaded.toYaml().trimEnd());
    if (json) return 0;
    for (const warning of warnings) tell(`narrows: ${warning}`);
    if (unchecked !== null && !quiet) {
      tell(`narrows: not checked whether the layers fit the data and each other: ${unchecked}`);
    }
    return 0;
  },
});

const explain = defineCommand({
  name: "config explain",
  does: "show a key's value, who set it and what is allowed; without a key, show all keys",
  positional: ["config", "key"],
  options: {
    config: CONFIG,
    key: { type: "text", value: "KEY", help: "the key, e.g. training.epochs" },
    override: SHARED.override,
    json: SHARED.json,
  },
  run({ config: file, key, override, json }) {
    const explanation = loadConfig({ file, overrides: override }).explain(key ?? "");
    print(json ? JSON.stringify(explanation) : describe(explanation));
    return 0;
  },
});

const schema = defineCommand({
  name: "config schema",
  does: "print the JSON Schema of a config, for editors",
  options: {},
  run() {
    print(JSON.stringify(configJsonSchema(), null, 2));
    return 0;
  },
});

/** A key as a block of lines, or a map as a table of all keys below it. */
function describe(explanation: Explanation): string {
  if (explanation.below.length > 0) return table(leaves(explanation));
  const rows = [
    ["value", showValue(explanation.value)],
    ["set by", explanation.origin],
    ["type", explanation.type],
    ["allowed", explanation.allowed],
    ["default", explanation.default === undefined ? "none" : showValue(explanation.default)],
    ["means", explanation.description],
    ["resume", explanation.resume],
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

const config = defineGroup("config", [check, explain, schema]);

export default config;

if (import.meta.main) Deno.exit(await runCommand(config, Deno.args));

/** Configs: YAML, JSON or KEY=VALUE files and overrides to one checked, readonly {@link Config}. */
export { type Change, changesText, changeText, compareConfigs, type ConfigChanges, valueAt } from "./changes.ts";
export { ConfigError, type Problem } from "./error.ts";
export type { Explanation } from "./explain.ts";
export { configJsonSchema } from "./json_schema.ts";
export { loadConfig, type LoadedConfig, type LoadOptions } from "./load.ts";
export { replicaCount } from "./replicas.ts";
export { loadRunConfig } from "./run_config.ts";
export { showFlow } from "./show.ts";
export { configToYaml } from "./yaml.ts";
export type * from "./types.ts";

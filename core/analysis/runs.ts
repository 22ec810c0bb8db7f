/** Run folders as an analysis sees them: config, seed, how the run ended. */
import { parse as parseYaml } from "@std/yaml";
import { basename, join } from "@std/path";
import { plainDifferences } from "../config/changes.ts";
import { isUnder } from "../config/tree.ts";
import { UserError } from "../errors.ts";
import { readTextSync } from "../formats/file.ts";
import { isRecord } from "../formats/json.ts";
import { type RunState, runState } from "../runs/list.ts";
import type { Summary } from "../runs/types.ts";

const CONFIG_BYTES_MAX = 4 << 20;

type Plain = Readonly<Record<string, unknown>>;

export interface AnalysedRun {
  readonly name: string;
  readonly path: string;
  readonly config: Plain;
  readonly seed: number | null;
  readonly status: RunState["status"];
  readonly summary: Summary | null;
}

/** @throws {UserError} if its config cannot be read */
export async function analysedRun(path: string): Promise<AnalysedRun> {
  const file = join(path, "config.yaml");
  let config: unknown;
  try {
    config = parseYaml(readTextSync(file, CONFIG_BYTES_MAX));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(file, "is not YAML", "leave the run out of --runs", 1);
  }
  if (!isRecord(config)) throw new UserError(file, "is not a map of settings", "leave the run out of --runs", 1);
  const { status, summary } = await runState(path);
  const seed = typeof config.seed === "number" ? config.seed : null;
  return { name: basename(path), path, config, seed, status, summary };
}

/** The value of a dotted key; undefined where the config does not have it. Elements of lists are numbered from 0. */
export function valueOf(config: Plain, key: string): unknown {
  return key.split(".").reduce<unknown>(
    (below, name) =>
      typeof below === "object" && below !== null && Object.hasOwn(below, name) ? (below as Plain)[name] : undefined,
    config,
  );
}

/** Keys that do not make another experiment: names, places, what the run tells and how many threads work. */
const ASIDE = [
  "name",
  "title",
  "description",
  "paths",
  "logging",
  "runtime.threads",
  "seed",
  "data.seed",
  "data.split.seed",
];

/** The keys, besides seeds and names, in which configs differ, sorted. */
export function differingKeys(configs: readonly Plain[]): string[] {
  const found = new Set<string>();
  for (const config of configs.slice(1)) {
    for (const { key } of plainDifferences(configs[0]!, config)) found.add(key);
  }
  const keys = [...found].sort().filter((key) => !ASIDE.some((aside) => isUnder(key, aside)));
  return keys.filter((key) => !keys.some((other) => other !== key && isUnder(key, other)));
}

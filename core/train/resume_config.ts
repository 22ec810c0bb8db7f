/** The config that a run goes on with: its own, with overrides on top, as far as a resume may change it. */
import { join } from "@std/path";
import { changesText, compareConfigs, loadConfig, type LoadedConfig } from "../config/mod.ts";
import { UserError } from "../errors.ts";
import { toUser } from "../paths.ts";
import { commandText } from "../runs/command.ts";

export interface ResumeRequest {
  /** As on the command line: the run folder or checkpoint. */
  readonly named: string;
  readonly overrides: readonly string[];
  /** What `--config` named besides, read with the same overrides. */
  readonly given?: LoadedConfig;
  readonly configFile?: string;
  readonly warn: (text: string) => void;
}

export interface ResumedConfig {
  readonly loaded: LoadedConfig;
  /** Before the overrides. */
  readonly saved: LoadedConfig;
}

/**
 * The run's own config counts. Overrides change it; a config file given besides does not, and what it says else is named.
 * @throws {UserError} where an override or the file makes another experiment of the run
 */
export function resumedConfig(run: string, request: ResumeRequest): ResumedConfig {
  const { overrides, given, configFile, warn } = request;
  const file = join(run, "config.yaml");
  const saved = loadConfig({ file });
  const loaded = loadConfig({ file, overrides });
  const { fixed } = compareConfigs(saved.config, loaded.config);
  if (fixed.length > 0) throw otherExperiment(request, changesText(fixed), false);
  if (!given) return { loaded, saved };
  const other = compareConfigs(loaded.config, given.config);
  if (other.fixed.length > 0) throw otherExperiment(request, changesText(other.fixed), true);
  const ignored = [...other.from_here, ...other.free].filter(({ key }) => key !== "name" && key !== "paths.runs");
  if (ignored.length > 0) {
    warn(
      `${configFile === undefined ? "the config given" : toUser(configFile)} differs from the config of ${
        toUser(run)
      }, which counts; not applied: ` +
        `${changesText(ignored)} (--override KEY=VALUE changes the run's)`,
    );
  }
  return { loaded, saved };
}

/** What makes `given` another experiment than the run, in one line; null where it is the same one. */
export function differsFrom(run: string, given: LoadedConfig): string | null {
  const { fixed } = compareConfigs(loadConfig({ file: join(run, "config.yaml") }).config, given.config);
  return fixed.length > 0 ? changesText(fixed) : null;
}

function otherExperiment({ named, overrides, configFile }: ResumeRequest, changes: string, byFile: boolean): UserError {
  const config = byFile && configFile !== undefined ? ["--config", toUser(configFile)] : [];
  const options = overrides.flatMap((text) => ["--override", text]);
  const command = commandText("train", "--fork", toUser(named), ...config, ...options);
  return new UserError(
    `--resume ${toUser(named)}`,
    `a resume cannot change ${changes}: that is another experiment`,
    `begin it as a run of its own from this one's weights: ${command}`,
  );
}

/** The config of a resumed run: its own, changed by overrides as far as a resume may change it. */
import { changesText, compareConfigs, type LoadedConfig, loadRunConfig } from "../config/mod.ts";
import { UserError } from "../errors.ts";
import { toUser } from "../paths.ts";
import { commandText } from "../runs/command.ts";

export interface ResumeRequest {
  /** The run folder or checkpoint as it was typed. */
  readonly named: string;
  readonly overrides: readonly string[];
  /** The config that `--config` names, read with the same overrides. */
  readonly given?: LoadedConfig;
  readonly configFile?: string;
  readonly warn: (text: string) => void;
}

export interface ResumedConfig {
  readonly loaded: LoadedConfig;
  /** The run's config before the overrides. */
  readonly saved: LoadedConfig;
}

/**
 * The run's own config is used. Overrides change it. A config file that is given as well does not; its differences are listed.
 * @throws {UserError} if an override or the file makes the run another experiment
 */
export function resumedConfig(run: string, request: ResumeRequest): ResumedConfig {
  const { overrides, given, configFile, warn } = request;
  const saved = loadRunConfig(run);
  const loaded = loadRunConfig(run, overrides);
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

/** The differences that make `given` another experiment than the run, in one line; null if there are none. */
export function differsFrom(run: string, given: LoadedConfig): string | null {
  const { fixed } = compareConfigs(loadRunConfig(run).config, given.config);
  return fixed.length > 0 ? changesText(fixed) : null;
}

function otherExperiment({ named, overrides, configFile }: ResumeRequest, changes: string, byFile: boolean): UserError {
  const config = byFile && configFile !== undefined ? ["--config", toUser(configFile)] : [];
  const options = overrides.flatMap((text) => ["--override", text]);
  const command = commandText("train", "--fork", toUser(named), ...config, ...options);
  return new UserError(
    `--resume ${toUser(named)}`,
    `a resume cannot change ${changes}, because that makes another experiment`,
    `start it as a new run from this run's weights: ${command}`,
  );
}

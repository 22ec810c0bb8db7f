/** Paths of another kind than the option takes, e.g. a run folder instead of a config, or data instead of a run. */
import { basename, dirname, join } from "@std/path";
import { UserError } from "../core/errors.ts";
import { commandText } from "../core/runs/command.ts";

/** The kind of thing that an option of type path names. */
export type PathKind = "config" | "run";

type Found = "run" | "checkpoint" | "runs" | "data" | "config" | "within a run" | "other";

/** A run folder has at least one of these beside its config. */
const RUN_FILES = ["environment.json", "checkpoints", "epochs.csv", "summary.json"];

const isFile = (path: string) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
};

function folderKind(path: string): Found {
  const entries = [...Deno.readDirSync(path)];
  const names = new Set(entries.map(({ name }) => name));
  if (names.has("config.yaml") && RUN_FILES.some((name) => names.has(name))) return "run";
  if (names.has("manifest.json") && names.has("model.safetensors")) return "checkpoint";
  const some = (ending: RegExp) => entries.some(({ name }) => ending.test(name));
  if (some(/\.np[zy]$/) && !some(/\.ya?ml$/)) return "data";
  const holdsRuns = entries.some(({ name, isDirectory }) => isDirectory && isFile(join(path, name, "config.yaml")));
  return holdsRuns ? "runs" : "other";
}

/** The kind of thing that is at a path; null if there is nothing or it cannot be read. */
function kindAt(path: string): Found | null {
  try {
    if (Deno.statSync(path).isDirectory) return folderKind(path);
    if (/\.(npz|npy|h5ad|h5|mtx|mtx\.gz|mat)$/i.test(path)) return "data";
    if (basename(path) !== "config.yaml" && isFile(join(dirname(path), "config.yaml"))) return "within a run";
    return /\.(ya?ml|json)$/i.test(path) ? "config" : "other";
  } catch {
    return null;
  }
}

/** The run folder and the checkpoint that a checkpoint's path names; null for any other path. */
export function runOfCheckpoint(path: string): { run: string; checkpoint: string } | null {
  const folder = dirname(path);
  const run = dirname(folder);
  return basename(folder) === "checkpoints" && kindAt(path) === "checkpoint" && kindAt(run) === "run"
    ? { run, checkpoint: path }
    : null;
}

/** @throws {UserError} with the right form, if something of another kind is at the path */
export function checkKind(path: string, wanted: PathKind): void {
  const found = kindAt(path);
  if (found === null || found === "other" || found === wanted) return;
  const refuse = (what: string, hint: string): never => {
    throw new UserError(path, `is ${what}, not a ${wanted === "run" ? "run folder" : "config"}`, hint);
  };
  if (wanted === "run") {
    if (found === "checkpoint" && runOfCheckpoint(path)) return;
    if (found === "runs") refuse("a folder of runs", `${commandText("runs", path)} lists them; name one of them`);
    if (found === "within a run") refuse("a file of a run", `did you mean ${dirname(path)}?`);
    if (found === "config") refuse("a config", `${commandText("runs")} lists the run folders`);
    if (found === "data") refuse("data", `${commandText("runs")} lists the run folders`);
    return;
  }
  if (found === "data") refuse("data", `${commandText("init", path)} writes a config for them`);
  if (found === "run") {
    const again = commandText("train", join(path, "config.yaml"));
    refuse(
      "a run folder",
      `resume it: ${commandText("train", "--resume", path)}; or train its config again: ${again}`,
    );
  }
  if (found === "checkpoint") refuse("a checkpoint", `resume from it: ${commandText("train", "--resume", path)}`);
  if (found === "runs") refuse("a folder of runs", `${commandText("runs", path)} lists them`);
}

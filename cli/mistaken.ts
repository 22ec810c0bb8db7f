/** Paths of another kind than the option takes, e.g. a run folder instead of a config, or data instead of a run. */
import { isFile } from "../core/formats/file.ts";
import { basename, dirname, join } from "@std/path";
import { UserError } from "../core/errors.ts";
import { missingArgument } from "../core/missing.ts";
import { toUser } from "../core/paths.ts";
import { commandText } from "../core/runs/command.ts";

/** The kind of thing that an option of type path names. */
export type PathKind = "config" | "run" | "run or sweep";

type Found = "run" | "sweep" | "checkpoint" | "runs" | "data" | "config" | "within a run" | "other";

/** A run folder has at least one of these beside its config. */
const RUN_FILES = ["environment.json", "checkpoints", "epochs.csv", "summary.json"];

function folderKind(path: string): Found {
  const entries = [...Deno.readDirSync(path)];
  const names = new Set(entries.map(({ name }) => name));
  if (names.has("config.yaml") && RUN_FILES.some((name) => names.has(name))) return "run";
  if (names.has("manifest.json") && names.has("model.safetensors")) return "checkpoint";
  if (names.has("sweep.yaml")) return "sweep";
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
  if (wanted === "run or sweep" && (found === "run" || found === "sweep")) return;
  const shown = toUser(path);
  const refuse = (what: string, hint: string): never => {
    throw new UserError(shown, `is ${what}, not a ${wanted === "config" ? "config" : "run folder"}`, hint);
  };
  if (wanted !== "config") {
    if (found === "sweep") {
      refuse("the folder of a sweep", `${commandText("runs", shown)} lists its runs; name one of them`);
    }
    if (found === "checkpoint" && runOfCheckpoint(path)) return;
    if (found === "runs") refuse("a folder of runs", `${commandText("runs", shown)} lists them; name one of them`);
    if (found === "within a run") refuse("a file of a run", `did you mean ${toUser(dirname(path))}?`);
    if (found === "config") refuse("a config", `${commandText("runs")} lists the run folders`);
    if (found === "data") refuse("data", `${commandText("runs")} lists the run folders`);
    return;
  }
  if (found === "data") refuse("data", `${commandText("init", shown)} writes a config for them`);
  if (found === "run") {
    const again = commandText("train", join(shown, "config.yaml"));
    refuse(
      "a run folder",
      `go on with it: ${commandText("train", "--resume", shown)}; train its config again: ${again}`,
    );
  }
  if (found === "checkpoint") refuse("a checkpoint", `go on from it: ${commandText("train", "--resume", shown)}`);
  if (found === "runs") refuse("a folder of runs", `${commandText("runs", shown)} lists them`);
  if (found === "sweep") refuse("the folder of a sweep", `its config is ${join(shown, "sweep.yaml")}`);
}

/** @throws {UserError} where the folder of a file that is to be written is not there: said before any work is done */
export function requireFolderOf(path: string, option: string): void {
  const folder = dirname(path);
  let isFolder: boolean;
  try {
    isFolder = Deno.statSync(folder).isDirectory;
  } catch {
    throw missingArgument(`--${option}`, folder, "there is no such folder to write into");
  }
  if (!isFolder) throw new UserError(`--${option} ${toUser(path)}`, `${toUser(folder)} is a file, not a folder`);
}

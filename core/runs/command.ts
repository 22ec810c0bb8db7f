/** The program's commands as a user types them. */
import type { Config } from "../config/types.ts";
import { basename, dirname, fromFileUrl, join, relative, resolve } from "@std/path";

const OURS = new URL("../../cli/", import.meta.url).href;
/** The folder of deno.json; none where the program was not started from files. */
const PROJECT = OURS.startsWith("file:") ? dirname(fromFileUrl(OURS)) : null;

/** A word for a shell, quoted if necessary. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The command that resumes a run. Programs that its config names need to be allowed again. */
export function resumeCommand({ logging, diagnostics }: Pick<Config, "logging" | "diagnostics">, run: string): string {
  const hasProgram = [...logging.sinks, ...diagnostics.kinds].some((each) => typeof each === "object");
  return commandText("train", "--resume", run, ...hasProgram ? ["--allow-run"] : []);
}

/** Facts that show how the program was started. */
export interface Start {
  /** Whether it is one compiled binary. */
  readonly standalone: boolean;
  /** The URL of the module that was started. */
  readonly main: string;
  readonly cwd: string;
  /** The path of Deno, or of the one compiled binary. */
  readonly deno: string;
  /** The folders in which a shell looks for programs, as PATH has them. */
  readonly path?: string;
  /** Set by `deno task`. */
  readonly initCwd?: string;
}

function thisStart(): Start {
  return {
    standalone: Deno.build.standalone,
    main: Deno.mainModule,
    cwd: Deno.cwd(),
    deno: Deno.execPath(),
    path: Deno.env.get("PATH"),
    initCwd: Deno.env.get("INIT_CWD"),
  };
}

/** The compiled binary as a shell finds it: by its name where that is on the PATH, else by its path. */
function programWord({ deno: program, cwd, path = "" }: Start): string {
  if (path.split(":").some((folder) => folder !== "" && resolve(folder) === dirname(program))) return basename(program);
  const near = relative(cwd, program);
  return near.startsWith("..") ? program : near.includes("/") ? near : `./${near}`;
}

/** The words that start another command in the way in which this one was started. */
function startWords(command: string, start: Start): string[] {
  if (start.standalone) return [programWord(start), command];
  const deno = /[\\/]_npx[\\/]/.test(start.deno) ? ["npx", "--yes", "deno"] : ["deno"];
  // A task starts in the folder of deno.json, and knows where the user stands; npx tells that, too.
  const isTask = start.initCwd !== undefined && start.cwd === PROJECT;
  if (isTask || !start.main.startsWith(OURS)) return [...deno, "task", command];
  // A module that was started without a task may have been started from a folder that has no tasks.
  const main = fromFileUrl(start.main);
  const shown = (file: string) => {
    const near = relative(start.cwd, file);
    return near.startsWith("..") ? file : near;
  };
  if (basename(main) === "main.ts") return [...deno, "run", "-A", shown(main), command];
  return [...deno, "run", "-A", shown(join(dirname(main), `${command}.ts`))];
}

/**
 * A command of this program in the form in which this one was started: as one binary it is called so, in its
 * repository `deno task` runs it, and from elsewhere `deno run` does.
 * @param command its name, of one or two words
 */
export function commandText(command: string, ...words: readonly string[]): string {
  return commandFrom(thisStart(), command, ...words);
}

export function commandFrom(start: Start, command: string, ...words: readonly string[]): string {
  const [name = "", ...action] = command.split(" ");
  return [...startWords(name, start), ...action, ...words].map(shellWord).join(" ");
}

/** A command for a later reader in any folder, so not in the form in which this one was started. */
export function taskText(command: string, ...words: readonly string[]): string {
  return [Deno.build.standalone ? "narrows" : "deno task", command, ...words.map(shellWord)].join(" ");
}

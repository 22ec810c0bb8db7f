/** environment.json: the machine and the versions of a run. */
import { dirname, isAbsolute, join, resolve } from "@std/path";
import { userFolder } from "../paths.ts";
import { VERSION } from "../version.ts";
import { gitState } from "./git.ts";
import type { Environment } from "./types.ts";

export interface EnvironmentFacts {
  /** nrw_info's keys and values; `isa` and `isa_reason` are lifted to the top. */
  readonly engineInfo: Readonly<Record<string, string>>;
  /** The engine library that is used, and why. */
  readonly library?: { readonly kind: string; readonly file: string; readonly reason: string };
  readonly threads: number;
  readonly seed: number;
  readonly commandLine: readonly string[];
  /** What `auto` stands for in the config, and why. */
  readonly chosen?: readonly { readonly key: string; readonly value: string; readonly reason: string }[];
}

export async function collectEnvironment(facts: EnvironmentFacts): Promise<Environment> {
  const root = join(import.meta.dirname ?? ".", "../.."), here = userFolder();
  const commit = await gitCommit(root);
  const [own, working] = await Promise.all([commit === null ? null : gitState(root), gitState(here)]);
  return {
    narrows: VERSION,
    git_commit: commit,
    git_dirty: own?.dirty ?? null,
    working_git: working,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    typescript: Deno.version.typescript,
    engine: facts.engineInfo,
    library: facts.library ?? null,
    isa: facts.engineInfo.isa ?? null,
    isa_reason: facts.engineInfo.isa_reason ?? null,
    os: Deno.build.os,
    os_release: Deno.osRelease(),
    arch: Deno.build.arch,
    cpu: await cpuModel(),
    cores: navigator.hardwareConcurrency,
    memory_bytes: Deno.systemMemoryInfo().total,
    host: Deno.hostname(),
    pid: Deno.pid,
    threads: facts.threads,
    seed: facts.seed,
    ...facts.chosen
      ? {
        chosen: Object.fromEntries(facts.chosen.map((each) => [each.key, { value: each.value, reason: each.reason }])),
      }
      : {},
    command_line: facts.commandLine,
    working_folder: here,
    started_at: new Date().toISOString(),
  };
}

async function cpuModel(): Promise<string | null> {
  const text = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  return /^(?:model name|Model|Hardware)\s*:\s*(.+)$/m.exec(text)?.[1]?.trim() ?? null;
}

/** The commit checked out in the work tree at `root`, read from its .git; null where there is none. */
export async function gitCommit(root: string): Promise<string | null> {
  const read = (path: string) => Deno.readTextFile(path).then((text) => text.trim(), () => null);
  const at = (base: string, path: string) => isAbsolute(path) ? path : resolve(base, path);

  let git = join(root, ".git");
  // In a linked work tree .git is a file that leads to its own folder, which leads to the common one.
  const link = /^gitdir: (.+)$/.exec(await read(git) ?? "")?.[1];
  if (link) git = at(dirname(git), link);
  const head = await read(join(git, "HEAD"));
  if (head === null) return null;
  const ref = /^ref: (refs\/.+)$/.exec(head)?.[1];
  if (!ref) return isCommit(head) ? head : null;

  const commonLink = await read(join(git, "commondir"));
  const common = commonLink === null ? git : at(git, commonLink);
  const loose = await read(join(git, ref)) ?? await read(join(common, ref));
  if (loose !== null) return isCommit(loose) ? loose : null;
  const packed = await read(join(common, "packed-refs")) ?? "";
  const line = packed.split("\n").find((entry) => entry.endsWith(` ${ref}`));
  return line && isCommit(line.slice(0, line.indexOf(" "))) ? line.slice(0, line.indexOf(" ")) : null;
}

function isCommit(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

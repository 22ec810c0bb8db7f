/** libdeflate from Debian's package, without root and without touching the system. */
import { join } from "@std/path";
import { findProgram, outputOf } from "./programs.ts";
import type { Tree } from "./tree.ts";

const PACKAGE = "libdeflate-dev";

/** Whether this system's package manager can serve {@link fetchLibdeflate}. */
export function canFetchLibdeflate(): boolean {
  return findProgram(["apt-get"]) !== null && findProgram(["dpkg-deb"]) !== null;
}

async function run(command: string, args: string[], cwd: string): Promise<boolean> {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const { success } = await new Deno.Command(command, { args, cwd, env, stdin: "null", stdout: "null", stderr: "null" })
    .output();
  return success;
}

/** Downloads and unpacks the header and static library into `where.deps`; false if the package cannot be downloaded. */
export async function fetchLibdeflate(where: Tree): Promise<boolean> {
  await Deno.mkdir(where.deps, { recursive: true });
  const download = () => run("apt-get", ["-qq", "download", PACKAGE], where.deps);
  if (!await download()) {
    // A fresh image has no package lists; only root may fetch them.
    if (Deno.uid() !== 0 || !await run("apt-get", ["-qq", "update"], where.deps) || !await download()) return false;
  }
  const packages = [...Deno.readDirSync(where.deps)].filter((entry) => entry.name.endsWith(".deb"));
  for (const { name } of packages) {
    if (!await run("dpkg-deb", ["-x", name, "."], where.deps)) return false;
    await Deno.remove(join(where.deps, name));
  }
  return packages.length > 0;
}

/** Where libdeflate would come from in a build: the system, the unpacked package, or null. */
export function findLibdeflate(where: Tree, compiler: string | null): string | null {
  try {
    Deno.statSync(join(where.deps, "usr/include/libdeflate.h"));
    return where.deps;
  } catch {
    // Not unpacked here: the compiler names a library's path if it is in its search path, else repeats the name.
  }
  for (const name of ["libdeflate.a", "libdeflate.so", "libdeflate.dylib"]) {
    const path = compiler && outputOf(compiler, `-print-file-name=${name}`);
    if (path && path !== name) return path;
  }
  return null;
}

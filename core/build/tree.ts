/** The source tree and the folders a build writes, and whether what was built is still what the sources say. */
import { isFile } from "../formats/file.ts";
import { fromFileUrl, join } from "@std/path";
import { createHash } from "node:crypto";
import { LIBRARY_NAME } from "../../ffi/library.ts";

/** What is built: the library alone, or the engine's tests and benchmarks as well. */
export type Target = "library" | "tests";
export type Sanitizer = "address" | "undefined" | "thread";
export const SANITIZERS: readonly Sanitizer[] = ["address", "undefined", "thread"];

export interface Tree {
  /** Root of the source tree, absolute. */
  readonly root: string;
  /** CMake's source folder. */
  readonly sources: string;
  /** CMake's binary folder. */
  readonly build: string;
  /** Where packages are unpacked that the system lacks. */
  readonly deps: string;
  readonly library: string;
  readonly log: string;
}

/** Without symbolic links where there is such a folder: the same tree under another name is not built anew. */
function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path; // in a compiled program
  }
}

export const ROOT = realPath(fromFileUrl(new URL("../../", import.meta.url)).replace(/[\\/]$/, ""));

/** Folders of a build. A sanitizer has one of its own, everything else is shared, so that tests reuse the library. */
export function tree(sanitize: Sanitizer | null = null, root = ROOT): Tree {
  const build = join(root, "build", sanitize ? `engine-${sanitize}` : "engine");
  return {
    root,
    build,
    sources: join(root, "cpp"),
    deps: join(root, "build", "deps"),
    library: join(build, LIBRARY_NAME),
    log: join(build, "build.log"),
  };
}

/** File name of the engine specialised to the shapes of that hash. */
export const specialName = (hash: string) => LIBRARY_NAME.replace("narrows", `narrows-${hash}`);

/** Where specialised engines lie, each beside the folder that it was built in. */
export const specialFolder = (root = ROOT) => join(root, "build", "engine", "special");

/** Folders of an engine specialised to the shapes of that hash. */
export function specialTree(hash: string, root = ROOT): Tree {
  const build = join(specialFolder(root), hash);
  const library = join(specialFolder(root), specialName(hash));
  return { ...tree(null, root), build, library, log: join(build, "build.log") };
}

/** Whether there is something to build from: not in a compiled program, nor where only the library was installed. */
export function hasSources(where: Tree): boolean {
  return !Deno.build.standalone && isFile(join(where.sources, "CMakeLists.txt"));
}

/** Folders of cpp/ that only the tests target needs. */
const TEST_FOLDERS = new Set(["tests", "bench", "fuzz"]);

/** SHA-256 over the paths and bytes of all that a target is built from, in sorted order. */
export function sourceHash(sources: string, target: Target): string {
  const hash = createHash("sha256");
  const visit = (folder: string, inside: string) => {
    const entries = [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
    for (const { name, isDirectory, isFile } of entries) {
      if (isDirectory) {
        if (target === "library" && inside === "" && TEST_FOLDERS.has(name)) continue;
        visit(join(folder, name), `${inside}${name}/`);
      } else if (isFile) {
        const bytes = Deno.readFileSync(join(folder, name));
        hash.update(`${inside}${name}\0${bytes.length}\0`).update(bytes);
      }
    }
  };
  visit(sources, "");
  return hash.digest("hex");
}

/** What a build was made of. It is up to date while all three say the same. */
export interface Stamp {
  readonly sources: string;
  readonly arguments: string;
  /** Path, size and time of the compiler; null matches any, so that a machine may drop its compiler after building. */
  readonly compiler: string | null;
}

export function compilerStamp(compiler: string | null): string | null {
  if (compiler === null) return null;
  const path = Deno.realPathSync(compiler);
  const { size, mtime } = Deno.statSync(path);
  return `${path} ${size} ${mtime?.getTime()}`;
}

const stampFile = (where: Tree, target: Target) => join(where.build, `.built-${target}.json`);

export function readStamp(where: Tree, target: Target): Stamp | null {
  try {
    return JSON.parse(Deno.readTextFileSync(stampFile(where, target)));
  } catch {
    return null; // never built, or a stamp cut short: build again
  }
}

export function writeStamp(where: Tree, target: Target, stamp: Stamp): void {
  Deno.writeTextFileSync(stampFile(where, target), JSON.stringify(stamp) + "\n");
}

/** Before a build begins: one that is killed halfway must not look like an older one that ended well. */
export function dropStamps(where: Tree): void {
  for (const target of ["library", "tests"] as const) {
    if (isFile(stampFile(where, target))) Deno.removeSync(stampFile(where, target));
  }
}

export function sameStamp(built: Stamp | null, now: Stamp): boolean {
  return built !== null && built.sources === now.sources && built.arguments === now.arguments &&
    (now.compiler === null || built.compiler === now.compiler);
}

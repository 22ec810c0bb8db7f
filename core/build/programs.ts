/** The programs and libraries that building and checking need: where they are, and the package that has them. */
import { join } from "@std/path";

export interface Need {
  readonly what: string;
  /** Names of the program, best first; none for a library. */
  readonly names: readonly string[];
  /** Package names by system. */
  readonly packages: { readonly debian: string; readonly fedora: string; readonly macos: string };
}

export const NEEDS = {
  compiler: {
    what: "a C++20 compiler",
    names: ["c++", "g++", "clang++"],
    packages: { debian: "g++", fedora: "gcc-c++", macos: "llvm" },
  },
  cmake: {
    what: "CMake",
    names: ["cmake"],
    packages: { debian: "cmake", fedora: "cmake", macos: "cmake" },
  },
  ninja: {
    what: "Ninja or make",
    names: ["ninja", "make"],
    packages: { debian: "ninja-build", fedora: "ninja-build", macos: "ninja" },
  },
  libdeflate: {
    what: "libdeflate",
    names: [],
    packages: { debian: "libdeflate-dev", fedora: "libdeflate-devel", macos: "libdeflate" },
  },
  clangFormat: {
    what: "clang-format",
    names: ["clang-format"],
    packages: { debian: "clang-format", fedora: "clang-tools-extra", macos: "clang-format" },
  },
  chromium: {
    what: "Chromium",
    names: ["chromium", "chromium-browser", "google-chrome"],
    packages: { debian: "chromium", fedora: "chromium", macos: "--cask chromium" },
  },
} as const satisfies Record<string, Need>;

/** The first of `names` that is an executable file on PATH (or is a path itself), or null. */
export function findProgram(names: readonly string[]): string | null {
  const folders = (Deno.env.get("PATH") ?? "").split(Deno.build.os === "windows" ? ";" : ":").filter(Boolean);
  for (const name of names) {
    for (const path of name.includes("/") ? [name] : folders.map((folder) => join(folder, name))) {
      try {
        const { isFile, mode } = Deno.statSync(path);
        if (isFile && (mode === null || (mode & 0o111) !== 0)) return path;
      } catch {
        continue; // not there, or a folder on PATH that cannot be read
      }
    }
  }
  return null;
}

/** The compiler: $CXX, else the first known one on PATH. */
export function findCompiler(): string | null {
  const chosen = Deno.env.get("CXX");
  return findProgram(chosen ? [chosen] : NEEDS.compiler.names);
}

const MANAGERS = [
  { program: "apt-get", system: "debian", shown: "Debian, Ubuntu" },
  { program: "dnf", system: "fedora", shown: "Fedora" },
  { program: "brew", system: "macos", shown: "macOS" },
] as const;

/** How to get what is missing, in one line: for this system's package manager, for each where there is none we know. */
export function installHint(missing: readonly Need[]): string {
  const command = ({ program, system }: typeof MANAGERS[number]) =>
    `${program} install ${missing.map((need) => need.packages[system]).join(" ")}`;
  const here = MANAGERS.find(({ program }) => findProgram([program]));
  return here ? `install with: ${command(here)}` : MANAGERS.map((one) => `${one.shown}: ${command(one)}`).join("; ");
}

/** Output of a short command, trimmed, or null if it did not start or did not end well. */
export function outputOf(program: string, ...args: string[]): string | null {
  try {
    const { success, stdout } = new Deno.Command(program, { args, stdin: "null", stderr: "null" }).outputSync();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch {
    return null;
  }
}

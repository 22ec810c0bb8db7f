/** `deno task ok`, the gate: every check there is, each with its time. Stops at nothing, fails if anything did. */
import { fromFileUrl } from "@std/path";
import { findProgram, installHint, NEEDS } from "../core/build/programs.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url));
const deno = (...args: string[]) => [Deno.execPath(), ...args];

function trackedFiles(pattern: string): string[] {
  const { success, stdout } = new Deno.Command("git", { args: ["ls-files", pattern], cwd: ROOT }).outputSync();
  if (!success) throw new Error("git ls-files failed: the C++ format can only be checked in a git checkout");
  return new TextDecoder().decode(stdout).split("\n").filter(Boolean);
}

const STEPS: readonly { readonly name: string; readonly command: () => string[] }[] = [
  { name: "format", command: () => deno("fmt", "--check", "--quiet") },
  { name: "lint", command: () => deno("lint", "--quiet") },
  { name: "types", command: () => deno("check", "--quiet") },
  {
    name: "C++ format",
    command: () => {
      const program = findProgram(NEEDS.clangFormat.names);
      if (!program) throw new Error(`clang-format is missing. ${installHint([NEEDS.clangFormat])}`);
      return [program, "--dry-run", "--Werror", ...trackedFiles("cpp/*.cpp"), ...trackedFiles("cpp/*.h")];
    },
  },
  { name: "import edges", command: () => deno("test", "--quiet", "--allow-read", "tests/arch/edges_test.ts") },
  { name: "tests", command: () => deno("run", "-A", "scripts/test.ts") },
];

/** Runs one step with its output on this terminal. @returns whether it ended well. */
async function passes(command: () => string[]): Promise<boolean> {
  try {
    const [program, ...args] = command();
    const { success } = await new Deno.Command(program!, {
      args,
      cwd: ROOT,
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status;
    return success;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
}

const wanted = Deno.args.length > 0 ? STEPS.filter((step) => Deno.args.includes(step.name)) : STEPS;
const results: string[] = [];
let failures = 0;
for (const { name, command } of wanted) {
  console.log(`── ${name}`);
  const started = performance.now();
  const good = await passes(command);
  if (!good) failures++;
  results.push(`${good ? "ok    " : "FAILED"} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}
console.log("\n" + results.join("\n"));
if (failures > 0 || wanted.length === 0) Deno.exit(1);

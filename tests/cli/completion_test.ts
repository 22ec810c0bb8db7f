/** The completion scripts, asked by the shells themselves; a shell that is not here is passed over. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { run, temporary } from "../helpers/cli.ts";

/** What was typed up to the cursor, and what completes it. */
const CASES: readonly [string, readonly string[]][] = [
  ["narrows tr", ["train"]],
  ["narrows config ", ["check", "explain", "schema"]],
  ["narrows config ex", ["explain"]],
  ["narrows train --se", ["--set-name"]],
  ["narrows config explain --k", ["--key"]],
  ["narrows evaluate --split va", ["validation"]],
  ["narrows evaluate --split ", ["all", "test", "train", "validation"]],
  ["narrows completion ", ["bash", "fish", "zsh"]],
  ["narrows train --config mi", ["mine.yaml"]],
  ["narrows train mi", ["mine.yaml"]],
  ["narrows embed --checkpoint be", ["best"]],
  ["narrows train --override training.ep", ["training.epochs="]],
  ["deno task reco", ["reconstruct"]],
  ["deno task train --dr", ["--dry-run"]],
  ["deno task build --sanitize un", ["undefined"]],
];

async function output(program: string, args: readonly string[], cwd: string): Promise<string | null> {
  try {
    const { stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd, stdin: "null" }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Asks each case of a shell. @returns false where there is no such shell. */
async function completes(shell: string, asked: (script: string, typed: string) => string): Promise<boolean> {
  using folder = temporary();
  Deno.writeTextFileSync(join(folder.path, "mine.yaml"), "");
  const script = join(folder.path, `script.${shell}`);
  const { code, stdout, stderr } = await run("completion", [shell]);
  assertEquals([code, stderr], [0, ""]);
  Deno.writeTextFileSync(script, stdout);
  if (await output(shell, ["-n", script], folder.path) === null) return false;
  if (shell === "zsh") return true; // completes only within its line editor
  for (const [typed, expected] of CASES) {
    const out = await output(shell, ["-c", asked(script, typed)], folder.path);
    const words = out!.split("\n").filter(Boolean).map((line) => line.split("\t")[0]!.trim()).sort();
    assertEquals(words, expected, `${shell}: ${typed}`);
  }
  return true;
}

const SHELLS: Readonly<Record<string, (script: string, typed: string) => string>> = {
  bash: (script, typed) => {
    const words = typed.split(" ").map((word) => `'${word}'`).join(" ");
    const name = typed.startsWith("deno") ? "_narrows_deno" : "_narrows";
    return `. ${script}; COMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); ${name}; ` +
      `printf '%s\\n' "\${COMPREPLY[@]}"`;
  },
  zsh: () => "",
  fish: (script, typed) => `source ${script}; complete -C '${typed}'`,
};

for (const [shell, asked] of Object.entries(SHELLS)) {
  Deno.test(`completion for ${shell} gives commands, options, values and files`, async () => {
    if (!await completes(shell, asked)) console.log(`  skipped: no ${shell} here`);
  });
}

Deno.test("completion of another shell is refused", async () => {
  const { code, stderr } = await run("completion", ["fihs"]);
  assertEquals([code, stderr], [
    2,
    "narrows: --shell: must be bash, zsh or fish, got fihs\n  hint: did you mean --shell fish?\n",
  ]);
});

/** Output that nobody can take ends nothing; what is printed of names shows what it is. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { filesUnder, readText } from "../arch/tree.ts";
import { ROOT, run, temporary } from "../helpers/cli.ts";
import { smallProject } from "../helpers/small_run.ts";

const ignore = Deno.build.os !== "linux"; // /dev/full

/** Runs a command in a shell that puts its output somewhere. */
async function shell(redirected: string, script: string, args: readonly string[]) {
  const options = { args: ["-c", `"$0" "$@" ${redirected}`, Deno.execPath(), "run", "-A", `${ROOT}cli/${script}.ts`] };
  const { code, stdout, stderr } = await new Deno.Command("bash", { args: [...options.args, ...args] }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

for (const [what, redirected] of [["full", ">/dev/full"], ["closed", ">&-"]] as const) {
  for (const mode of ["--json", "--no-report"]) {
    Deno.test(`output: a standard output that is ${what} does not end a run (${mode})`, { ignore }, async () => {
      using folder = temporary();
      const path = join(folder.path, "run");
      const result = await shell(redirected, "train", ["--config", smallProject(folder.path), "--run-dir", path, mode]);
      assertEquals(result.code, 0, result.stderr);
      assertEquals(JSON.parse(readTextOf(path, "summary.json")).status, "finished");
      if (what === "closed") return;
      const told = result.stderr.split("\n").filter((line) => line.includes("standard output"));
      assertEquals(told, [
        "narrows: standard output: cannot write (No space left on device); what is printed from here on is lost",
      ]);
    });
  }
}

const readTextOf = (run: string, name: string) => Deno.readTextFileSync(join(run, name));

Deno.test("output: a reader that goes, and a full standard error, do not end a run", { ignore }, async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const path = join(folder.path, "run");
  const gone = await shell("| head -n 1; exit ${PIPESTATUS[0]}", "train", [
    "--config",
    config,
    "--run-dir",
    path,
    "--json",
  ]);
  assertEquals(gone.code, 0, gone.stderr);
  assertEquals(gone.stderr, "");
  assertEquals(JSON.parse(readTextOf(path, "summary.json")).status, "finished");
  const mute = await shell("2>/dev/full", "train", ["--config", config, "--run-dir", `${path}2`]);
  assertEquals(mute.code, 0);
});

Deno.test("output: a command that is there for what it prints fails where that is lost", { ignore }, async () => {
  const result = await shell(">/dev/full", "config", ["schema"]);
  assertEquals(result.code, 1);
  assertMatch(result.stderr, /^narrows: standard output: cannot write \(No space left on device\)/);
});

Deno.test("output: names that drive a terminal or turn the writing are made visible, long ones are shortened", async () => {
  const result = await run("train", ["--config", `a\u202eb\x1b[31m\u0007c${"x".repeat(100_000)}.yaml`]);
  assertEquals(result.code, 2);
  assertStringIncludes(result.stderr, "a\\u202eb\\u001b[31m\\u0007c");
  // deno-lint-ignore no-control-regex
  assert(!/[\u202e\x1b\x07]/.test(result.stderr));
  assert(result.stderr.length < 5000, `${result.stderr.length} characters`);
});

Deno.test("output: everything is printed through core/output.ts", () => {
  const files = ["cli", "core", "reports"].flatMap((folder) => filesUnder(folder, [".ts"]));
  const others = files.filter((file) =>
    file !== "core/output.ts" && /\bconsole\.\w+\(|Deno\.std(out|err)\.write/.test(readText(file))
  );
  assertEquals(others, []);
});

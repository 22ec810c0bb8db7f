import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { doctorLines } from "../../cli/doctor.ts";
import type { Diagnosis } from "../../core/build/diagnose.ts";
import { ensureEngine } from "../../core/build/ensure.ts";
import { filesUnder, ROOT } from "../arch/tree.ts";

const SCRIPT = fromFileUrl(new URL("../../cli/doctor.ts", import.meta.url));

function doctor(
  args: string[],
  env: Record<string, string> = {},
  script = SCRIPT,
): { code: number; stdout: string; stderr: string } {
  const run = new Deno.Command(Deno.execPath(), { args: ["run", "-A", script, ...args], env }).outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: run.code, stdout: text(run.stdout), stderr: text(run.stderr) };
}

Deno.test("doctor finds the engine ready and says what it chose", async () => {
  await ensureEngine({ quiet: true });
  const { code, stdout, stderr } = doctor(["--json"]);
  assertEquals(code, 0, stderr);
  const diagnosis: Diagnosis = JSON.parse(stdout);
  assertEquals([diagnosis.engine.state, diagnosis.ready, diagnosis.problems], ["ready", true, []]);
  const { info } = diagnosis.engine;
  for (const key of ["version", "compiler", "build_type", "isa", "isa_reason", "isa_available", "inflate"]) {
    assert(info[key], `the engine does not say its ${key}`);
  }
  for (const key of ["threads", "memory_total", "memory_available"]) {
    assert(Number(info[key]) > 0, `${key}=${info[key]}`);
  }
  assertStringIncludes(doctor([]).stdout, "training can run");
});

Deno.test("doctor ends with 1 and the reason when the engine cannot be opened", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, "no library");
    const { code, stdout } = doctor(["--json"], { NARROWS_LIBRARY: file });
    assertEquals(code, 1);
    assertEquals(JSON.parse(stdout).engine.state, "broken");
    assertStringIncludes(JSON.parse(stdout).problems[0], file);
  } finally {
    await Deno.remove(file);
  }
});

/** A copy of the program alone, as a fresh clone has it: no engine, nothing that a build has fetched. */
function freshCopy(folder: string): void {
  for (
    const name of filesUnder("", [".ts", "deno.json", "deno.lock", "package.json", "vocabulary.json", "CMakeLists.txt"])
  ) {
    if (/^(tests|bench|docs)\//.test(name)) continue;
    Deno.mkdirSync(dirname(join(folder, name)), { recursive: true });
    Deno.copyFileSync(join(ROOT, name), join(folder, name));
  }
}

const NOTHING = { NARROWS_LIBRARY: "/nowhere/libnarrows.so", PATH: "/nowhere", CXX: "" };

Deno.test("doctor names what is missing with its package", () => {
  const folder = Deno.makeTempDirSync();
  try {
    freshCopy(folder);
    const script = join(folder, "cli/doctor.ts");
    const { code, stdout } = doctor([], NOTHING, script);
    assertEquals(code, 1);
    for (const command of ["apt-get install cmake", "dnf install gcc-c++", "brew install libdeflate"]) {
      assertStringIncludes(stdout, command);
    }
    assertStringIncludes(stdout, "training cannot run: /nowhere/libnarrows.so: there is no engine");
    // The header where a build has unpacked it.
    const unpacked = join(folder, "build/deps/usr/include");
    Deno.mkdirSync(unpacked, { recursive: true });
    Deno.writeTextFileSync(join(unpacked, "libdeflate.h"), "");
    assertStringIncludes(doctor([], NOTHING, script).stdout, join(folder, "build/deps"));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("doctor refuses an option it does not know", () => assertEquals(doctor(["--jsn"]).code, 2));

Deno.test("the lines of a diagnosis stand in columns", () => {
  const tool = { use: "build", version: null, hint: null } as const;
  const lines = doctorLines({
    narrows: "1.2.3",
    abi: 1,
    deno: "2.9.6",
    system: "linux x86_64",
    engine: { path: "lib.so", state: "missing", built: null, error: null, info: {} },
    specialised: [{ file: "lib-1.so", shapes: "widths 8-2-8, batch 4", state: "stale" }],
    choice: "general, lib.so: none is made for widths 8-4, batch 4",
    tools: [{ ...tool, what: "CMake", found: "/usr/bin/cmake", version: "cmake version 3.25.1" }],
    ready: true,
    problems: [],
  });
  assertEquals(lines, [
    "narrows      1.2.3, engine ABI 1",
    "deno         2.9.6",
    "system       linux x86_64",
    "engine       lib.so, not built yet; train and build compile it",
    "specialised  lib-1.so, widths 8-2-8, batch 4, made from other sources or by another compiler; " +
    "not used until build --config builds it again",
    "config       general, lib.so: none is made for widths 8-4, batch 4",
    "CMake        /usr/bin/cmake, cmake version 3.25.1",
    "",
    "training can run",
  ]);
});

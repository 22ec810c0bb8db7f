/** The build command over small CMake projects of its own: when it builds, when it does not, and what it says. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { buildEngine, excerpt, isUpToDate } from "../../core/build/build.ts";
import { ensureEngine } from "../../core/build/ensure.ts";
import { UserError } from "../../core/errors.ts";

const PROJECT = `cmake_minimum_required(VERSION 3.20)
project(narrows LANGUAGES CXX)
add_library(narrows SHARED engine.cpp)
`;
const NEEDS_LIBDEFLATE = `
find_path(NARROWS_DEFLATE_INCLUDE libdeflate.h HINTS \${NARROWS_DEPS}/usr/include NO_DEFAULT_PATH)
if(NOT NARROWS_DEFLATE_INCLUDE)
  message(FATAL_ERROR "a library is missing")
endif()
`;

class Project implements Disposable {
  readonly root = Deno.makeTempDirSync();
  constructor(cmake: string) {
    this.write("cpp/CMakeLists.txt", cmake);
    this.write("cpp/engine.cpp", "int answer() { return 42; }\n");
  }
  write(path: string, text: string, mode?: number): void {
    const file = join(this.root, path);
    Deno.mkdirSync(join(file, ".."), { recursive: true });
    Deno.writeTextFileSync(file, text, { mode });
  }
  build(): Promise<{ built: boolean; library: string }> {
    return buildEngine({ root: this.root, quiet: true });
  }
  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

/** Runs `body` with environment variables changed. */
async function withEnv(variables: Readonly<Record<string, string>>, body: () => Promise<void>): Promise<void> {
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    await body();
  } finally {
    for (const [name, value] of before) value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  }
}

const ignore = Deno.build.os !== "linux";

Deno.test({
  name: "builds once, then only when something changed",
  ignore,
  sanitizeOps: true,
  sanitizeResources: true,
  fn: async () => {
    using project = new Project(PROJECT);
    const first = await Promise.all([project.build(), project.build()]);
    assertEquals(first.map(({ built }) => built).sort(), [false, true], "the second of two at once must wait");
    assert(Deno.statSync(first[0]!.library).isFile);
    assertEquals((await project.build()).built, false);

    // Up to date means that no tool is even looked for.
    await withEnv({ PATH: "" }, async () => assertEquals((await project.build()).built, false));

    project.write("cpp/tests/a_test.cpp", "not C++");
    assertEquals((await project.build()).built, false, "tests are no part of the library");
    project.write("cpp/engine.cpp", "int answer() { return 43; }\n");
    assertEquals(isUpToDate({ root: project.root }), false);
    assertEquals((await project.build()).built, true);
    Deno.removeSync(first[0]!.library);
    assertEquals((await project.build()).built, true);
  },
});

Deno.test({
  name: "an error of the compiler fails the build and is not forgotten",
  ignore,
  fn: async () => {
    using project = new Project(PROJECT);
    project.write("cpp/engine.cpp", "int answer() { return forty_two; }\n");
    for (let i = 0; i < 2; i++) {
      const error = await assertRejects(() => project.build(), UserError, "does not compile");
      assertEquals(error.exitCode, 1);
      assertStringIncludes(error.hint ?? "", "build.log");
    }
    assertStringIncludes(Deno.readTextFileSync(join(project.root, "build/engine/build.log")), "forty_two");
    project.write("cpp/engine.cpp", "int answer() { return 42; }\n");
    assertEquals((await project.build()).built, true);
  },
});

Deno.test({
  name: "missing tools are named with their packages, all at once",
  ignore,
  fn: async () => {
    using project = new Project(PROJECT);
    await withEnv({ PATH: project.root }, async () => {
      const error = await assertRejects(() => project.build(), UserError, "a C++20 compiler, CMake, Ninja or make");
      assertStringIncludes(error.hint ?? "", "apt-get install g++ cmake ninja-build");
      assertStringIncludes(error.hint ?? "", "dnf install gcc-c++ cmake ninja-build");
    });
  },
});

Deno.test({
  name: "libdeflate comes from its package where the system lacks it",
  ignore,
  fn: async () => {
    using project = new Project(PROJECT + NEEDS_LIBDEFLATE);
    const tool = (name: string, script: string) => project.write(`bin/${name}`, `#!/bin/sh\n${script}\n`, 0o755);
    const PATH = `${join(project.root, "bin")}:${Deno.env.get("PATH")}`;

    tool("apt-get", "exit 1");
    tool("dpkg-deb", "exit 1");
    await withEnv({ PATH }, async () => {
      const error = await assertRejects(() => project.build(), UserError, "could not be downloaded");
      assertStringIncludes(error.hint ?? "", "libdeflate-dev");
    });
    tool("apt-get", '[ "$2 $3" = "download libdeflate-dev" ] && echo package > libdeflate-dev_1.deb');
    tool("dpkg-deb", "[ -f $2 ] && mkdir -p usr/include && echo > usr/include/libdeflate.h");
    await withEnv({ PATH }, async () => assertEquals((await project.build()).built, true));
    await withEnv({ PATH }, async () => assertEquals((await project.build()).built, false));
  },
});

Deno.test("ensureEngine leaves a library of the user's own alone", async () => {
  await withEnv({ NARROWS_LIBRARY: "/nowhere/libnarrows.so", PATH: "" }, () => ensureEngine());
});

Deno.test("what is shown of a failed build are its messages", () => {
  const ninja = ["> cmake --build", "[1/9] Building CXX object a.o", "FAILED: b.o", "/usr/bin/c++ -o b.o -c b.cpp"];
  const messages = ["b.cpp:1:9: error: no", "  1 | int x = no;"];
  assertEquals(excerpt([...ninja, ...messages, "[2/9] Building CXX object c.o", "ninja: build stopped: x"]), messages);
  assertEquals(excerpt(["ninja: error: unknown target"]), ["ninja: error: unknown target"]);
  assertEquals(excerpt(Array.from({ length: 50 }, (_, i) => `a.cpp:${i}: error: x`)).length, 41);
});

Deno.test("a wrong option ends with 2 and one line", () => {
  const script = fromFileUrl(new URL("../../cli/build.ts", import.meta.url));
  for (const args of [["--frob"], ["--sanitize", "everything"], ["stray"]]) {
    const { code, stderr } = new Deno.Command(Deno.execPath(), { args: ["run", "-A", script, ...args] }).outputSync();
    assertEquals(code, 2);
    assertStringIncludes(new TextDecoder().decode(stderr), "narrows: ");
  }
});

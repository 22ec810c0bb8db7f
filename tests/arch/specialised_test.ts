/** A specialised build compiles only the rooms that know the config's sizes; CMakeLists.txt has to name all of them. */
import { assert, assertEquals } from "@std/assert";
import { filesUnder, readText } from "./tree.ts";

Deno.test("the rooms that reach base/specialised.h are those that a specialised build compiles", () => {
  const named = /set\(NARROWS_SPECIALISED_ROOMS ([\w ]+)\)/.exec(readText("cpp/CMakeLists.txt"))?.[1]?.split(" ");
  const engine = filesUnder("cpp", [".h", ".cpp"]).filter((path) => !/^cpp\/(tests|bench|fuzz)\//.test(path));
  const reached = new Set(["base/specialised.h"]);
  for (let before = 0; before < reached.size;) {
    before = reached.size;
    for (const path of engine) {
      const included = [...readText(path).matchAll(/^#include "([^"]+)"/gm)].map((match) => match[1]!);
      if (included.some((header) => reached.has(header))) reached.add(path.slice("cpp/".length));
    }
  }
  reached.delete("base/specialised.h");
  assert(reached.size > 2, `only ${[...reached]} include it`);
  assertEquals(new Set([...reached].map((path) => path.split("/")[0])), new Set(named));
});

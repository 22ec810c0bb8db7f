/** Which row a row is. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import { baseOf, commonFolder, fileKey, nameWithin } from "../../../core/data/row_keys.ts";
import { openSource, orderNote, type Source } from "../../../core/data/source.ts";
import { loadConfig } from "../../../core/config/mod.ts";
import { csrNpz, syntheticCsr } from "../../helpers/npz.ts";
import { smallProject } from "../../helpers/small_run.ts";
import { engine } from "../../../ffi/library.ts";
import { testInFolder } from "../../temp.ts";

engine(); // the library stays open: not a leak of the test that is first

Deno.test("keys of files are whole numbers of 52 bits, a function of the name that stays", () => {
  assertEquals(fileKey("chunk_0.npz"), 2763408907134823);
  assertEquals(fileKey("caf\u00e9.npz"), fileKey("cafe\u0301.npz"));
  const keys = Array.from({ length: 5000 }, (_, i) => fileKey(`chunk_${i}.npz`));
  assert(keys.every((key) => Number.isSafeInteger(key + 2 ** 32)));
  assertEquals(new Set(keys).size, 5000);
});

Deno.test("names are below the folder, the file's folder, what a glob begins with, or what files have in common", () => {
  assertEquals(baseOf("/a/b", true, false), "/a/b");
  assertEquals(baseOf("/a/b.npz", false, false), "/a");
  assertEquals(baseOf("/a/*/c_*.npz", false, true), "/a");
  assertEquals(nameWithin("/a", "/a/x/c_1.npz"), "x/c_1.npz");
  assertEquals(commonFolder(["/a/b/x.npz", "/a/b/c/y.npz", "/a/b/z.npz"]), "/a/b");
  assertEquals(commonFolder(["/a/b/x.npz", "/a/bc/y.npz"]), "/a");
});

/** The part of every row, by file name and row. */
function partsByRow(source: Source): Map<string, string> {
  const parts = new Map<string, string>();
  for (const { name, parts: lists } of source.files) {
    for (const [part, rows] of Object.entries(lists)) for (const row of rows) parts.set(`${name} ${row}`, part);
  }
  return parts;
}

testInFolder("a file more, before the others, leaves every row in its part; so does another folder", (root) => {
  const { config } = loadConfig({ file: smallProject(root) });
  const before = partsByRow(openSource(config.data));
  Deno.renameSync(join(root, "chunks"), join(root, "elsewhere"));
  Deno.writeFileSync(join(root, "elsewhere", "a.npz"), csrNpz(syntheticCsr(77, 60, 0.1, 9)));
  const source = openSource({ ...config.data, path: join(root, "elsewhere", "*.npz") });
  const after = partsByRow(source);
  assertEquals(source.files[0]!.name, "a.npz");
  assertEquals(after.size, before.size + 77);
  for (const [row, part] of before) assertEquals(after.get(row), part);
  const [first, second] = source.files;
  assertNotEquals([...first!.parts.test], [...second!.parts.test].filter((row) => row < 77));
});

testInFolder("a note where natural order is not the plain one", (root) => {
  const { config } = loadConfig({ file: smallProject(root) });
  assertEquals(orderNote(openSource(config.data)), null);
  Deno.copyFileSync(join(root, "chunks", "chunk_1.npz"), join(root, "chunks", "chunk_10.npz"));
  const note = orderNote(openSource(config.data));
  assert(note?.includes("chunk_2.npz before chunk_10.npz"), String(note));
});

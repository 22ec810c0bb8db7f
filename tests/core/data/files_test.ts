/** Which files a data path names. */
import { assertEquals, assertThrows } from "@std/assert";
import { join, relative } from "@std/path";
import { dataFiles } from "../../../core/data/files.ts";
import { UserError } from "../../../core/errors.ts";
import { testInFolder } from "../../temp.ts";

testInFolder("data paths: files, folders and globs, in natural order", (root) => {
  const files = ["a/chunk_2.npz", "a/chunk_10.npz", "b/part.npz", "b/deep/er/x.npz", "a/notes.txt", "v[2] {x,y}/c.npz"];
  for (const file of files) {
    Deno.mkdirSync(join(root, file, ".."), { recursive: true });
    Deno.writeTextFileSync(join(root, file), "");
  }
  Deno.symlinkSync(join(root, "b"), join(root, "linked"));
  const named = (path: string) =>
    dataFiles(join(root, path), "data.path", ".npz").map((file) => relative(root, file)).join(" ");
  assertEquals(named("a"), "a/chunk_2.npz a/chunk_10.npz");
  assertEquals(named("a/chunk_2.npz"), "a/chunk_2.npz");
  assertEquals(named("a/chunk_*.npz"), "a/chunk_2.npz a/chunk_10.npz");
  assertEquals(named("{a,b}/*[0t].npz"), "a/chunk_10.npz b/part.npz");
  assertEquals(named("*/part.npz"), "b/part.npz linked/part.npz");
  assertEquals(named("b/**/*.npz"), "b/deep/er/x.npz b/part.npz");
  assertEquals(named("b/**"), "b/deep/er/x.npz b/part.npz");
  assertEquals(named("v[2] {x,y}"), "v[2] {x,y}/c.npz");
  assertEquals(named("v[2] {x,y}/*.npz"), "v[2] {x,y}/c.npz");
  assertEquals(named("v\\[2\\] \\{x,y\\}/c.npz"), "v[2] {x,y}/c.npz");
  assertThrows(() => named("a/*.npy"), UserError, "no file matches");
  assertThrows(() => named("b/deep"), UserError, "the folder holds no .npz file");
  assertThrows(() => named("c"), UserError, "there is no such file or folder");
});

testInFolder("data paths: a folder that cannot match is not read", (root) => {
  Deno.mkdirSync(join(root, "chunks"));
  Deno.writeTextFileSync(join(root, "chunks", "x.npz"), "");
  Deno.mkdirSync(join(root, "lost+found"));
  Deno.chmodSync(join(root, "lost+found"), 0);
  assertEquals(dataFiles(join(root, "chunk*", "x.npz"), "data.path", ".npz"), [join(root, "chunks", "x.npz")]);
  Deno.chmodSync(join(root, "lost+found"), 0o700);
});

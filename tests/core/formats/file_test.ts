/** Files being written: the disk begins before the end. */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../../../core/errors.ts";
import { OutputFile } from "../../../core/formats/file.ts";
import { testInFolder } from "../../temp.ts";

const LARGE = new Uint8Array(40 << 20).map((_, i) => i >> 12);

testInFolder("output file: a large one is whole, in whatever pieces it was written", async (dir) => {
  const path = join(dir, "large");
  using file = await OutputFile.create(path);
  for (const [begin, end] of [[0, 1], [1, 20 << 20], [20 << 20, 20 << 20], [20 << 20, 40 << 20]]) {
    await file.write(LARGE.subarray(begin, end));
  }
  await file.finish();
  assertEquals(file.bytes, LARGE.length);
  assertEquals(await Deno.readFile(path), LARGE);
});

testInFolder("output file: what the disk fails at before the end is told at the end", async (dir) => {
  const path = join(dir, "large");
  using file = await OutputFile.create(path);
  await Deno.remove(path); // found by the second look at the file
  await file.write(LARGE);
  await file.write(LARGE.subarray(0, 10));
  await assertRejects(() => file.finish(), UserError, "cannot fsync");
});

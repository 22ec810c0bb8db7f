/** Text files that a user names. */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { gzipSync } from "node:zlib";
import { UserError } from "../../../core/errors.ts";
import { InputFile } from "../../../core/formats/file.ts";
import { readTextFile } from "../../../core/formats/text_file.ts";
import { testInFolder } from "../../temp.ts";

testInFolder("text: plain or gzip of several members, whatever it is called", async (root) => {
  const file = (name: string, bytes: Uint8Array) => {
    Deno.writeFileSync(join(root, name), bytes);
    return join(root, name);
  };
  const members = new Uint8Array([...gzipSync("a\nb\n"), ...gzipSync("c\n"), ...gzipSync("")]);
  assertEquals(await readTextFile(file("plain.txt", new TextEncoder().encode("a\n")), "x"), "a\n");
  assertEquals(await readTextFile(file("bgzip.gz", members), "x"), "a\nb\nc\n");
  assertEquals(await readTextFile(file("no_ending", members), "x"), "a\nb\nc\n");

  const refused = async (path: string, text: string, limit?: number) => {
    const error = await assertRejects(() => readTextFile(path, "data.labels", limit), UserError, text);
    assertEquals(error.exitCode, 2);
    assertEquals(error.where, `data.labels: ${path}`);
  };
  await refused(file("cut.gz", members.subarray(0, 30)), "is not a whole gzip file");
  await refused(file("bomb.gz", gzipSync(new Uint8Array(5e6).fill(65))), "inflates to more than 1.00 MB", 1e6);
  await refused(file("large.txt", new Uint8Array(2e6).fill(65)), "more than the limit of 1.00 MB", 1e6);
  await refused(file("binary", new Uint8Array([65, 0, 66])), "is not a text file");
  await refused("/dev/zero", "is not a regular file");
  await refused(root, "is not a regular file");
  await refused(join(root, "none.txt"), "No such file");
});

testInFolder("a FIFO is refused, and not waited for", async (root) => {
  const path = join(root, "fifo");
  await new Deno.Command("mkfifo", { args: [path] }).output();
  await assertRejects(() => readTextFile(path, "data.labels"), UserError, "is not a regular file");
  await assertRejects(() => InputFile.open(path), UserError, "is not a regular file");
});

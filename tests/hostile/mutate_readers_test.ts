/** Every reader against a few changed copies of its files; `mutate_readers.ts` reads thousands. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { DATA_FORMATS } from "../../core/config/data_formats.ts";
import { mutated } from "./mutations.ts";
import { SAMPLES } from "./samples.ts";

const COPIES = 60;

Deno.test("changed copies are the same for the same seed, and others for another", () => {
  const bytes = Uint8Array.from({ length: 400 }, (_, i) => i);
  const copies = (seed: number) => Array.from({ length: 60 }, (_, i) => String(mutated(bytes, i, seed)));
  assertEquals(copies(3), copies(3));
  assert(copies(3).filter((copy, i) => copy !== copies(4)[i]).length > 50);
  assert(copies(3).filter((copy) => copy !== String(bytes)).length > 50);
  assertEquals(mutated(new Uint8Array(0), 0).length, 0);
});

Deno.test("every reader has samples", () => {
  const readers = DATA_FORMATS.filter((format) => !["auto", "csr_npz", "dense_npy", "memory"].includes(format));
  assertEquals(Object.keys(SAMPLES).sort(), readers.toSorted());
});

Deno.test("every reader: changed files become rows or are refused in one line", async () => {
  const program = fromFileUrl(new URL("./mutate_readers.ts", import.meta.url));
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", program, "--files", String(COPIES)],
  }).output();
  const [table, said] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert(success, said);
  const lines = table!.trim().split("\n").slice(2).map((line) => line.split("|").map((cell) => cell.trim()));
  assertEquals(lines.map(([, reader]) => reader), Object.keys(SAMPLES).map((name) => `\`${name}\``));
  for (const [, reader, files, rows, refused, ended] of lines) {
    assertEquals(Number(rows) + Number(refused) + Number(ended), COPIES, reader);
    assertEquals(Number(files), COPIES, reader);
    assert(Number(rows) > 0 && Number(refused) > 10, `${reader}: ${rows} and ${refused}`);
  }
});

/** What a run was trained on, and what differs. */
import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { compareData, firstOtherName, trainedData, trainedRows, unsureFiles } from "../../../core/data/compare.ts";
import { matchColumns } from "../../../core/data/column_match.ts";
import { contentOf } from "../../../core/data/content.ts";
import { contentKey, type DataIdentity, identify } from "../../../core/data/identity.ts";
import { readRunData, readRunNames, writeRunData } from "../../../core/data/run_data.ts";
import { feed } from "../../../core/data/feed.ts";
import { readingPlan } from "../../../core/data/plan.ts";
import { openSource } from "../../../core/data/source.ts";
import { loadConfig } from "../../../core/config/mod.ts";
import type { DataConfig } from "../../../core/config/types.ts";
import { UserError } from "../../../core/errors.ts";
import type { BatchCreator } from "../../../ffi/batches.ts";
import { Chunk } from "../../../ffi/chunk.ts";
import { engine } from "../../../ffi/library.ts";
import { csrNpz, npy, syntheticCsr } from "../../helpers/npz.ts";
import { smallProject } from "../../helpers/small_run.ts";
import { testInFolder } from "../../temp.ts";

engine(); // the library stays open: not a leak of the test that is first

const nothing = { names: null, labels: null };
const identityOf = (data: DataConfig, like?: DataIdentity) => identify(data, openSource(data), { ...nothing, like });
const texts = (was: DataIdentity, now: DataIdentity) => compareData(was, now).map(({ text }) => text);

testInFolder(
  "a file that gets other values while it is read is refused; a copy of the same ones is not",
  async (root) => {
    const { data } = loadConfig({ file: smallProject(root) }).config;
    const source = openSource(data), path = join(root, "chunks", "chunk_1.npz");
    await identify(data, source, nothing);
    const read = async () => {
      let rows = 0;
      for await (
        const { batches } of feed(readingPlan(source, "train", data), {
          ...{ data, epoch: 0 },
          part: "train",
          training: false,
        })
      ) {
        for await (const batch of (batches as BatchCreator)) rows += batch.rows;
      }
      return rows;
    };
    const rows = await read();
    Deno.writeFileSync(path, Deno.readFileSync(path));
    assertEquals(await read(), rows);
    const values = syntheticCsr(120, 60, 0.1, 101); // those that it has
    values.data[7]! += 1;
    Deno.writeFileSync(path, csrNpz(values));
    await assertRejects(read, UserError, "chunk_1.npz: was changed since the start: it has other values");
  },
);

testInFolder(
  "files that are added, gone, renamed, changed or in another order are told; another folder is none",
  async (root) => {
    const { data } = loadConfig({ file: smallProject(root) }).config;
    const was = await identityOf(data);
    assertEquals(was.files.map(({ name, first_row, rows }) => [name, first_row, rows]), [
      ["chunk_0.npz", 0, 120],
      ["chunk_1.npz", 120, 120],
      ["chunk_2.npz", 240, 120],
    ]);
    const moved = { ...data, path: join(root, "moved") };
    Deno.renameSync(join(root, "chunks"), moved.path);
    const at = (name: string) => join(moved.path, name);
    assertEquals(texts(was, await identityOf(moved)), []);

    const values = syntheticCsr(120, 60, 0.1, 101); // those of chunk_1
    values.data[7]! += 1;
    Deno.writeFileSync(at("chunk_1.npz"), csrNpz(values));
    const now = await identityOf(moved);
    assertEquals(texts(was, now), ["1 file has changed: chunk_1.npz (other values)"]);
    assertNotEquals(contentKey(was), contentKey(now));

    Deno.writeFileSync(at("chunk_1.npz"), csrNpz(syntheticCsr(121, 60, 0.1, 101)));
    Deno.writeFileSync(at("new.npz"), csrNpz(syntheticCsr(9, 60, 0.1, 5)));
    Deno.renameSync(at("chunk_0.npz"), at("chunk_3.npz"));
    Deno.removeSync(at("chunk_2.npz"));
    assertEquals(texts(was, await identityOf(moved)), [
      "1 file is gone: chunk_2.npz",
      "1 file is new: new.npz",
      "1 file has another name: chunk_0.npz is now chunk_3.npz",
      "1 file has changed: chunk_1.npz (120 rows then, 121 now)",
    ]);
    const reversed = { ...was, files: was.files.toReversed() };
    assertEquals(texts(was, reversed), [
      "the files come in another order, first chunk_2.npz in place of chunk_0.npz",
    ]);
  },
);

testInFolder("rows that were trained on are known by their file's content", async (root) => {
  const { data } = loadConfig({ file: smallProject(root) }).config;
  const was = await identityOf(data), source = openSource(data);
  assertEquals(trainedRows(trainedData(was), was, source, "test"), 0);
  assertEquals(trainedRows(trainedData(was), was, source, "train"), source.partRows.train);
  const other = { ...data, split: { ...data.split, seed: 99 } as DataConfig["split"] };
  const count = trainedRows(trainedData(was), await identityOf(other), openSource(other), "test");
  const inTest = openSource(other).partRows.test;
  assert(count > inTest / 2 && count < inTest, `${count} of ${inTest}`);
  Deno.renameSync(join(root, "chunks", "chunk_0.npz"), join(root, "chunks", "chunk_9.npz"));
  assert(trainedRows(trainedData(was), await identityOf(data), openSource(data), "test") > 0);
  Deno.writeFileSync(join(root, "chunks", "chunk_9.npz"), csrNpz(syntheticCsr(120, 60, 0.1, 77)));
  assertEquals(trainedRows(trainedData(was), await identityOf(data), openSource(data), "test"), 0);
});

testInFolder("the content of a dense file: all bytes of a small one, blocks of a large one", async (root) => {
  const path = join(root, "a.npy");
  const write = (change: (values: Uint8Array) => void) => {
    const values = new Uint8Array(9_000_000);
    change(values);
    Deno.writeFileSync(path, npy("|u1", "9000, 1000", values));
    return { ...openSourceOf(path), path };
  };
  const openSourceOf = (file: string) => ({ info: Chunk.peek(file) }) as Parameters<typeof contentOf>[0];
  const zeros = await contentOf(write(() => {}), true);
  assert(zeros.startsWith("sha256:"));
  assertNotEquals(await contentOf(write((values) => values[4_321_000] = 1), true), zeros);
  const sampled = await contentOf(write(() => {}), false);
  assert(sampled.startsWith("sample:"));
  assertNotEquals(await contentOf(write((values) => values[8_999_999] = 1), false), sampled);
  assertNotEquals(await contentOf(write((values) => values[0] = 1), false), sampled);
});

Deno.test("a sampled file that was written since is named", () => {
  const file = { name: "a.npy", content: "sample:1", modified: "2026-01-01" };
  const was = { files: [file] } as unknown as DataIdentity;
  assertEquals(unsureFiles(was, was), []);
  const now = { files: [{ ...file, modified: "2026-01-02" }] } as unknown as DataIdentity;
  assertEquals(unsureFiles(was, now), ["a.npy"]);
});

testInFolder("data.json and column_names.txt are read back; what was edited is refused", async (root) => {
  const { data } = loadConfig({ file: smallProject(root) }).config;
  const names = Array.from({ length: 60 }, (_, column) => `gene ${column}`);
  const identity = await identify(data, openSource(data), { names, labels: null });
  assertEquals(await readRunData(root), null);
  await writeRunData(root, identity, names);
  const read = await readRunData(root);
  assertEquals(read, JSON.parse(JSON.stringify(identity)));
  assertEquals(await readRunNames(root, read!), names);
  Deno.writeTextFileSync(join(root, "column_names.txt"), "x\n");
  let refused = "";
  await readRunNames(root, read!).catch((error) => refused = error.message);
  assert(refused.includes("its hash differs"), refused);
  Deno.writeTextFileSync(join(root, "data.json"), '{"version": 1, "files": 3}');
  await readRunData(root).catch((error) => refused = error.message);
  assert(refused.includes("data.json"), refused);
});

Deno.test("columns are matched by name: reordered where they are the same, refused with the first that is not", () => {
  const trained = ["a", "b", "c", "d"];
  assertEquals(matchColumns(trained, ["a", "b", "c", "d"], "x"), null);
  assertEquals(matchColumns(trained, ["d", "a", "c", "b"], "x"), Uint32Array.of(3, 0, 2, 1));
  assertThrows(() => matchColumns(trained, ["d", "a", "x", "b"], "names"), UserError, 'names: column 2 is "x"');
  assertThrows(() => matchColumns(trained, ["d", "a", "d", "b"], "names"), UserError, "columns 0 and 2 are both");
  assertEquals(matchColumns(["a", "a", "b"], ["a", "a", "b"], "x"), null);
  assertEquals(firstOtherName(trained, ["a", "c", "b", "d"]), 'column 1 is "c", it was "b"');
});

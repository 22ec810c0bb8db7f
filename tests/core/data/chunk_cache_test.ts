import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { join } from "@std/path";
import { chunkBytes, isKept, keepOpen, KEPT_BYTES, lease } from "../../../core/data/chunk_cache.ts";
import type { ChunkFile } from "../../../core/data/source.ts";
import { Chunk } from "../../../ffi/chunk.ts";
import { EngineError } from "../../../ffi/error.ts";
import { temporary } from "../../helpers/cli.ts";
import { csrNpz, syntheticCsr } from "../../helpers/npz.ts";

const none = new Uint32Array(0);

function fileOf(path: string): ChunkFile {
  return {
    index: 0,
    path,
    name: "a.npz",
    offset: 0,
    key: 0,
    firstRow: 0,
    info: Chunk.peek(path),
    parts: { train: none, validation: none, test: none },
  };
}

function written(folder: string, name: string, rows = 20): ChunkFile {
  const path = join(folder, name);
  Deno.writeFileSync(path, csrNpz(syntheticCsr(rows, 30, 0.2, 1)));
  return fileOf(path);
}

Deno.test("chunks that are kept stay open from lease to lease, and close with the keeping", async () => {
  using folder = temporary();
  const file = written(folder.path, "a.npz");
  let seen: Chunk;
  {
    using _kept = keepOpen([file]);
    const [a, b] = await Promise.all([lease(file, 0), lease(file, 0)]);
    assertStrictEquals(a.chunk, b.chunk);
    a.release();
    b.release();
    const again = await lease(file, 0);
    assertStrictEquals(again.chunk, a.chunk);
    seen = again.chunk;
    again.release();
    assert(!seen.closed);
  }
  await Promise.resolve();
  assert(seen.closed);
});

Deno.test("chunks that are not kept close with their lease", async () => {
  using folder = temporary();
  const open = await lease(written(folder.path, "a.npz"), 0);
  assert(!open.chunk.closed);
  open.release();
  assert(open.chunk.closed);
});

Deno.test("a kept file that was written anew is opened anew; who has the old one may go on", async () => {
  using folder = temporary();
  const file = written(folder.path, "a.npz", 20);
  using _kept = keepOpen([file]);
  const old = await lease(file, 0);
  Deno.removeSync(file.path);
  written(folder.path, "a.npz", 21);
  const fresh = await lease(file, 0);
  assertEquals([old.chunk.rows, fresh.chunk.rows], [20, 21]);
  assert(!old.chunk.closed);
  old.release();
  await Promise.resolve();
  assert(old.chunk.closed && !fresh.chunk.closed);
  fresh.release();
});

Deno.test("a kept file that cannot be opened is tried again", async () => {
  using folder = temporary();
  const file = written(folder.path, "a.npz");
  using _kept = keepOpen([file]);
  const whole = Deno.readFileSync(file.path);
  Deno.writeFileSync(file.path, whole.subarray(0, 100));
  await assertRejects(() => lease(file, 0), EngineError);
  Deno.writeFileSync(file.path, whole);
  const open = await lease(file, 0);
  assertEquals(open.chunk.rows, 20);
  open.release();
});

Deno.test("a source is kept whole or not at all", async () => {
  using folder = temporary();
  const file = written(folder.path, "a.npz");
  assertEquals(chunkBytes(file), file.info.nnz * 8 + 21 * 4);
  const nnz = Math.floor(KEPT_BYTES / 8 / 2);
  const half: ChunkFile = { ...file, info: { ...file.info, nnz: nnz - 20 } };
  assert(isKept([half, half]));
  assert(!isKept([half, half, file]));
  assertEquals(
    chunkBytes({ ...file, info: { ...file.info, dataType: "bool", indicesType: "int64" } }),
    file.info.nnz * 9 + 84,
  );
  const large = { ...file, info: { ...file.info, nnz: 2 * nnz } };
  using _kept = keepOpen([file, large]);
  const open = await lease(file, 0);
  open.release();
  assert(open.chunk.closed);
});

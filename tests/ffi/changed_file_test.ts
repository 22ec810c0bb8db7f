/** Others write to a mapped file, or cut it short, while it is open: an error that names it, and no byte out of bounds. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { BatchCreator } from "../../ffi/batches.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { EngineError } from "../../ffi/error.ts";
import { engine } from "../../ffi/library.ts";
import { csrNpz, npy, random, syntheticCsr } from "../helpers/npz.ts";

engine(); // the library stays open: not a leak of the test that is first

const WHOLE = csrNpz(syntheticCsr(400, 300, 0.2, 5));

async function changed(
  change: (file: Deno.FsFile) => void,
  whole: Uint8Array = WHOLE,
  name = "rows.npz",
): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "narrows_test_" });
  const path = join(folder, name);
  try {
    await Deno.writeFile(path, whole);
    const chunk = await Chunk.open(path);
    try {
      using file = await Deno.open(path, { read: true, write: true });
      change(file);
      using creator = new BatchCreator([chunk], 4, 2, { batchSize: 16, shuffle: true, seed: 1, maskRate: 0.2 });
      return (await Array.fromAsync(creator)).length;
    } finally {
      chunk.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("changed file: cut short at any page, it is named and the process lives", async () => {
  for (let length = 0; length < WHOLE.length - 8192; length += 8192) {
    const error = await assertRejects(() => changed((file) => file.truncateSync(length)), EngineError);
    assertEquals(error.status, "io", error.message);
    assert(/rows\.npz: the file became shorter while it was read/.test(error.message), error.message);
  }
});

// The rest of a page of which the file still has a part reads as zeros, without a signal.
Deno.test("changed file: cut short within its last page, no batch is made of the zeros there", async () => {
  const dense = npy("<f4", "400, 2", new Uint8Array(new Float32Array(800).fill(1).buffer)); // less than a page
  for (const [whole, name] of [[dense, "rows.npy"], [WHOLE, "rows.npz"]] as const) {
    for (const bytes of [1, 8, 800]) {
      const cut = () => changed((file) => file.truncateSync(whole.length - bytes), whole, name);
      const error = await assertRejects(cut, EngineError, `${name}: the file became shorter while it was read`);
      assertEquals(error.status, "io");
    }
  }
  assert(await changed((file) => file.utimeSync(0, 0)) > 0, "a new time of the same bytes changes nothing");
});

Deno.test("changed file: overwritten with anything, it never leads out of bounds", async () => {
  const next = random(3);
  let refused = 0;
  for (let round = 0; round < 60; round++) {
    const from = Math.floor(next() * WHOLE.length);
    const bytes = new Uint8Array(Math.min(WHOLE.length - from, 1 + Math.floor(next() * 40_000)));
    for (let i = 0; i < bytes.length; i++) {
      bytes[i] = round % 3 === 0 ? 255 : round % 3 === 1 ? next() * 256 : next() * 2;
    }
    try {
      await changed((file) => {
        file.seekSync(from, Deno.SeekMode.Start);
        file.writeSync(bytes);
      });
    } catch (error) {
      assert(error instanceof EngineError && ["io", "format"].includes(error.status), `${error}`);
      if (/the file changed while it was read/.test(error.message)) refused++;
    }
  }
  assert(refused > 10, `${refused} refused`);
});

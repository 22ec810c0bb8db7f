/** Files and folders that are meant to harm a reader: each is refused in one line, in bounded memory. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { type Dataset, File, ready } from "h5wasm/node";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import type { SourceFormat } from "../../core/config/data_formats.ts";
import { locate } from "../../core/data/locate.ts";
import { readerOf } from "../../core/data/readers/mod.ts";
import type { ReaderOptions } from "../../core/data/readers/reader.ts";
import { UserError } from "../../core/errors.ts";
import { npy } from "../helpers/npz.ts";
import { testInFolder } from "../temp.ts";
import { SAMPLES } from "./samples.ts";

const FORMATS = Object.keys(SAMPLES) as SourceFormat[];
const MB = 1 << 20;

/** Why a source is refused. */
async function refusal(format: SourceFormat, path: string, options: ReaderOptions = {}): Promise<string> {
  const error = await assertRejects(async () => {
    const source = await readerOf(format).open(path, options);
    try {
      for await (const _ of source.read(100));
    } finally {
      source.close();
    }
  }, UserError);
  assert(!error.message.includes("\n") && error.message.length < 1000, error.message);
  return error.message;
}

testInFolder("no reader takes a file of 0 bytes, a link to itself, or nothing", async (dir) => {
  for (const format of FORMATS) {
    const { file, options } = (await SAMPLES[format]())[0]!;
    const path = join(dir, `empty ${file}`), link = join(dir, `link ${file}`);
    Deno.writeFileSync(path, new Uint8Array(0));
    await refusal(format, path, options);
    Deno.symlinkSync(link, link);
    await refusal(format, link, options);
    await refusal(format, join(dir, `none ${file}`), options);
    Deno.removeSync(path);
    Deno.removeSync(link);
  }
});

testInFolder("folders that lead back to themselves are gone through once", async (dir) => {
  const pictures = join(dir, "pictures");
  Deno.mkdirSync(join(pictures, "a"), { recursive: true });
  const samples = await SAMPLES.image();
  Deno.writeFileSync(join(pictures, "a", "1.png"), samples[0]!.bytes);
  Deno.symlinkSync(pictures, join(pictures, "a", "back"));
  Deno.symlinkSync(pictures, join(pictures, "again"));
  assertEquals(locate(pictures, "data.path", "auto").map(({ kind }) => kind), ["source"]);
  const source = await readerOf("image").open(pictures, {});
  assertEquals([source.rows, source.rowNames], [1, ["a/1.png"]]);
  source.close();
});

testInFolder("what a small file inflates to is bounded", async (dir) => {
  const path = join(dir, "bomb.gz");
  const bomb = (head: string, size: number) => {
    const bytes = new Uint8Array(size).fill(49);
    bytes.set(new TextEncoder().encode(head));
    Deno.writeFileSync(path, gzipSync(bytes, { level: 1 }));
  };
  bomb("id,a,b\nx,1,2\n", 70 * MB);
  assert((await refusal("csv", path)).includes("has a line of more than"));
  bomb("%%MatrixMarket matrix coordinate real general\n3 3 2\n1 1 ", 70 * MB);
  assert((await refusal("mtx", path)).includes("has a line of more than"));
  bomb("1 1:", 70 * MB);
  assert((await refusal("svmlight", path)).includes("has a line of more than"));
  bomb("\0\0\b\u0003\0\0\0\u0003\0\0\0\u0002\0\0\0\u0002", 70 * MB);
  assert((await refusal("idx", path)).includes("goes on behind its last row"));
  bomb('{"id":"', 300 * MB);
  assert((await refusal("biom", path)).includes("inflates to more than"));
  const archive = join(dir, "bomb.npz");
  const array = new Uint8Array([...npy("<f4", "2, 3", new Uint8Array(24)), ...new Uint8Array(50 * MB)]);
  Deno.writeFileSync(archive, zipSync({ "x.npy": array }));
  assert((await refusal("numpy", archive)).startsWith(archive));
  const sparse = { "format.npy": npy("|S3", "", new TextEncoder().encode("csc")), "data.npy": array };
  Deno.writeFileSync(archive, zipSync(sparse));
  assert((await refusal("sparse_npz", archive)).startsWith(archive));
});

testInFolder(
  "arrays of HDF5 that claim more than their file can hold are refused before memory is taken",
  async (dir) => {
    await ready;
    const path = join(dir, "a.h5");
    const file = new File(path, "w");
    file.create_dataset({
      name: "x",
      data: new Float32Array(4),
      shape: [2, 2],
      maxshape: [null, null],
      chunks: [2, 2],
    });
    (file.get("x") as Dataset).resize([1e7, 1e7]);
    file.flush();
    file.close();
    const begun = performance.now();
    for (const axes of [["row", "sample"], ["sample", "row"]]) {
      const why = await refusal("hdf5", path, { member: "x", settings: { axes } });
      assert(why.includes("x says that it has 400 TB, in a file of"), why);
    }
    assert(performance.now() - begun < 60_000);
  },
);

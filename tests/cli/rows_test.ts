/** Which row is which, which column is which: as a user meets it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readNpy } from "../../core/formats/npy.ts";
import { run, temporary } from "../helpers/cli.ts";
import { type Csr, csrNpz, syntheticCsr } from "../helpers/npz.ts";
import { smallProject } from "../helpers/small_run.ts";

const NAMES = Array.from({ length: 60 }, (_, column) => `gene_${column}`);

interface Project extends Disposable {
  readonly path: string;
  readonly run: string;
  readonly config: string;
  train(...args: string[]): ReturnType<typeof run>;
  at(...names: string[]): string;
}

function project(): Project {
  const folder = temporary();
  const config = smallProject(folder.path);
  const at = (...names: string[]) => join(folder.path, ...names);
  return {
    path: folder.path,
    run: at("run"),
    config,
    at,
    train: (...args) => run("train", ["--config", config, "--run-dir", at("run"), "--quiet", ...args]),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

async function good(script: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const result = await run(script, args);
  assertEquals(result.code, 0, result.stderr);
  return result;
}

async function refused(script: string, args: string[], ...texts: string[]): Promise<void> {
  const result = await run(script, args);
  assertEquals(result.code, 2, result.stderr + result.stdout);
  for (const text of texts) assertStringIncludes(result.stderr, text);
}

/** The columns of a matrix in another order: column j of the new one is column order[j]. */
function permuted(csr: Csr, order: readonly number[]): Csr {
  const place = new Map(order.map((column, at) => [column, at]));
  const indices = csr.indices.slice(), data = csr.data.slice();
  for (let row = 0; row < csr.rows; row++) {
    const [start, end] = [csr.indptr[row]!, csr.indptr[row + 1]!];
    const entries = Array.from({ length: end - start }, (_, k) => [place.get(csr.indices[start + k]!)!, start + k]);
    entries.sort(([a], [b]) => a! - b!).forEach(([column, from], k) => {
      indices[start + k] = column!;
      data[start + k] = csr.data[from!]!;
    });
  }
  return { ...csr, indices, data };
}

Deno.test("embed --projector writes the vectors that embed writes, and which row is which, for TensorBoard", async () => {
  using dir = project();
  assertEquals((await dir.train()).code, 0);
  await good("embed", dir.run, "--output", dir.at("all.npy"), "--rows", dir.at("rows.csv"));
  const { stdout } = await good("embed", dir.run, "--projector");
  assertMatch(stdout, /tensorboard: 360 rows; tensorboard --logdir \S+tensorboard shows them/);
  const lines = (name: string) => Deno.readTextFileSync(dir.at("run", "tensorboard", name)).trimEnd().split("\n");
  const values = lines("latent.tsv").map((line) => line.split("\t").map((text) => Math.fround(Number(text))));
  const { data } = await readNpy(dir.at("all.npy"));
  assertEquals(values.flat(), [...data as Float32Array]);
  assertEquals(lines("latent_rows.tsv").map((line) => line.split("\t").join(",")), textLines(dir.at("rows.csv")));
  assertStringIncludes(lines("projector_config.pbtxt").join("\n"), 'tensor_path: "latent.tsv"');
  await refused("embed", [dir.run, "--projector", "--output", "x.npy"], "leave out --output");
});

const textLines = (path: string) => Deno.readTextFileSync(path).trimEnd().split("\n");

/** Lines of a row table, without the header. */
const rowsOf = (path: string) => Deno.readTextFileSync(path).trim().split("\n").slice(1);

Deno.test("rows keep their parts when a file is added; the table says which row is which", async () => {
  using p = project();
  assertEquals((await p.train("--override", "training.epochs=1")).code, 0);
  const out = ["--output", p.at("e.npy"), "--rows", p.at("e.csv")];
  await good("embed", p.run, ...out);
  const before = rowsOf(p.at("e.csv"));
  assertEquals(before.length, 360);
  assertMatch(before[0]!, /^chunk_0.npz,0,,,(train|validation|test)$/);
  Deno.writeFileSync(p.at("chunks", "a.npz"), csrNpz(syntheticCsr(10, 60, 0.1, 5)));
  Deno.writeFileSync(p.at("chunks", ".hidden.npz"), csrNpz(syntheticCsr(10, 60, 0.1, 5)));
  Deno.writeTextFileSync(p.at("labels.tsv"), Array.from({ length: 370 }, (_, row) => `r${row}\t${row % 3}\n`).join(""));
  const { stderr } = await good("embed", p.run, ...out, "--labels", p.at("labels.tsv"));
  assertStringIncludes(stderr, "1 file is new: a.npz");
  const after = rowsOf(p.at("e.csv"));
  assertEquals(after.length, 370);
  assertMatch(after[3]!, /^a.npz,3,r3,0,(train|validation|test)$/);
  assertEquals(after.slice(10).map((line) => line.replace(/,r\d+,\d,/, ",,,")), before);
  await refused("embed", [p.run, ...out, "--labels", "/dev/zero"], "not a regular file");
});

Deno.test("a resume notices changed values of the same shape, in mid-epoch and at its end, and takes a moved folder", async () => {
  for (const steps of [20, 18]) { // 360 rows, 0.8 of them for training, in batches of 16
    using p = project();
    assertEquals((await p.train("--override", `training.max_steps=${steps}`)).code, 0);
    const chunk = p.at("chunks", "chunk_1.npz");
    const whole = Deno.readFileSync(chunk);
    const csr = syntheticCsr(120, 60, 0.1, 101);
    csr.data[0]! += 1;
    Deno.writeFileSync(chunk, csrNpz(csr));
    const on = ["--resume", p.run, "--quiet", "--override", "training.max_steps=30"];
    await refused("train", on, "1 file has changed: chunk_1.npz (other values)", "--fork");
    Deno.writeFileSync(chunk, whole);
    Deno.renameSync(p.at("chunks"), p.at("moved"));
    await good("train", ...on, "--override", `data.path=${p.at("moved")}`);
    assertEquals(JSON.parse(Deno.readTextFileSync(join(p.run, "summary.json"))).steps, 30);
  }
});

Deno.test("a held-out part with trained rows is refused unless it is asked for; so is a run that does not say", async () => {
  using p = project();
  assertEquals((await p.train("--override", "training.epochs=1")).code, 0);
  const seed = ["--override", "data.split.seed=99"];
  await refused("evaluate", [p.run, "--split", "test", ...seed], "rows were used to train the run");
  await refused("evaluate", [p.run, ...seed], "--allow-trained-rows");
  await refused("embed", [p.run, "--split", "validation", ...seed], "--allow-trained-rows");
  await good("evaluate", p.run, "--allow-trained-rows", ...seed);
  await good("embed", p.run, ...seed, "--output", p.at("e.npy"));
  await good("evaluate", p.run);
  Deno.removeSync(join(p.run, "data.json"));
  await refused("evaluate", [p.run], "has no data.json", "--data F");
  await refused("train", ["--resume", p.run, "--quiet", "--override", "training.epochs=2"], "has no data.json");
});

Deno.test("--data: all rows of other data as one part; columns in another order are brought into the run's", async () => {
  using p = project();
  Deno.writeTextFileSync(p.at("names.txt"), NAMES.join("\n") + "\n");
  const args = ["--override", "training.epochs=1", "--override", `data.column_names=${p.at("names.txt")}`];
  assertEquals((await p.train(...args)).code, 0);
  assertEquals(Deno.readTextFileSync(join(p.run, "column_names.txt")), NAMES.join("\n") + "\n");
  const order = NAMES.map((_, column) => (column * 7 + 3) % 60);
  const csr = syntheticCsr(50, 60, 0.1, 42);
  Deno.writeFileSync(p.at("new.npz"), csrNpz(csr));
  Deno.writeFileSync(p.at("other.npz"), csrNpz(permuted(csr, order)));
  Deno.writeTextFileSync(p.at("other.txt"), order.map((column) => NAMES[column]).join("\n") + "\n");
  const json = async (...args: string[]) => JSON.parse((await good("evaluate", p.run, "--json", ...args)).stdout);
  const plain = await json("--data", p.at("new.npz"));
  assertEquals([plain.rows, plain.split, plain.data], [50, undefined, p.at("new.npz")]);
  const same = await json("--data", p.at("other.npz"), "--column-names", p.at("other.txt"));
  assert(Math.abs(same.loss - plain.loss) < 1e-6 * plain.loss);
  assert(Math.abs((await json("--data", p.at("other.npz"))).loss - plain.loss) > 1e-3 * plain.loss);
  assertStringIncludes((await good("evaluate", p.run, "--data", p.at("new.npz"))).stdout, "new data");
  const embed = async (...args: string[]) => {
    await good("embed", p.run, "--output", p.at("e.npy"), "--rows", p.at("e.csv"), ...args);
    return (await readNpy(p.at("e.npy"))).data;
  };
  const there = await embed("--data", p.at("new.npz"));
  assertEquals(rowsOf(p.at("e.csv"))[49], "new.npz,49,,,new");
  // The sums of library_size are added in another order: equal but for rounding.
  const back = await embed("--data", p.at("other.npz"), "--column-names", p.at("other.txt"));
  there.forEach((value, at) => assert(Math.abs(Number(value) - Number(back[at])) < 1e-4));
  await good("reconstruct", p.run, "--data", p.at("new.npz"), "--output", p.at("r.npy"));
  assertEquals((await readNpy(p.at("r.npy"))).shape, [50, 60]);

  const others = order.map((column) => NAMES[column]);
  others[5] = "unknown";
  Deno.writeTextFileSync(p.at("wrong.txt"), others.join("\n") + "\n");
  const wrong = ["--data", p.at("other.npz"), "--column-names", p.at("wrong.txt")];
  await refused("evaluate", [p.run, ...wrong], 'column 5 is "unknown"');
  await refused("embed", [p.run, "--data", p.at("new.npz"), "--split", "test"], "whose rows are all one part");
  const { stderr } = await good("evaluate", p.run, "--data", p.at("chunks"));
  assertMatch(stderr, /\d+ of the 360 rows were used to train the run/);
  Deno.writeFileSync(p.at("narrow.npz"), csrNpz(syntheticCsr(5, 59, 0.1, 1)));
  await refused("evaluate", [p.run, "--data", p.at("narrow.npz")], "has 59 columns, but the run was trained on 60");
  // The run keeps the names: its own data are read without the file.
  Deno.removeSync(p.at("names.txt"));
  await good("evaluate", p.run);
  await good("evaluate", p.run, "--data", p.at("other.npz"), "--column-names", p.at("other.txt"));
});

Deno.test("bad data end with status 2, say what a user did, and leave no run folder", async (t) => {
  using p = project();
  const chunk = p.at("chunks", "chunk_1.npz");
  const spoilt = (name: string, change: (csr: Csr) => Csr, ...texts: string[]) =>
    t.step(name, async () => {
      Deno.writeFileSync(chunk, csrNpz(change(syntheticCsr(120, 60, 0.1, 101))));
      for (const args of [[], ["--dry-run"]]) {
        const result = await p.train(...args);
        assertEquals(result.code, 2, result.stderr);
        for (const text of texts) assertStringIncludes(result.stderr, text);
        assert(!result.stderr.includes("engine:"), result.stderr);
        assertEquals([...Deno.readDirSync(p.path)].map(({ name }) => name).sort(), ["chunks", "small.yaml"]);
      }
    });
  const value = (csr: Csr, to: number): Csr => ({ ...csr, data: csr.data.with(csr.indptr[17]!, to) });
  const entry = syntheticCsr(120, 60, 0.1, 101);
  const where = `chunk_1.npz: row 17, column ${entry.indices[entry.indptr[17]!]}: a value of `;
  await spoilt("NaN", (csr) => value(csr, NaN), `${where}nan is not a finite`);
  await spoilt("infinity", (csr) => value(csr, Infinity), `${where}inf is not a finite`);
  await spoilt("a negative count", (csr) => value(csr, -3), `${where}-3 cannot be transformed by log1p`);
  const index = (csr: Csr, to: number) => ({ ...csr, indices: csr.indices.with(csr.indptr[17]!, to) });
  await spoilt("a column out of range", (csr) => index(csr, 60), "row 17: column 60 is not in [0, 60)");
  await spoilt("a negative column", (csr) => index(csr, -1), "row 17: column -1 is not in [0, 60)");
  const falling = (csr: Csr) => ({ ...csr, indptr: csr.indptr.with(6, csr.indptr[8]!) });
  await spoilt("row starts that fall", falling, "indptr.npy: row 6: decreases from");
  for (const name of ["chunk_0", "chunk_1", "chunk_2"]) {
    const none = {
      rows: 5,
      columns: 0,
      data: new Float32Array(0),
      indices: new Int32Array(0),
      indptr: new Int32Array(6),
    };
    Deno.writeFileSync(p.at("chunks", `${name}.npz`), csrNpz(none));
  }
  await t.step("no columns", async () => {
    const result = await p.train();
    assertEquals(result.code, 2, result.stderr);
    assertStringIncludes(result.stderr, "has 0 columns");
  });
});

Deno.test("data too large to be looked at before: a bad value is status 2, the folder goes where nothing was trained", async () => {
  using p = project();
  const [rows, columns] = [1_100_000, 60]; // 264 MB, of which the file system keeps a page
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  const text = "\x93NUMPY\x01\x00" + String.fromCharCode(118, 0) + header.padEnd(117) + "\n";
  const file = p.at("large.npy");
  Deno.writeFileSync(file, Uint8Array.from(text, (char) => char.charCodeAt(0)));
  const spoil = (row: number, to: number) => {
    using open = Deno.openSync(file, { write: true });
    open.truncateSync(128 + rows * columns * 4);
    open.seekSync(128 + row * columns * 4, Deno.SeekMode.Start);
    open.writeSync(new Uint8Array(Float32Array.of(to).buffer));
  };
  const over = ["data.path=large.npy", "data.format=dense_npy", "data.batch_size=4096", "data.transforms=[log1p]"];
  const settings = [
    "data.shuffle=false",
    "data.split={train: 1, validation: 0, test: 0}",
    "model.encoder=[{linear: 2}]",
  ];
  const args = [...over, ...settings, "model.decoder=[{linear: output}]", "training.max_steps=3"]
    .flatMap((text) => ["--override", text.replace("large.npy", file)]);
  spoil(17, -3);
  const first = await p.train(...args);
  assertEquals(first.code, 2, first.stderr);
  assertStringIncludes(first.stderr, "large.npy: row 17, column 0: a value of -3 cannot be transformed by log1p");
  assertEquals([...Deno.readDirSync(p.path)].some(({ name }) => name === "run"), false);
  spoil(17, 0);
  spoil(9000, NaN); // in the third batch
  const third = await p.train(...args);
  assertEquals(third.code, 2, third.stderr);
  assertStringIncludes(third.stderr, "row 9000, column 0: a value of nan");
  assertEquals(JSON.parse(Deno.readTextFileSync(join(p.run, "summary.json"))).steps, 2);
});

/** Arrays in Python pickles: all protocols that are binary, and nothing that is more than arrays and containers. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { UserError } from "../../../core/errors.ts";
import { objectsOf } from "../../../core/formats/numpy_arrays.ts";
import { pickledArrays } from "../../../core/formats/pickle.ts";
import { openPickles, pickle } from "../../../core/data/readers/pickle.ts";
import { readAll } from "../data/readers/read_all.ts";
import { run, temporary } from "../../helpers/cli.ts";

const FOLDER = fromFileUrl(new URL("../../golden/pickles", import.meta.url));
const bytesOf = (name: string) => Deno.readFileSync(join(FOLDER, name));
const arraysOf = (name: string) => pickledArrays(name, bytesOf(name));
const VALUES = Float32Array.from({ length: 12 }, (_, i) => i / 4);
/** The same by columns. */
const TURNED = Float32Array.from({ length: 12 }, (_, i) => ((i % 3) * 4 + Math.floor(i / 3)) / 4);

for (const protocol of [2, 3, 4, 5]) {
  Deno.test(`pickle: arrays in dicts, lists and tuples have the names of their keys and places, protocol ${protocol}`, () => {
    const arrays = arraysOf(`protocol${protocol}.pkl`);
    assertEquals(arrays.map(({ name, shape, type }) => [name, shape.join(), type]), [
      ["scans/0", "3,4", "float32"],
      ["scans/1", "3,4", "int16"],
      ["meta/0", "3,4", "float64"],
      ["meta/3/rate", "", "float64"],
      ["list", "3,4", "list"],
    ]);
    const [scan, whole, turned, rate, list] = arrays as [typeof arrays[0], ...typeof arrays];
    assertEquals(scan.load(), VALUES);
    assertEquals(whole!.load(), VALUES.map(Math.trunc));
    assertEquals([turned!.isFortran, turned!.load()], [true, TURNED]);
    assertEquals(rate!.load(), Float32Array.of(1e6));
    assertEquals(list!.load(), VALUES);
  });
}

Deno.test("pickle: numbers of Python have names and all of their digits; one may be the rate", async () => {
  const arrays = arraysOf("numbers.pkl");
  assertEquals(arrays.map(({ name, shape }) => [name, shape.join()]), [
    ["rf", "3,4"],
    ["fs", ""],
    ["gain", ""],
    ["count", ""],
  ]);
  assertEquals(arrays.slice(1).map((array) => array.first()), [5208333.25, 12, 3]);
  const source = await pickle.open(join(FOLDER, "numbers.pkl"), { settings: { rate: "fs" } });
  assertEquals([source.rate, source.rows], [5208333.25, 3]);
  source.close();
});

Deno.test("pickle: complex numbers, of NumPy and in lists, are two channels", async () => {
  for (const name of ["complex2.pkl", "complex4.pkl"]) {
    const arrays = arraysOf(name);
    assertEquals(arrays.map(({ name, type, isComplex }) => [name, type, isComplex]), [
      ["c8", "complex float32", true],
      ["c16", "complex float64", true],
      ["list", "complex list", true],
    ]);
    for (const { name: member } of arrays) {
      const read = async (complex?: string) => {
        const settings = complex ? { complex } : {};
        return await readAll({ ...pickle, open: openPickles }, join(FOLDER, name), { member, settings }, 2);
      };
      const both = await read();
      assertEquals([both.rows, both.shape], [3, [2, 4]], member);
      const rows = [0, 4, 8].map((from) => [...VALUES.slice(from, from + 4)]);
      assertEquals(both.values, rows.flatMap((row) => [...row, ...row.map((value) => value - 1)]));
      assertEquals((await read("imag")).values, rows.flat().map((value) => value - 1));
      assertEquals((await read("abs")).values.slice(0, 2), [1, Math.fround(Math.hypot(0.25, -0.75))]);
    }
  }
});

Deno.test("pickle: ordered dicts, and arrays of objects in .npy", () => {
  assertEquals(arraysOf("ordered.pkl").map(({ name }) => name), ["rows"]);
  const arrays = pickledArrays("objects.npy", objectsOf("objects.npy", bytesOf("objects.npy")));
  assertEquals(arrays.map(({ name, shape }) => [name, shape.join()]), [["0", "4"], ["1", "4"]]);
  assertEquals(arrays[1]!.load(), VALUES.slice(4, 8));
});

Deno.test("pickle: what it calls beside arrays is refused by its name, text with what to do", () => {
  const program = assertThrows(() => arraysOf("program.pkl"), UserError);
  assertStringIncludes(program.message, "calls posix.system: only arrays of NumPy");
  const text = assertThrows(() => arraysOf("text.pkl"), UserError);
  assertStringIncludes(`${text.message} ${text.hint}`, "protocol=2");
});

Deno.test("pickle: damaged files are read or refused in one line", () => {
  let seed = 1, refused = 0;
  const next = (below: number) => (seed = (seed * 48271) % 0x7fffffff) % below;
  for (const name of ["protocol2.pkl", "protocol4.pkl", "protocol5.pkl", "ordered.pkl"]) {
    const whole = bytesOf(name);
    for (let round = 0; round < 500; round++) {
      const bytes = whole.slice(0, next(4) === 0 ? next(whole.length) : whole.length);
      for (let flips = 1 + next(3); flips > 0 && bytes.length > 0; flips--) bytes[next(bytes.length)] = next(256);
      try {
        for (const { values, load } of pickledArrays(name, bytes)) if (values !== undefined) load();
      } catch (error) {
        assert(error instanceof UserError, `${name}: ${error}`);
        assert(!error.message.includes("\n"), error.message);
        refused++;
      }
    }
  }
  assert(refused > 500, `${refused}`);
});

Deno.test("pickle: from a path to a report", async () => {
  using folder = temporary();
  const config = join(folder.path, "c.yaml");
  const model = "model: {encoder: [{linear: 2}], decoder: [{linear: output}]}";
  Deno.writeTextFileSync(config, `data: {path: "${FOLDER}/protocol4.pkl", member: scans/0}\n${model}\n`);
  const given = ["--config", config, "--run-dir", join(folder.path, "run")];
  const more = [
    `paths.cache=${folder.path}/cache`,
    "data.split={train: 1, validation: 0, test: 0}",
    "training.epochs=2",
  ];
  const { code, stderr } = await run("train", [...given, ...more.flatMap((text) => ["--override", text])]);
  assertEquals(code, 0, stderr);
  assert(Deno.statSync(join(folder.path, "run", "report.html")).size > 0);
});

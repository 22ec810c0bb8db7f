/** Files of labels and names: read as what they are, or refused in words. */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { columnNamesOf, readColumnNames, readLabels, readRowTable } from "../../../core/data/annotations.ts";
import type { DataConfig } from "../../../core/config/types.ts";
import type { Source } from "../../../core/data/source.ts";
import { UserError } from "../../../core/errors.ts";
import { npy } from "../../helpers/npz.ts";
import { testInFolder } from "../../temp.ts";

const LABELS = Array.from({ length: 30 }, (_, row) => `type ${row % 3}`);

testInFolder("labels: plain, quoted, with a header, an index or names of rows", async (root) => {
  const read = async (name: string, lines: readonly string[], rows = 30) => {
    const notes: string[] = [];
    Deno.writeTextFileSync(join(root, name), lines.join("\n") + "\n");
    return { labels: await readLabels(join(root, name), rows, (text) => notes.push(text)), notes };
  };
  const good = async (name: string, lines: readonly string[], ...said: readonly string[]) => {
    const { labels, notes } = await read(name, lines);
    assertEquals(labels, LABELS);
    assertEquals(notes.length, said.length, notes.join("\n"));
    said.forEach((text, at) => assertEquals(notes[at]!.includes(text), true, notes[at]));
  };
  await good("plain.txt", LABELS);
  await good("windows.txt", LABELS.map((label) => `${label}\r`));
  await good("quoted.txt", LABELS.map((label) => `"${label}"`));
  await good("header.txt", ["cell_type", ...LABELS], "header");
  await good("index.tsv", LABELS.map((label, row) => `${row}\t${label}`), "column 2");
  await good("named.csv", ["cell,type", ...LABELS.map((label, row) => `"c, ${row}","${label}"`)], "header", "column 2");
  await good("r.tsv", ['"x"\t"y"', ...LABELS.map((label, row) => `"${row + 1}"\t"${label}"`)], "header", "column 2");
  const tableFrom = (name: string) =>
    readRowTable({ labels: join(root, name) } as DataConfig, { rows: 30, labels: null, keptRows: null } as Source);
  assertEquals((await tableFrom("named.csv")).names?.[4], "c, 4");
  assertEquals((await tableFrom("index.tsv")).names, null);
  const names = LABELS.map((_, row) => `cell ${row}`);
  assertEquals((await read("names.txt", names)).notes.map((note) => note.includes("all 30 labels differ")), [true]);

  const refused = (name: string, lines: readonly string[], text: string) =>
    assertRejects(() => read(name, lines), UserError, text);
  await refused("short.txt", LABELS.slice(2), "has 28 entries for 30 rows");
  await refused(
    "two.tsv",
    LABELS.map((label, row) => `${row % 5}\t${label}`),
    "has 2 columns, and it is not clear which of them",
  );
  await refused("three.csv", ["a,b,c", ...LABELS.map((label, row) => `${row},${label},x`)], 'columns ("a", "b", "c")');
  await refused("uneven.tsv", ["a\tb", ...LABELS.slice(1)], "line 2 has 1 fields, but the lines before it have 2");
});

testInFolder("names: the first field, told apart by the next; an index is passed over", async (root) => {
  const read = (text: string) => {
    Deno.writeTextFileSync(join(root, "names.tsv"), text);
    return readColumnNames(join(root, "names.tsv"), 3);
  };
  assertEquals(await read("a\tA1\nb\tB1\nc\tC1\n"), ["a", "b", "c"]);
  assertEquals(await read("a\tA1\nb\tB1\na\tA2\n"), ["a (A1)", "b", "a (A2)"]);
  assertEquals(await read("0\ta\n1\tb\n2\tc\n"), ["a", "b", "c"]);
  assertEquals(await read("gene\na\nb\nc\n"), ["a", "b", "c"]);
});

/** Elements of one width, as numpy writes them. */
function texts(values: readonly string[], descr: string): Uint8Array {
  const width = Number(/\d+/.exec(descr)![0]), isUnicode = descr.includes("U");
  const bytes = new Uint8Array(values.length * width * (isUnicode ? 4 : 1));
  const view = new DataView(bytes.buffer);
  values.forEach((value, row) => {
    if (isUnicode) {
      [...value].forEach((char, i) => view.setUint32(4 * (row * width + i), char.codePointAt(0)!, descr[0] !== ">"));
    } else bytes.set(new TextEncoder().encode(value), row * width);
  });
  return bytes;
}

testInFolder(
  "labels: arrays of text, numbers and truth values; pickled objects are refused with what to do",
  async (root) => {
    const path = join(root, "labels.npy");
    const notes: string[] = [];
    const read = (descr: string, shape: string, body: Uint8Array, rows = 3) => {
      Deno.writeFileSync(path, npy(descr, shape, body));
      return readLabels(path, rows, (text) => notes.push(text));
    };
    const types = ["T cell", "", "B-Zelle \u{1F9EC} é"];
    for (const descr of ["<U12", ">U12", "|S20"]) assertEquals(await read(descr, "3,", texts(types, descr)), types);
    assertEquals(await read("<U12", "3, 1", texts(types, "<U12")), types);
    const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer);
    assertEquals(await read("<i2", "3,", bytesOf(new Int16Array([-1, 0, 300]))), ["-1", "0", "300"]);
    assertEquals(await read("|b1", "3,", new Uint8Array([0, 1, 1])), ["False", "True", "True"]);
    assertEquals(await read("<f4", "3,", bytesOf(new Float32Array([0.1, 3, 1e-8]))), ["0.1", "3", "1e-8"]);
    assertEquals(await read("<i8", "3,", bytesOf(new BigInt64Array([1n, -2n, 2n ** 60n]))), [
      "1",
      "-2",
      `${2n ** 60n}`,
    ]);
    assertEquals(notes, []);
    // More than one block, and labels that are no classes.
    const many = Array.from({ length: 1500 }, (_, row) => `cell ${row}`);
    assertEquals(await read("<U999", "1500,", texts(many, "<U999"), 1500), many);
    assertEquals(notes.map((note) => note.includes("all 1500 labels differ")), [true]);

    const refused = async (descr: string, body: Uint8Array, what: string, hint: string) => {
      const error = await assertRejects(() => read(descr, "3,", body), UserError, what);
      assertEquals(error.message.startsWith("data.labels: "), true, error.message);
      assertEquals(error.hint?.includes(hint), true, error.hint);
    };
    await refused(
      "|O",
      new Uint8Array(40),
      "is an array of pickled Python objects",
      'numpy.save("labels.npy", numpy.load("labels.npy", allow_pickle=True).astype(str))',
    );
    await refused("<M8[D]", new Uint8Array(24), "descr: '<M8[D]' is not one of text, truth", "astype(str)");
    await refused("|S2", new Uint8Array([65, 66, 0xff, 0, 67, 0]), "entry 2 is no text: is not UTF-8", "UTF-8");
    await refused("<U1", new Uint8Array(12).fill(255), "entry 1 is no text", "UTF-8");
    await assertRejects(() => read("<U1", "2,", texts(["a", "b"], "<U1")), UserError, "has 2 entries for 3 rows");
  },
);

testInFolder(
  "labels: an array changed or cut anywhere is refused in one line with its name, or still has its rows",
  async (root) => {
    const path = join(root, "labels.npy");
    let refused = 0, read = 0;
    for (const descr of ["<U6", "|S6"]) {
      const whole = npy(descr, "3,", texts(["a", "bc", "déf"], descr));
      for (let at = 0; at < whole.length; at++) {
        const flipped = whole.slice();
        flipped[at]! ^= 1 << (at % 8);
        for (const bytes of [flipped, whole.subarray(0, at)]) {
          Deno.writeFileSync(path, bytes);
          try {
            assertEquals((await readLabels(path, 3))?.length, 3);
            read++;
          } catch (error) {
            if (!(error instanceof UserError)) throw error;
            assertEquals([error.message.includes(path), error.message.includes("\n")], [true, false], error.message);
            refused++;
          }
        }
      }
    }
    assertEquals([refused > 300, read > 60], [true, true], `${refused} refused, ${read} read`);
  },
);

testInFolder("names: a source's file is read once, and anew for who is told what is odd about it", async (root) => {
  const path = join(root, "names.txt");
  Deno.writeTextFileSync(path, "name\na\nb\n");
  const source = { columns: 2, columnNames: null } as unknown as Source;
  const notes: string[] = [];
  const read = (of = source, note?: (text: string) => void) => columnNamesOf({ column_names: path }, of, note);
  assertEquals(await read(source, (text) => notes.push(text)), ["a", "b"]);
  Deno.writeTextFileSync(path, "name\nc\nd\n");
  assertEquals(await read(), ["a", "b"]);
  assertEquals(await read({ ...source }), ["c", "d"]);
  assertEquals(await read(source, (text) => notes.push(text)), ["c", "d"]);
  assertEquals(notes.length, 2);
});

/** Files of labels and names: read as what they are, or refused in words. */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { readColumnNames, readLabels, readRowTable } from "../../../core/data/annotations.ts";
import { UserError } from "../../../core/errors.ts";
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
  assertEquals((await readRowTable(join(root, "named.csv"), 30)).names?.[4], "c, 4");
  assertEquals((await readRowTable(join(root, "index.tsv"), 30)).names, null);
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

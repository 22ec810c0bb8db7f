/** Tables of text and files of SVMlight: what they are like is found, and what is wrong has its line. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { gzipSync } from "node:zlib";
import { csv } from "../../../../core/data/readers/csv.ts";
import { claimant } from "../../../../core/data/readers/mod.ts";
import { svmlight } from "../../../../core/data/readers/svmlight.ts";
import { UserError } from "../../../../core/errors.ts";
import { readAll } from "../../../helpers/readers.ts";
import { testInFolder } from "../../../temp.ts";

const VALUES = [[1, 0, 2.5], [0, 0, 7], [3, -1, 0]];

testInFolder("csv: separators, headers and names of rows are found", async (root) => {
  const at = (name: string) => join(root, name);
  const read = async (name: string, text: string, options = {}) => {
    Deno.writeTextFileSync(at(name), text);
    assertEquals(claimant(at(name))?.format, "csv", text);
    const { values, rowNames, columnNames } = await readAll(csv, at(name), options);
    return { values, rowNames, columnNames };
  };
  const genes = ["g1", "g2", "g3"], cells = ["a", "b", "c"];
  const plain = { values: VALUES, rowNames: null, columnNames: null };
  assertEquals(await read("a.csv", "1,0,2.5\n0,0,7\n3,-1,0\n"), plain);
  assertEquals(await read("a.tsv", "\uFEFF1\t0\t2.5\r\n0\t0\t7\r\n\r\n3\t-1\t0"), plain);
  assertEquals(await read("b.csv", "g1;g2;g3\n1;0;2.5\n0;0;7\n3;-1;0\n"), { ...plain, columnNames: genes });
  const whole = { values: VALUES, rowNames: cells, columnNames: genes };
  assertEquals(await read("c.csv", ",g1,g2,g3\na,1,0,2.5\nb,0,0,7\nc,3,-1,0\n"), whole);
  assertEquals(await read("d.csv", '"g1","g2","g3"\n"a",1,0,2.5\n"b",0,0,7\n"c",3,-1,0\n'), whole); // R's
  assertEquals((await read("e.csv", '"cell, id";"g;1";g2\n"x;1";1;2\n"x,2";3;4\n')).rowNames, ["x;1", "x,2"]);
  const counted = await read("f.csv", "Unnamed: 0,g1,g2,g3\n0,1,0,2.5\n1,0,0,7\n2,3,-1,0\n");
  assertEquals([counted.values, counted.rowNames, counted.columnNames], [VALUES, ["0", "1", "2"], genes]);
  const numbered = await read("i.csv", ",0,1,2\n0,1,0,2.5\n1,0,0,7\n2,3,-1,0\n"); // pandas without names
  assertEquals([numbered.values, numbered.columnNames], [VALUES, ["0", "1", "2"]]);
  assertEquals((await read("j.csv", "cell_id,g1,g2,g3\n1,1,0,2.5\n2,0,0,7\n3,3,-1,0\n")).rowNames, ["1", "2", "3"]);
  const turned = await read("g.csv", ",a,b,c\ng1,1,0,3\ng2,0,0,-1\ng3,2.5,7,0\n", { settings: { transpose: true } });
  assertEquals(turned, whole);
  assertEquals(await read("k.csv", ";g1;g2;g3\na;1;0;2,5\nb;0,0;0;7\nc;3;-1,0;0\n"), whole); // R's write.csv2
  const spaces = '"g1" "g2" "g3"\n"a" 1 0 2.5\n"b" 0 0 7\n"c" 3 -1 0\n'; // R's write.table
  assertEquals(await read("l.txt", spaces), whole);
  const saved = "# g1 g2 g3\n1.0e+00 0.0e+00 2.5e+00\n0.0e+00 0.0e+00 7.0e+00\n3.0e+00 -1.0e+00 0.0e+00\n"; // numpy.savetxt
  assertEquals(await read("m.txt", saved), { ...plain, columnNames: genes });
  assertEquals(await read("n.txt", "  1   0 2.5 \n  0   0 7\n 3  -1 0\n"), plain);
  assertEquals((await read("o.tsv", 'id\tg1\tg2\n5" probe\t1\t2\nb\t3\t4\n')).rowNames, ['5" probe', "b"]);
  Deno.writeFileSync(at("geo.txt.gz"), gzipSync("ID\tg1\tg2\tg3\na\t1\t0\t2.5\nb\t0\t0\t7\nc\t3\t-1\t0\n"));
  assertEquals([claimant(at("geo.txt.gz"))?.format, (await readAll(csv, at("geo.txt.gz"))).values], ["csv", VALUES]);
  Deno.writeFileSync(at("words.txt.gz"), gzipSync("some words\nand more\n"));
  assertEquals(claimant(at("words.txt.gz")), null);
  Deno.writeFileSync(at("h.csv.gz"), gzipSync("1,0,2.5\n0,0,7\n3,-1,0\n"));
  assertEquals((await readAll(csv, at("h.csv.gz"))).values, VALUES);
});

testInFolder("csv: columns of text that the config names are tables of the rows", async (root) => {
  const path = join(root, "a.csv");
  Deno.writeTextFileSync(path, 'cell,kind,g1,donor,g2\na,"T, CD4",1,d 2,0\nb,B,0,d 1,3\n');
  const read = await readAll(csv, path, { settings: { tables: ["donor", "kind"] } });
  assertEquals([read.values, read.columnNames, read.rowNames], [[[1, 0], [0, 3]], ["g1", "g2"], ["a", "b"]]);
  assertEquals(read.rowTables, { donor: ["d 2", "d 1"], kind: ["T, CD4", "B"] });
  Deno.writeTextFileSync(path, "kind,g1,g2\nT,1,0\nB,0,3\n");
  const first = await readAll(csv, path, { settings: { tables: ["kind"] } });
  assertEquals([first.values, first.rowNames, first.rowTables], [[[1, 0], [0, 3]], null, { kind: ["T", "B"] }]);
  const refused = (settings: Record<string, unknown>, text: string) =>
    assertRejects(() => readAll(csv, path, { settings }), UserError, text);
  await refused({ tables: ["kid"] }, `there is no column "kid"`);
  await refused({ tables: ["kind"], transpose: true }, "data.reader.tables");
});

testInFolder("csv: remarks before a table are passed over, and the last one may be its header", async (root) => {
  const path = join(root, "a.csv");
  const read = async (text: string) => {
    Deno.writeTextFileSync(path, text);
    assertEquals(claimant(path), csv);
    const { values, columnNames, rowNames } = await readAll(csv, path);
    return [values, columnNames, rowNames];
  };
  const rows = [[1, 2], [3, 4]];
  assertEquals(await read("# exported, 2024\n#\n# by a, b, c\n,a,b\nx,1,2\ny,3,4\n"), [rows, ["a", "b"], ["x", "y"]]);
  assertEquals(await read("\uFEFF# one, more, of, these\n\n# a,b\n1,2\n3,4\n"), [rows, ["a", "b"], null]);
  assertEquals(await read("# a b\n1 2\n3 4\n".replaceAll(" ", ",").replace("#,", "# ")), [rows, ["a", "b"], null]);
  assertEquals(await read("# of two\n1,2\n3,4\n"), [rows, null, null]);
  assertEquals(await read("#id,a,b\nx,1,2\ny,3,4\n"), [rows, ["a", "b"], ["x", "y"]]);
  Deno.writeTextFileSync(path, "# 1\n,a,b\nx,1,2\ny,3,?\n");
  await assertRejects(() => readAll(csv, path), UserError, 'line 4, field 3: "?" is no number');
  Deno.writeTextFileSync(path, "# 1\n# 2\n");
  await assertRejects(() => readAll(csv, path), UserError, "is an empty table");
});

testInFolder("csv: first fields of which few differ are a table, not names of rows", async (root) => {
  const path = join(root, "a.csv");
  const read = async (lines: readonly string[], settings = {}) => {
    Deno.writeTextFileSync(path, lines.join("\n") + "\n");
    return await readAll(csv, path, { settings });
  };
  const lines = ["cell_type,a,b", "T,1,2", "B,3,4", "T,5,6", "B,7,8"];
  const found = await read(lines);
  assertEquals([found.rowNames, found.rowTables], [null, { cell_type: ["T", "B", "T", "B"] }]);
  assertEquals(found.values, [[1, 2], [3, 4], [5, 6], [7, 8]]);
  assertStringIncludes(found.notes.join("\n"), "an entry of the table cell_type");
  // Without a title, with names that mostly differ, and where lines are columns, they are names.
  assertEquals((await read([",a,b", ...lines.slice(1)])).rowNames, ["T", "B", "T", "B"]);
  assertEquals((await read(["gene,a,b", "T,1,2", "B,3,4", "T2,5,6", "B,7,8"])).rowNames, ["T", "B", "T2", "B"]);
  assertEquals((await read(lines, { transpose: true })).columnNames, ["T", "B", "T", "B"]);
});

testInFolder(
  "csv: columns of text are tables of the rows without being named, also where there is no header",
  async (root) => {
    const path = join(root, "a.csv");
    const read = async (text: string, settings = {}) => {
      Deno.writeTextFileSync(path, text);
      assertEquals(claimant(path)?.format, "csv", text);
      return await readAll(csv, path, { settings });
    };
    const named = await read("length,width,species\n1,2,setosa\n3,4,NA\n");
    assertEquals([named.values, named.columnNames], [[[1, 2], [3, 4]], ["length", "width"]]);
    assertEquals(named.rowTables, { species: ["setosa", "NA"] });
    assertStringIncludes(named.notes.join("\n"), "columns of text are tables of the rows: species");
    const plain = await read("1,2,setosa\n3,4,virginica\n5,6,setosa\n");
    assertEquals([plain.values, plain.columnNames], [[[1, 2], [3, 4], [5, 6]], null]);
    assertEquals(plain.rowTables, { "column 3": ["setosa", "virginica", "setosa"] });
    // Where a line is a column of the data, its text says nothing about rows.
    await assertRejects(
      () => readAll(csv, path, { settings: { transpose: true } }),
      UserError,
      `"virginica" stands among the values of line 2`,
    );
  },
);

testInFolder("csv: what is no table of numbers is refused with its place", async (root) => {
  const path = join(root, "a.csv");
  const refused = async (text: string, said: string) => {
    Deno.writeTextFileSync(path, text);
    await assertRejects(() => readAll(csv, path), UserError, said);
  };
  await refused("", "is an empty table");
  await refused('"a\nb",c\n1,2\n', "line 1 has a quote that is not closed");
  await refused("hello\nworld\n", "its lines have one field");
  await refused("a,b\n1,red\n2,3\n", `"red" stands among the values of line 2`);
  await refused("a,b\nx,red\ny,blue\n", "all of its columns are text");
  await refused("a,b\n1,2\n3\n", "line 3 has 1 fields, expected 2");
  await refused("a,b,c\n1,2,x\n3,4\n", "line 3 has 2 fields, expected 3");
  await refused("a,b,c\n1,2\n3,4,x\n", "line 3 has 3 fields, expected 2");
  await refused("a,b\n1,2\n3,NA\n", `line 3, field 2: "NA" is no number`);
  await refused("a,b\n1,2\n" + "3,4\n".repeat(40) + "5,x\n", `line 43, field 2: "x" is no number`);
});

testInFolder("svmlight: labels, indices from 0 or 1, comments", async (root) => {
  const path = join(root, "a.txt");
  const read = async (text: string, options = {}) => {
    Deno.writeTextFileSync(path, text);
    assertEquals(claimant(path)?.format, "svmlight", text);
    return await readAll(svmlight, path, options);
  };
  const one = await read("# made by hand\n+1 1:1 3:2.5 # first\n-1 3:7\n+1 2:-1 1:3\n");
  assertEquals([one.values, one.rowTables], [VALUES, { label: ["+1", "-1", "+1"] }]);
  assertEquals((await read("1 qid:3 0:1 2:2.5\n0 2:7\n1 0:3 1:-1\n")).values, VALUES);
  assertEquals((await read("1 1:1\n", { settings: { columns: 3 } })).values, [[1, 0, 0]]);
  await assertRejects(
    () => read("1 1:1 x\n1 1:1\n").catch(() => readAll(svmlight, path)),
    UserError,
    "line 1: x has no index",
  );
  await assertRejects(() => read("1 4:1\n", { settings: { columns: 3 } }), UserError, "an index for column 4");
  await assertRejects(() => read("1 2000000000:1\n"), UserError, "2,000,000,000 rows");
});

/** embed and reconstruct as a user types them: run folders without --run, .csv, columns by name. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readNpy } from "../../core/formats/npy.ts";
import { run, temporary } from "../helpers/cli.ts";
import { smallProject } from "../helpers/small_run.ts";

Deno.test("embed and reconstruct write .csv with the values of .npy, of columns by number, range and name", async () => {
  using folder = temporary();
  const at = (name: string) => join(folder.path, name);
  const config = smallProject(folder.path);
  Deno.writeTextFileSync(at("names.txt"), Array.from({ length: 60 }, (_, i) => `gene ${i}`).join("\n"));
  const trained = await run("train", [
    config,
    ...["--run-dir", at("run"), "--quiet", "--no-report"],
    ...["--override", `data.column_names=${at("names.txt")}`],
  ]);
  assertEquals(trained.code, 0, trained.stderr);
  const written = async (command: string, name: string, ...args: string[]) => {
    const { code, stderr } = await run(command, [at("run"), "--output", at(name), ...args]);
    assertEquals([code, stderr], [0, ""]);
  };
  const csv = (name: string) => Deno.readTextFileSync(at(name)).trimEnd().split("\n").map((line) => line.split(","));
  const sameValues = async (name: string) => {
    const { shape, data } = await readNpy(at(`${name}.npy`));
    const [, ...rows] = csv(`${name}.csv`);
    const values = rows.flatMap((row) => row.slice(1).map((text) => Math.fround(Number(text))));
    assertEquals([rows.length, values], [shape[0], [...data as Float32Array]]);
    return rows.map((row) => Number(row[0]));
  };
  for (const name of ["all.npy", "all.csv"]) await written("embed", name);
  assertEquals(await sameValues("all"), Array.from({ length: 360 }, (_, row) => row));
  for (const name of ["part.npy", "part.csv"]) {
    await written("reconstruct", name, "--split", "validation", "--columns", "58-59,gene 3", "--columns=0");
  }
  const numbers = await sameValues("part");
  assert(numbers.length > 10 && numbers.length < 80 && numbers.every((row, i) => i === 0 || row > numbers[i - 1]!));
  assertEquals(csv("part.csv")[0], ["row", "gene 58", "gene 59", "gene 3", "gene 0"]);
  for (
    const [command, args, text] of [
      ["embed", ["--output", at("x.txt")], "--output: must end in .npy, .csv, .parquet or .h5ad, got "],
      ["reconstruct", ["--output", at("x.jpg")], "--output: must end in .npy, .csv, .npz, .png or .wav, got "],
      ["reconstruct", ["--output", at("x")], "the rows are neither"],
      ["reconstruct", ["--output", at("x.npz"), "--threshold", "few"], "--threshold: must be a number of 0 or more"],
      ["reconstruct", ["--columns", "gene 99"], "no column is named gene 99"],
      ["evaluate", ["--split", "valid"], "did you mean --split validation?"],
      ["embed", ["--run", at("run")], "--run: is given 2 times"],
    ] as const
  ) {
    const { code, stderr } = await run(command, [at("run"), ...args]);
    assertEquals(code, 2, stderr);
    assertStringIncludes(stderr, text);
  }
  const pages = await run("report", [at("run"), at("run"), "--output", at("both.html")]);
  assertEquals(pages.code, 0, pages.stderr);
  assert(Deno.statSync(at("both.html")).size > 0);
});

Deno.test("embed: a column that the run does not know is refused with the file that has it", async () => {
  using folder = temporary();
  const at = (name: string) => join(folder.path, name);
  const table = (last: string) =>
    `cell,g1,g2,${last}\n` + Array.from({ length: 30 }, (_, i) => `c${i},${i % 3},${i % 5},${i % 7}\n`).join("");
  Deno.writeTextFileSync(at("a.csv"), table("g3"));
  Deno.writeTextFileSync(at("b.csv"), table("other"));
  const short = ["--override", "training.max_steps=2", "--override", `paths.runs=${at("runs")}`];
  const made = await run("init", [at("a.csv"), "--output", at("a.yaml"), "--train", ...short]);
  assertEquals(made.code, 0, made.stderr);
  const [trained] = [...Deno.readDirSync(at("runs"))];
  const { code, stderr } = await run("embed", [
    at(`runs/${trained!.name}`),
    "--data",
    at("b.csv"),
    "--output",
    at("z.npy"),
  ]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, `narrows: ${at("b.csv")}: column 2 is "other", which is not a column that the run was`);
});

/** Missing paths: the rule by which they were made, and the nearest name that exists. */
import { assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { loadConfig } from "../../core/config/mod.ts";
import { dataFiles } from "../../core/data/files.ts";
import { UserError } from "../../core/errors.ts";
import { hintFor, runsHint } from "../../core/missing.ts";
import { testInFolder } from "../temp.ts";

const MODEL = "model: {encoder: [{linear: 2}], decoder: [{linear: output}]}\n";

function write(folder: string, ...files: string[]): void {
  for (const file of files) {
    Deno.mkdirSync(join(folder, file, ".."), { recursive: true });
    Deno.writeTextFileSync(join(folder, file), "");
  }
}

testInFolder("the nearest name is proposed, or what the folder holds", (folder) => {
  write(folder, "data/chunks/a.npz", "data/rows.npy", "pbmc3k.yaml", "x/1", "x/2", "x/3", "x/4", "x/5", "x/6");
  const hint = (path: string) => hintFor(join(folder, path), (each) => each.replace(`${folder}/`, ""));
  assertEquals(hint("data/chunk"), "did you mean data/chunks?");
  assertEquals(hint("daat/chunks/a.npz"), "did you mean data/chunks/a.npz?");
  assertEquals(hint("daat/chunk/a.npz"), "did you mean data?");
  assertEquals(hint("data/rows.npz"), "did you mean data/rows.npy?");
  assertEquals(hint("data/rows.csv"), "did you mean data/rows.npy?");
  assertEquals(hint("pbmc3k.yml"), "did you mean pbmc3k.yaml?");
  assertEquals(hint("pbmc"), "did you mean pbmc3k.yaml?");
  assertEquals(hint("x/other"), "the folder holds 1, 2, 3, 4 and 2 more");
  assertEquals(hint("far/off/other"), `the nearest folder there is: ${folder}`);
});

testInFolder("a missing path of a config is told with its place, its rule and the nearest name", (folder) => {
  write(folder, "configs/rows.npz", "here/rows.npz", "names.txt");
  const refused = (path: string, overrides: string[] = []) => {
    const text = `data: {path: ${path}}\n${MODEL}`;
    const { data } = loadConfig({ file: "configs/x.yaml", text, cwd: folder, overrides }).config;
    const { message, hint } = assertThrows(() => dataFiles(data.path, "data.path", ".npz"), UserError);
    return [message.replaceAll(folder, "F"), hint!.replaceAll(folder, "F")];
  };
  const nothing = "data.path: there is no such file or folder";
  assertEquals(refused("row.npz"), [
    `configs/x.yaml:1:14: ${nothing}: F/configs/row.npz (relative to the folder of the config file configs/x.yaml)`,
    "did you mean rows.npz?",
  ]);
  assertEquals(refused("../hree/rows.npz")[1], "did you mean ../here/rows.npz?");
  assertEquals(refused("rows.npz", ["data.path=her/rows.npz"]), [
    `--override "data.path=her/rows.npz": ${nothing}: F/her/rows.npz (relative to the folder you are in, F)`,
    "did you mean here/rows.npz?",
  ]);
  assertEquals(refused(`${folder}/her/rows.npz`), [
    `configs/x.yaml:1:14: ${nothing}: F/her/rows.npz`,
    "did you mean F/here/rows.npz?",
  ]);
  assertEquals(refused("'*.npy'"), [
    "configs/x.yaml:1:14: data.path: no file matches F/configs/*.npy",
    "F/configs holds rows.npz",
  ]);
  assertEquals(
    refused("'no/*.npz'")[0],
    `configs/x.yaml:1:14: ${nothing}: F/configs/no (relative to the folder of the config file configs/x.yaml)`,
  );
});

testInFolder("what is no run folder is told with the run folders near it", (folder) => {
  const runs = join(folder, "runs");
  for (const run of ["a", "b"]) write(runs, `${run}/config.yaml`, `${run}/environment.json`, `${run}/checkpoints/best`);
  assertEquals(runsHint(runs), "it holds run folders: name one of a, b");
  assertEquals(runsHint(join(runs, "a", "checkpoints")), `did you mean ${join(runs, "a")}?`);
  assertEquals(runsHint(folder), "name a run folder");
});

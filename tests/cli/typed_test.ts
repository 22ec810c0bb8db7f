/** What people type that is nearly right, and what is said of it. */
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { chosenColumns } from "../../cli/columns.ts";
import { fitted } from "../../cli/progress.ts";
import { UserError } from "../../core/errors.ts";
import { acquireLock, lockState } from "../../core/runs/lock.ts";
import { exists, readTextSync, writeAtomically } from "../../core/formats/file.ts";
import { findRun } from "../../core/train/find_run.ts";
import { run, temporary } from "../helpers/cli.ts";
import { SMALL_CONFIG, smallProject } from "../helpers/small_run.ts";

/** An array of int32 zeros, as numpy.save writes it. */
function writeNpy(path: string, length: number): void {
  const text = `{'descr': '<i4', 'fortran_order': False, 'shape': (${length},), }`.padEnd(117) + "\n";
  const head = Uint8Array.of(
    0x93,
    ...new TextEncoder().encode("NUMPY"),
    1,
    0,
    118,
    0,
    ...new TextEncoder().encode(text),
  );
  Deno.writeFileSync(path, Uint8Array.of(...head, ...new Uint8Array(4 * length)));
}

const ARROW = Uint8Array.from([...new TextEncoder().encode("ARROW1"), ...Array(100).fill(0)]);

Deno.test("a flag takes no value: what is written after = is not passed over", async () => {
  const { code, stderr } = await run("train", ["--dry-run", "--quiet=false"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "--quiet: takes no value, got false");
});

Deno.test("runs of a folder that is not there ends with 2 and names the nearest", async () => {
  using folder = temporary();
  Deno.mkdirSync(join(folder.path, "runs"));
  const missing = await run("runs", [join(folder.path, "rusn")]);
  assertEquals(missing.code, 2);
  assertStringIncludes(missing.stderr, "there is no such folder");
  assertStringIncludes(missing.stderr, `did you mean ${join(folder.path, "runs")}?`);
  assertEquals((await run("runs", [join(folder.path, "runs")])).code, 0);
  Deno.writeTextFileSync(join(folder.path, "file"), "");
  assertStringIncludes((await run("runs", [join(folder.path, "file")])).stderr, "is a file, not a folder of runs");
});

Deno.test("init names files of other kinds by their first bytes, alone and in a folder", async () => {
  using folder = temporary();
  const file = join(folder.path, "cells.arrow");
  Deno.writeFileSync(file, ARROW);
  for (const data of [file, folder.path]) {
    const { code, stderr } = await run("init", [data, "--output", join(folder.path, "c.yaml")]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "an Arrow file");
    assertStringIncludes(stderr, `pandas.read_feather("cells.arrow")`);
  }
});

Deno.test("a range by names is answered with the range of numbers that it is", () => {
  const names = ["CD3D", "HLA-A", "HLA-B", "MT"];
  assertEquals(chosenColumns(["HLA-A"], 4, names), Uint32Array.of(1));
  for (const [typed, right] of [["CD3D-HLA-B", null], ["CD3D:MT", "0-3"], ["0..2", "0-2"]] as const) {
    try {
      chosenColumns([typed], 4, names);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (right !== null) assertEquals(error.hint, `a range is of numbers: ${right}`);
      continue;
    }
    throw new Error(`${typed} was taken`);
  }
});

Deno.test("commands that read a run name the option, or the place in the run's config", async () => {
  using folder = temporary();
  const at = (name: string) => join(folder.path, name);
  const names = at("names.txt"), config = smallProject(folder.path);
  Deno.writeTextFileSync(names, Array.from({ length: 60 }, (_, i) => `gene_${i}\n`).join(""));
  const trained = await run("train", [
    ...["--config", config, "--run-dir", at("run"), "--quiet", "--no-report"],
    ...["--override", "training.epochs=1", "--override", `data.column_names=${names}`],
  ]);
  assertEquals(trained.code, 0, trained.stderr);
  // The same file is named in the config, as names of the columns.
  const labels = await run("embed", [at("run"), "--rows", at("rows.csv"), "--labels", names]);
  assertEquals(labels.code, 2);
  assertStringIncludes(labels.stderr, `narrows: --labels: ${names}: has 60 entries for 360 rows`);
  const other = at("other.npz");
  Deno.writeFileSync(other, ARROW);
  const given = await run("evaluate", [at("run"), "--data", other]);
  assertEquals(given.code, 2);
  assertStringIncludes(given.stderr, "is an Arrow file, which is not read");
  const arrays = at("labels.npy");
  const saved = at("run/config.yaml");
  writeNpy(arrays, 3);
  Deno.writeTextFileSync(saved, Deno.readTextFileSync(saved).replace("labels: null", `labels: ${arrays}`));
  const few = await run("embed", [at("run"), "--rows", at("rows.csv")]);
  assertEquals(few.code, 2, few.stderr);
  assert(/run\/config.yaml:\d+:\d+: data.labels: .*has 3 entries for 360 rows/.test(few.stderr), few.stderr);
});

Deno.test("evaluate says what an override makes other than in training, and takes no other network", async () => {
  using folder = temporary();
  const path = join(folder.path, "run");
  const trained = await run("train", ["--config", smallProject(folder.path), "--run-dir", path, "--quiet"]);
  assertEquals(trained.code, 0, trained.stderr);
  const other = await run("evaluate", [path, "--override", "model.encoder.2=tanh"]);
  assertEquals(other.code, 2, other.stderr);
  assertStringIncludes(other.stderr, "the network was trained as it is: model.encoder.2");
  const scaled = await run("evaluate", [path, "--override", "loss.reduction=sum"]);
  assertEquals(scaled.code, 0, scaled.stderr);
  assertStringIncludes(scaled.stderr, "other than the run was trained with: loss.reduction: mean -> sum");
});

Deno.test("a comment as JavaScript has it is the one problem of a config that has one", async () => {
  using folder = temporary();
  const config = join(folder.path, "c.json");
  Deno.writeTextFileSync(config, '{\n  // mine\n  "name": "a"\n}\n');
  const { code, stderr } = await run("config", ["check", config]);
  assertEquals(code, 2);
  assertEquals(stderr.split("\n").length, 3, stderr);
  assertStringIncludes(stderr, "c.json:2:3: // begins no comment here");
  assertStringIncludes(stderr, "a comment begins with #");
});

Deno.test("init takes no file for names of columns that says the same in every line", async () => {
  using folder = temporary();
  const at = (name: string) => join(folder.path, name);
  smallProject(folder.path);
  Deno.writeTextFileSync(at("ones.txt"), "1\n".repeat(60));
  const { code, stdout, stderr } = await run("init", [at("chunks"), "--output", at("new.yaml")]);
  assertEquals(code, 0, stderr);
  assert(!stdout.includes("ones.txt"), stdout);
});

Deno.test("no pipe is waited for, and no file of any size is read, where a run's own files are expected", async () => {
  using folder = temporary();
  const lock = join(folder.path, "run.lock");
  assert((await new Deno.Command("mkfifo", { args: [lock] }).output()).success);
  assertEquals(lockState(folder.path).state, "unknown");
  await assertRejects(() => acquireLock(folder.path), UserError, "is not a regular file");
  assertThrows(() => readTextSync(lock, 10), UserError, "is not a regular file");
  const long = join(folder.path, "summary.json");
  Deno.writeTextFileSync(long, "x".repeat(11));
  assertThrows(() => readTextSync(long, 10), UserError, "11 bytes");
});

Deno.test("a file in a folder that is not there is refused before any work, under the name that was typed", async () => {
  using folder = temporary();
  const at = (...names: string[]) => join(folder.path, ...names);
  Deno.mkdirSync(at("results"));
  const { code, stderr } = await run("embed", [at("run"), "--output", at("result", "x.npy")]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "there is no such folder to write into");
  assertStringIncludes(stderr, `did you mean ${at("results")}?`);
  await assertRejects(
    () => writeAtomically(at("gone", "x.npy"), () => Promise.resolve()),
    UserError,
    `${at("gone", "x.npy")}: cannot create the file`,
  );
  assertEquals(await exists(at("results", "x")), false);
  Deno.writeTextFileSync(at("file"), "");
  const through = await run("train", ["--run-dir", at("file", "run"), "--quiet"]);
  assertEquals(through.code, 2, through.stderr);
});

Deno.test("a run whose every save failed goes on from its first step, as its recovery.json says", async () => {
  using folder = temporary();
  const file = (name: string, text: string) => Deno.writeTextFileSync(join(folder.path, name), text);
  Deno.writeTextFileSync(join(folder.path, "config.yaml"), SMALL_CONFIG);
  // Time spent on copies in memory is no checkpoint.
  file("epochs.csv", "epoch,checkpoint_ms\n1,0.2\n");
  const resume = () => findRun({ resume: folder.path, overrides: [] });
  assertEquals((await resume()).resumeFrom, null);
  file("recovery.json", '{\n  "checkpoint": null\n}\n');
  assertEquals((await resume()).resumeFrom, null);
  file("first_checkpoint", "step-000000010\n");
  await assertRejects(resume, UserError, "its checkpoints are gone");
});

Deno.test("going back says what no longer counts, and where it is kept", async () => {
  using folder = temporary();
  const path = join(folder.path, "run"), config = smallProject(folder.path);
  const plain = ["--no-report", "--override", "checkpoint.every_steps=10"];
  assertEquals((await run("train", ["--config", config, "--run-dir", path, ...plain])).code, 0);
  const [first] = [...Deno.readDirSync(join(path, "checkpoints"))].map(({ name }) => name)
    .filter((name) => name.startsWith("step-")).sort();
  const step = Number(first!.slice(5));
  const back = await run("train", ["--resume", join(path, "checkpoints", first!), "--no-report"]);
  assertEquals(back.code, 0, back.stderr);
  assertMatch(
    back.stderr,
    new RegExp(`going on from step ${step}: what was made of steps .* is kept in .*attempts/001 and no longer counts`),
  );
});

Deno.test("a line of progress is cut to the terminal, and whole where the terminal has no size", () => {
  assertEquals(fitted("0:02 left", 5), "0:02");
  assertEquals(fitted("0:02 left", 0), "0:02 left");
});

/** `data.split.by`: whole files or whole groups in each part, and what refuses. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { partsOfGroups } from "../../core/data/split_together.ts";
import { run, temporary } from "../helpers/cli.ts";
import { writeChunks } from "../helpers/npz.ts";

const CONFIG = `
name: together
data: {path: chunks, batch_size: 16, split: {by: BY}, transforms: [log1p]}
model:
  start: random
  encoder: [{linear: 4}]
  decoder: [{linear: output}]
training: {epochs: 2}
paths: {runs: runs}
`;

function project(by: string, files: number) {
  const folder = temporary();
  writeChunks(join(folder.path, "chunks"), files, 20, 12);
  const labels = Array.from({ length: files * 20 }, (_, row) => `patient ${row * 7 % 5}`);
  Deno.writeTextFileSync(join(folder.path, "patients.txt"), labels.join("\n") + "\n");
  const config = join(folder.path, "a.yaml");
  Deno.writeTextFileSync(config, CONFIG.replace("BY", by));
  return { folder, config, labels };
}

async function partsOf(runDir: string, folder: string): Promise<string[]> {
  const rows = join(folder, "rows.csv");
  const embedded = await run("embed", [runDir, "--output", join(folder, "z.npy"), "--rows", rows]);
  assertEquals(embedded.code, 0, embedded.stderr);
  const [header, ...lines] = Deno.readTextFileSync(rows).trim().split("\n").map((line) => line.split(","));
  return lines.map((fields) => fields[header!.indexOf("part")]!);
}

async function trained(config: string, runDir: string): Promise<void> {
  const args = ["--quiet", "--no-report", "--run-dir", runDir];
  const first = await run("train", [config, ...args, "--until-epoch", "1"]);
  assertEquals(first.code, 0, first.stderr);
  const resumed = await run("train", ["--resume", runDir, "--quiet", "--no-report"]);
  assertEquals([resumed.code, resumed.stderr], [0, ""]);
  const evaluated = await run("evaluate", [runDir, "--split", "test"]);
  assertEquals([evaluated.code, evaluated.stderr], [0, ""]);
}

Deno.test("data.split.by: the rows of a group stay in one part, in training, after a resume, and in evaluate", async () => {
  const { folder, config, labels } = project("{group: patients.txt}", 3);
  using _ = folder;
  const runDir = join(folder.path, "run");
  await trained(config, runDir);
  const parts = await partsOf(runDir, folder.path);
  const seen = new Map<string, Set<string>>();
  labels.forEach((label, row) => seen.set(label, (seen.get(label) ?? new Set()).add(parts[row]!)));
  assertEquals([...seen.values()].map(({ size }) => size), [1, 1, 1, 1, 1]);
  assertEquals(new Set(parts), new Set(["train", "validation", "test"]));
  // Another row of a patient: the run says that its split is another.
  const moved = labels.map((label, row) => row === 0 ? "patient 3" : label);
  Deno.writeTextFileSync(join(folder.path, "patients.txt"), moved.join("\n") + "\n");
  const told = await run("evaluate", [runDir, "--split", "train"]);
  if (parts[0] !== parts[labels.indexOf("patient 3")]) {
    assertStringIncludes(told.stderr, "its rows are split in another way");
  }
});

Deno.test("data.split.by: files stay whole; too few of them are refused", async () => {
  const { folder, config } = project("files", 6);
  using _ = folder;
  const runDir = join(folder.path, "run");
  await trained(config, runDir);
  const parts = await partsOf(runDir, folder.path);
  const byFile = Array.from({ length: 6 }, (_, file) => new Set(parts.slice(20 * file, 20 * file + 20)));
  assert(byFile.every(({ size }) => size === 1));
  assertEquals(new Set(parts), new Set(["train", "validation", "test"]));
  const few = await run("train", [
    config,
    "--dry-run",
    "--override",
    `data.path=${join(folder.path, "chunks", "chunk_0.npz")}`,
  ]);
  assertEquals(few.code, 2);
  assertStringIncludes(few.stderr, "there is one file, and 3 parts have a share of the rows");
});

Deno.test("data.split.by: shares are met as nearly as the groups allow, and another seed chooses others", () => {
  const sizes = new Map(Array.from({ length: 200 }, (_, i) => [`group ${i}`, 5 + i % 7]));
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const chosen = (seed: number) => partsOfGroups(sizes, { seed, validation: 0.1, test: 0.2 });
  for (const [part, share] of [["train", 0.7], ["validation", 0.1], ["test", 0.2]] as const) {
    let rows = 0;
    for (const [name, size] of sizes) if (chosen(1).get(name) === part) rows += size;
    assert(Math.abs(rows / total - share) < 0.01, `${part}: ${rows} of ${total}`);
  }
  assert([...chosen(1)].some(([name, part]) => chosen(2).get(name) !== part));
  // Few groups: each part has one, whatever its share.
  const few = partsOfGroups(new Map([["a", 900], ["b", 50], ["c", 50]]), { seed: 3, validation: 0.01, test: 0.01 });
  assertEquals(new Set(few.values()), new Set(["train", "validation", "test"]));
});

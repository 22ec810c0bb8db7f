/** Data files that others cut short while they are mapped, and limits on the size of files: one line, and a run to resume. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { npy } from "../helpers/npz.ts";
import { command, ROOT, run, temporary } from "../helpers/cli.ts";
import { SMALL_CONFIG, smallProject } from "../helpers/small_run.ts";

const ignore = Deno.build.os !== "linux";
const LONG = ["training.epochs=900000", "checkpoint.every_steps=0", "checkpoint.every_epochs=1000"];
const long = LONG.flatMap((text) => ["--override", text]);

/** Files that take seconds to train on once, so that they are cut short in the middle of a pass. */
function denseProject(folder: string): string {
  const values = Uint8Array.from({ length: 30_000 * 60 }, (_, i) => (i * 7) % 251);
  Deno.mkdirSync(join(folder, "rows"));
  for (const file of ["a", "b"]) {
    Deno.writeFileSync(join(folder, "rows", `${file}.npy`), npy("|u1", "30000, 60", values));
  }
  const path = join(folder, "small.yaml");
  Deno.writeTextFileSync(path, SMALL_CONFIG.replace("csr_npz", "dense_npy").replace("path: chunks", "path: rows"));
  return path;
}

const sparseProject = (folder: string) => smallProject(folder, SMALL_CONFIG, 20_000);

for (const [what, project, file] of [["dense", denseProject, "rows/a.npy"], ["sparse", sparseProject, null]] as const) {
  Deno.test(
    `cut short: a mapped ${what} file ends the run in one line, and it can be resumed`,
    { ignore },
    async () => {
      using folder = temporary();
      const config = project(folder.path);
      const path = join(folder.path, "run");
      const name = file ?? `chunks/${[...Deno.readDirSync(join(folder.path, "chunks"))][0]!.name}`;
      const data = join(folder.path, name);
      const whole = Deno.readFileSync(data);
      const child = command("train", ["--config", config, "--run-dir", path, "--quiet", "--no-report", ...long])
        .spawn();
      const output = child.output();
      while (!await Deno.stat(join(path, "steps.csv")).then((info) => info.size > 2000, () => false)) {
        await new Promise((done) => setTimeout(done, 10));
      }
      Deno.truncateSync(data, 0);
      const { code, signal, stderr } = await output;
      const told = new TextDecoder().decode(stderr);
      // Cut short in the middle of a pass, or found empty at the start of the next one.
      const isEmpty = /: the file is empty$/.test(told.split("\n")[0]!);
      assertEquals([code, signal], [isEmpty ? 2 : 1, null], told);
      assertMatch(
        told.split("\n")[0]!,
        /^narrows: .*: the file (became shorter while it was read; restore it|is empty$)/,
      );
      assertStringIncludes(told, name);
      assert(JSON.parse(Deno.readTextFileSync(join(path, "recovery.json"))).checkpoint !== null);
      Deno.writeFileSync(data, whole);
      const more = ["--override", `training.max_steps=${stepsOf(path) + 5}`];
      const resumed = await run("train", ["--resume", path, "--quiet", "--no-report", ...more]);
      assertEquals(resumed.code, 0, resumed.stderr);
    },
  );
}

function stepsOf(path: string): number {
  return JSON.parse(Deno.readTextFileSync(join(path, "recovery.json"))).step;
}

Deno.test("file size limit: the file and the limit are named, and the run can be resumed", { ignore }, async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const path = join(folder.path, "run");
  // 200 KB: checkpoints fit, steps.csv grows beyond it.
  const train = [Deno.execPath(), "run", "-A", `${ROOT}cli/train.ts`, "--config", config, "--run-dir", path, ...long];
  train.push("--override", "checkpoint.every_epochs=1");
  const args = ["-c", 'ulimit -f 200; exec "$0" "$@"', ...train, "--quiet", "--no-report"];
  const { code, signal, stderr } = await new Deno.Command("bash", { args })
    .output();
  const told = new TextDecoder().decode(stderr);
  assertEquals([code, signal], [1, null], told);
  assertMatch(told, /^narrows: .*steps\.csv: cannot write.*File too large/);
  assert(!/numpy/.test(told), told);
  assert(JSON.parse(Deno.readTextFileSync(join(path, "recovery.json"))).checkpoint !== null);
  const more = ["--override", `training.max_steps=${stepsOf(path) + 5}`];
  const resumed = await run("train", ["--resume", path, "--quiet", "--no-report", ...more]);
  assertEquals(resumed.code, 0, resumed.stderr);
});

/** Every config in configs/ loads, and trains two steps where its data is on this machine. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { basename, dirname, fromFileUrl, isGlob, join } from "@std/path";
import { ensureEngine } from "../core/build/ensure.ts";
import { loadConfig } from "../core/config/mod.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url));
const FOLDER = join(ROOT, "configs");
const files = [...Deno.readDirSync(FOLDER)].filter((entry) => entry.isFile && entry.name.endsWith(".yaml"))
  .map((entry) => join(FOLDER, entry.name)).sort();

function exists(path: string): boolean {
  try {
    Deno.statSync(isGlob(path) ? dirname(path) : path);
    return true;
  } catch {
    return false;
  }
}

async function trainTwoSteps(file: string): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const run = join(folder, "run");
    // Metrics of two steps are of no interest, so they are of few rows.
    const few = ["max_rows", "validation_max_rows", "test_max_rows"].map((key) => `evaluation.${key}=300`);
    // A second copy of some gigabytes of weights says nothing more.
    const overrides = ["training.max_steps=2", "logging.every_steps=1", "checkpoint.best=false", ...few].flatMap((
      text,
    ) => ["--override", text]);
    const cache = ["--override", `paths.cache=${join(folder, "cache")}`];
    const args = ["--config", file, ...overrides, ...cache, "--run-dir", run, "--no-report", "--quiet"];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", join(ROOT, "cli/train.ts"), ...args],
      stdin: "null",
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const [header, ...steps] = (await Deno.readTextFile(join(run, "steps.csv"))).trim().split("\n");
    assertMatch(header!, /^step,epoch,/);
    assertEquals(steps.map((line) => line.split(",")[0]), ["1", "2"]);
    const loss = header!.split(",").indexOf("loss");
    for (const line of steps) assert(Number(line.split(",")[loss]) > 0, line);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("there are configs", () => assert(files.includes(join(FOLDER, "quickstart.yaml"))));

for (const file of files) {
  const { config } = loadConfig({ file, overrides: [] });
  Deno.test(`${basename(file)} loads and keeps its name`, () => assertEquals(config.name, basename(file, ".yaml")));
  const { path, split } = config.data;
  const there = split.by === "files" ? split.train.every(exists) : exists(path);
  if (!there) console.log(`${basename(file)}: not trained, its data is not on this machine (${path})`);
  Deno.test({
    name: `${basename(file)} trains two steps`,
    ignore: !there,
    fn: async () => {
      await ensureEngine({ quiet: true });
      await trainTwoSteps(file);
    },
  });
}

/** Networks that do not fit themselves or the data: `config check` and `train` say so with the place in the config. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../core/build/ensure.ts";
import { run, temporary } from "../helpers/cli.ts";
import { DENSE_COLUMNS, denseProject, SMALL_CONFIG, smallProject } from "../helpers/small_run.ts";

await ensureEngine({ quiet: true });

const DECODER = "  decoder: [{linear: 24}, relu, {linear: output}]";
const LINE = SMALL_CONFIG.split("\n").indexOf(DECODER) + 1;

/** [what stands in the place of DECODER, the key that is wrong] */
const WRONG = [
  ["  decoder: [{linear: 24}, relu, {linear: 30}]", "model.decoder.2"],
  ["  decoder: [{linear: 24}, relu]", "model.decoder.1"],
  ["  decoder: [{linear: 9, tied: true}, {linear: output}]", "model.decoder.0"],
  ["  decoder: [{linear: output, solver: factored, tied: true}]", "model.decoder.0"],
  ["  decoder: [{linear: output, solver: factored, bias: false}]", "model.decoder.0"],
] as const;

Deno.test("network: what the engine refuses is told with file, line and column, before anything is written", async () => {
  assert(LINE > 0);
  for (const [decoder, key] of WRONG) {
    using folder = temporary();
    const config = smallProject(folder.path, SMALL_CONFIG.replace(DECODER, decoder));
    const runs = join(folder.path, "runs");
    Deno.mkdirSync(runs);
    const commands = [
      ["config", ["check", config]],
      ["train", ["--config", config, "--dry-run"]],
      ["train", ["--config", config]],
    ] as const;
    for (const [command, args] of commands) {
      const { code, stdout, stderr } = await run(command, args);
      assertEquals([code, stdout], [2, ""], `${decoder}\n${stderr}`);
      const line = stderr.split("\n").find((text) => text.startsWith("narrows: ") && text.includes(key)) ?? "";
      const [, number, told] = /small\.yaml:(\d+):\d+: (model\.decoder\.\d+)/.exec(line) ?? [];
      assertEquals([Number(number), told], [LINE, key], stderr);
    }
    assertEquals([...Deno.readDirSync(runs)], []);
  }
});

Deno.test("network: config check of a network that fits says nothing, else what was not checked", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const good = await run("config", ["check", config]);
  assertEquals([good.code, good.stderr], [0, ""]);
  assertEquals(JSON.parse((await run("config", ["check", config, "--json"])).stdout).unchecked, null);
  const none = await run("config", ["check", config, "--override", "data.path=none"]);
  assertEquals(none.code, 0);
  assertMatch(none.stderr, /^narrows: not checked whether the layers fit .*: the data cannot be read \(.*none.*\)\n$/);
  const script = await run("config", ["check", config, "--override", "data.format=memory", "--json"]);
  assertEquals(JSON.parse(script.stdout).unchecked, "the rows come from a script");
});

Deno.test("network: a last layer that is not linear trains as well as any other whose output has a row's size", async () => {
  using folder = temporary();
  const config = smallProject(folder.path, SMALL_CONFIG.replace("{linear: output}]", "{linear: output}, sigmoid]"));
  const result = await run("train", ["--config", config, "--no-report", "--override", "training.epochs=1"]);
  assertEquals(result.code, 0, result.stderr);
});

Deno.test("network: the shape of a row must fit the data's width, and is in dry run, config and table", async () => {
  using folder = temporary();
  const config = denseProject(folder.path);
  const shaped = (shape: string) => ["--config", config, "--override", `data.shape=${shape}`];
  const dry = await run("train", [...shaped("[2, 3, 4]"), "--dry-run"]);
  assertEquals(dry.code, 0, dry.stderr);
  assertStringIncludes(dry.stdout, "dense, shape 2 x 3 x 4");
  const wrong = await run("train", [...shaped("[5, 5]"), "--dry-run"]);
  assertEquals(wrong.code, 2);
  assertStringIncludes(
    wrong.stderr,
    `narrows: --override data.shape=[5, 5]: data.shape: [5, 5] has 25 values, but a row of the data has ${DENSE_COLUMNS}`,
  );
  const sparse = await run("config", ["check", smallProject(folder.path), "--override", "data.shape=[60]"]);
  assertEquals(sparse.code, 2);
  assertStringIncludes(sparse.stderr, "data.shape is for dense rows, got data.format csr_npz");
});

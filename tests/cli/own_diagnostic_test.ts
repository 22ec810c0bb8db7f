/** A TypeScript file of the config as a diagnostic: it runs only where that is allowed, and can do no harm to the run. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { command, ROOT, run, temporary } from "../helpers/cli.ts";
import { denseProject, fingerprintOf } from "../helpers/small_run.ts";

const QUIET = ["--quiet", "--no-report"];
const ALLOWED = [...QUIET, "--allow-run"];
const kinds = (...entries: string[]) => ["--override", `diagnostics.kinds=[${entries.join(", ")}]`];

// deno-lint-ignore no-explicit-any -- files of a run folder
const json = (...path: string[]): any => JSON.parse(Deno.readTextFileSync(join(...path)));
const filesOf = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();

Deno.test("own diagnostic: the example of the documentation, its answer and its section", async () => {
  using folder = temporary();
  const path = join(folder.path, "run"), example = join(ROOT, "docs/examples/active_units.ts");
  const given = ["training.epochs=1", `diagnostics.kinds=[columns, {module: ${example}, settings: {rows: 50}}]`];
  const args = [join(ROOT, "configs/digits.yaml"), "--run-dir", path, ...given.flatMap((text) => ["--override", text])];
  const { code, stderr } = await run("train", [...args, "--quiet", "--allow-run"]);
  assertEquals([code, stderr], [0, ""]);
  const epoch = join(path, "diagnostics/epoch-0001");
  assertEquals(filesOf(epoch), ["active_units.json", "columns.json"]);
  const answer = json(epoch, "active_units.json");
  assertEquals([answer.epoch, answer.module, answer.data.rows], [1, "active_units.ts", 50]);
  assert(answer.data.without.length === 8 && answer.data.without.every((growth: number) => growth > 0));
  const page = Deno.readTextFileSync(join(path, "report.html"));
  for (const text of ['id="own-active_units"', "What each latent unit is worth", "data:image/png;base64,iVBOR"]) {
    assertStringIncludes(page, text);
  }
  const written = Deno.readTextFileSync(join(ROOT, "docs/diagnostics.md"));
  assertStringIncludes(written, Deno.readTextFileSync(example), "docs/diagnostics.md has another text of the example");
});

/** Asks everything that can be asked, and answers how much came. */
const EVERYTHING = `
const sizes: Record<string, unknown> = {};
export default async function (context: any) {
  const rows = await context.choose(["validation", "test"], 7), all = await context.choose(["train", "validation", "test"]);
  const [one, first] = [await context.only(rows, 2), await context.rowNumbered(0)];
  const latent = await context.embed(rows), decoded = await context.decode(latent);
  const rebuilt = await context.reconstruct(rows), some = await context.reconstruct(rows, [3, 1]);
  const layer = context.layers.findIndex(({ kind }: { kind: string }) => kind === "batch_norm");
  const wrong: string[] = [];
  for (const call of [
    () => context.choose(["all"]), () => context.only(rows, 7), () => context.values(rows, [24]), () => context.values({ rows: [1] }),
    () => context.parameter("none"), () => context.decode(new Float32Array(5)), () => context.rowNumbered(-1),
  ]) await call().catch((error: Error) => wrong.push(error.message));
  const { mean, mse } = await context.columns();
  return { data: {
    facts: [context.part, context.latentSize, context.data.columns, context.data.kind, context.settings.word],
    rows: rows.rows, one: one.rows, first: first?.rows ?? null, parts: await context.partsOf(rows), wrong,
    labels: await context.labels(rows), names: await context.names([1]), scores: (await context.scores(rows))?.length ?? null,
    apart: Math.max(...rebuilt.map((y: number, i: number) => Math.abs(y - decoded[i]))),
    columns: [some[0] - rebuilt[3], some[1] - rebuilt[1]],
    layer: (await context.layerOutputs(rows, layer)).length, bias: (await context.parameter("encoder.0.bias")).length,
    values: await context.values(one), mean, mse, all: all.rows.length, parameters: context.parameters.length,
    both: (await Promise.all([context.embed(one), context.embed(rows)])).map((values) => values.length),
  } };
}
`;

Deno.test("own diagnostic: what it is given, and that it runs only if the command line allows it", async () => {
  using folder = temporary();
  const config = denseProject(folder.path), module = join(folder.path, "Every thing.ts");
  Deno.writeTextFileSync(module, EVERYTHING);
  const text = "diagnostics:\n  kinds:\n    - columns\n    - {module: Every thing.ts, settings: {word: hello}}\n";
  Deno.writeTextFileSync(config, Deno.readTextFileSync(config) + text);
  const path = join(folder.path, "run");
  const refused = await run("train", [config, "--run-dir", path, ...QUIET]);
  assertEquals(refused.code, 2);
  assertMatch(
    refused.stderr,
    /small\.yaml:\d+:\d+: diagnostics\.kinds\.1: names a module, .*\n {2}hint: add --allow-run/,
  );
  const { code, stderr } = await run("train", [config, "--run-dir", path, ...ALLOWED]);
  assertEquals([code, stderr], [0, ""], Deno.readTextFileSync(join(path, "diagnostic-every_thing.log")));
  const [epoch] = filesOf(join(path, "diagnostics"));
  const { data } = json(path, "diagnostics", epoch!, "every_thing.json"),
    columns = json(path, "diagnostics", epoch!, "columns.json");
  assertEquals(data.facts, ["validation", 6, 24, "table", "hello"]);
  assertEquals([data.rows.length, data.one, data.first, data.all], [7, [data.rows[2]], [0], 300]);
  assert(data.parts.includes("validation") && data.parts.includes("test") && data.parts.length === 7);
  assertEquals([data.labels, data.names, data.values.length, data.bias], [null, null, 24, 24]);
  assert(data.apart < 1e-6 && data.columns.every((gap: number) => gap === 0), JSON.stringify(data.columns));
  assertEquals([data.layer, data.parameters, data.both], [7 * 24, 10, [6, 42]]);
  assertEquals(data.wrong.length, 7);
  assertMatch(data.wrong[0], /parts are some of train, validation, test, got \["all"\]/);
  assertMatch(data.wrong[4], /there is no parameter "none"; there are encoder\.0\.weight/);
  columns.column.forEach((column: number, i: number) => assertAlmostEquals(data.mse[column], columns.mse[i], 1e-5));
  const more = ["--resume", path, "--override", "training.epochs=4"];
  assertEquals((await run("train", [...more, ...QUIET])).code, 2);
  assertEquals((await run("train", [...more, ...ALLOWED])).code, 0);
  Deno.removeSync(module);
  const gone = await run("train", [config, "--dry-run", ...ALLOWED]);
  assertEquals(gone.code, 2);
  assertMatch(
    gone.stderr,
    /small\.yaml:\d+:\d+: diagnostics\.kinds\.1\.module: there is no such file: .*Every thing\.ts/,
  );
  for (
    const [entry, wrong] of [
      ["columns, {module: columns.ts}", /diagnostics\.kinds\.1 has the name of another diagnostic, got columns/],
      ["{module: a.ts}, {module: b/a.ts}", /diagnostics\.kinds\.1 names a a second time/],
      ["latent, latent", /diagnostics\.kinds\.1 names latent a second time/],
      ["{module: 1.ts}", /diagnostics\.kinds\.0 needs a name of small letters, .*, got 1\.ts/],
      ["{modul: a.ts}", /diagnostics\.kinds\.0/],
    ] as const
  ) {
    const { code, stderr } = await run("train", [config, ...ALLOWED, ...kinds(entry)]);
    assertEquals(code, 2);
    assertMatch(stderr, wrong);
  }
});

Deno.test("own diagnostic: one that throws, exits, hangs, is killed or answers nonsense costs one warning and no bits", async () => {
  using folder = temporary();
  const config = denseProject(folder.path), plain = join(folder.path, "plain");
  assertEquals((await run("train", [config, "--run-dir", plain, ...QUIET])).code, 0);
  const wanted = fingerprintOf(plain);
  const cases = [
    [`export default () => { throw new Error("no more"); };`, /has ended with status 1/, /failed: Error: no more/],
    [
      `export default (context) => context.parameter("none");`,
      /has ended with status 1/,
      /there is no parameter "none"/,
    ],
    [`export default () => Deno.exit(0);`, /has ended with status 0/, /^$/],
    [`export const take = 3;`, /has ended with status 1/, /has no default export/],
    [`import "./nowhere.ts";`, /has ended with status 1/, /cannot be loaded: .*nowhere\.ts/],
    [`export default () => { for (;;); };`, /has no answer after 3 s/, /^$/],
    [`export default () => new Promise(() => setInterval(() => {}, 1000));`, /has no answer after 3 s/, /^$/],
    [`export default () => Deno.kill(Deno.pid, "SIGKILL");`, /has ended with SIGKILL/, /^$/],
    [
      `export default () => ({ parts: [{ kind: "page" }] });`,
      /cannot be used: parts\[0\]\.kind: expected text, table/,
      /^$/,
    ],
    [
      `export default () => ({ parts: [{ kind: "picture", caption: "", png: new Uint8Array(64) }] });`,
      /is not a PNG file/,
      /^$/,
    ],
    [`export default () => ({ data: 1n });`, /has ended with status 1/, /cannot be sent/],
    [`export default () => { console.log("fine"); return null; };`, /^$/, /^(fine\n)+$/],
  ] as const;
  await Promise.all(cases.map(async ([code, why, said], index) => {
    const path = join(folder.path, `run-${index}`), module = join(folder.path, `ask_${index}.ts`);
    Deno.writeTextFileSync(module, code);
    const given = ["diagnostics.every_epochs=1", "diagnostics.max_rows=20"].flatMap((text) => ["--override", text]);
    const args = [
      config,
      "--run-dir",
      path,
      ...ALLOWED,
      ...given,
      ...kinds("latent", `{module: ${module}, seconds: 3}`),
    ];
    const result = await run("train", args);
    assertEquals(result.code, 0, result.stderr);
    assert(result.stderr.trimEnd().split("\n").length <= 1, result.stderr);
    assertMatch(result.stderr, why);
    if (result.stderr !== "") {
      assertMatch(
        result.stderr,
        /^diagnostics\.kinds: the module ".*ask_\d+\.ts" .*; it is left out, and the run goes on without it$/m,
      );
    }
    assertMatch(Deno.readTextFileSync(join(path, `diagnostic-ask_${index}.log`)), said);
    for (const epoch of filesOf(join(path, "diagnostics"))) {
      assertEquals(filesOf(join(path, "diagnostics", epoch)), ["latent.json"]);
    }
    assertEquals(fingerprintOf(path), wanted, code);
  }));
});

Deno.test("own diagnostic: a signal does not wait for one, and nothing of it goes on running", async () => {
  using folder = temporary();
  const config = denseProject(folder.path), path = join(folder.path, "run"), module = join(folder.path, "ask.ts");
  const pid = join(folder.path, "pid");
  Deno.writeTextFileSync(
    module,
    `export default () => { Deno.writeTextFileSync("${pid}", Deno.pid + "."); for (;;); };`,
  );
  const args = [config, "--run-dir", path, ...ALLOWED, ...kinds(`{module: ${module}, seconds: 600}`)];
  const child = command("train", args).spawn();
  const textOf = () => {
    try {
      return Deno.readTextFileSync(pid);
    } catch {
      return "";
    }
  };
  while (!textOf().endsWith(".")) await new Promise((resolve) => setTimeout(resolve, 50));
  child.kill("SIGTERM");
  const { code, stderr } = await child.output();
  assertEquals(code, 143, new TextDecoder().decode(stderr));
  assertEquals(json(path, "recovery.json").signal, "SIGTERM");
  await assertRejects(() => Deno.stat(`/proc/${parseInt(textOf())}`), Deno.errors.NotFound);
});

/** A TypeScript file of the config as a logger: it runs only where that is allowed, and can do no harm to the run. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { run, temporary } from "../helpers/cli.ts";
import { checkEvents } from "../helpers/sinks.ts";
import { fingerprintOf, smallProject } from "../helpers/small_run.ts";

const QUIET = ["--quiet", "--no-report"];

const COPY = `
const file: Deno.FsFile = Deno.openSync(\`\${Deno.env.get("NARROWS_RUN")}/copy.jsonl\`, { create: true, append: true });
export default async function (event: { event: string }): Promise<void> {
  await Promise.resolve();
  file.writeSync(new TextEncoder().encode(JSON.stringify(event) + "\\n"));
}
export function close(): void {
  console.log("closed");
}
`;

Deno.test("sinks: a module gets every event, and runs only if the command line allows it", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  Deno.writeTextFileSync(join(folder.path, "watch it.ts"), COPY);
  const text = Deno.readTextFileSync(config) + "logging:\n  sinks:\n    - jsonl\n    - module: watch it.ts\n";
  Deno.writeTextFileSync(config, text);
  const path = join(folder.path, "run");
  const refused = await run("train", [config, "--run-dir", path, ...QUIET]);
  assertEquals(refused.code, 2);
  assertMatch(refused.stderr, /small\.yaml:\d+:\d+: logging\.sinks\.1: names a module, .*\n {2}hint: add --allow-run/);
  const { code, stderr } = await run("train", [config, "--run-dir", path, ...QUIET, "--allow-run"]);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(Deno.readTextFileSync(join(path, "copy.jsonl")), Deno.readTextFileSync(join(path, "events.jsonl")));
  assertEquals(Deno.readTextFileSync(join(path, "module-1.log")), "closed\n");
  const more = ["--resume", path, ...QUIET, "--override", "training.epochs=4"];
  assertEquals((await run("train", more)).code, 2);
  assertEquals((await run("train", [...more, "--allow-run"])).code, 0);
  checkEvents(path);
  Deno.removeSync(join(folder.path, "watch it.ts"));
  const gone = await run("train", [config, "--dry-run", "--allow-run", ...QUIET]);
  assertEquals(gone.code, 2);
  assertMatch(gone.stderr, /small\.yaml:\d+:\d+: logging\.sinks\.1\.module: there is no such file: .*watch it\.ts/);
});

Deno.test("sinks: a module that throws, exits, hangs or is killed costs one warning and no bits", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const plain = join(folder.path, "plain");
  assertEquals((await run("train", [config, "--run-dir", plain, ...QUIET])).code, 0);
  const wanted = fingerprintOf(plain);
  const epoch = "if (event.event === 'epoch')";
  const cases = [
    [
      `export default (event) => { ${epoch} throw new Error("no more"); };`,
      /ended with status 1/,
      /failed: Error: no more/,
    ],
    [`export default () => Deno.exit(0);`, /./, /^$/],
    [`export const take = 3;`, /ended with status 1/, /has no default export/],
    [`import "./nowhere.ts";`, /ended with status 1/, /cannot be loaded: .*nowhere\.ts/],
    [`export default (event) => { ${epoch} for (;;); };`, /hangs: it has not answered for 10 s/, /^$/],
    [`export default () => Deno.kill(Deno.pid, "SIGKILL");`, /ended with SIGKILL/, /^$/],
  ] as const;
  await Promise.all(cases.map(async ([code, why, said], index) => {
    const path = join(folder.path, `run-${index}`), module = join(folder.path, `sink-${index}.ts`);
    Deno.writeTextFileSync(module, code);
    const args = [
      config,
      "--run-dir",
      path,
      ...QUIET,
      "--allow-run",
      "--override",
      `logging.sinks=[{module: ${module}}]`,
    ];
    const result = await run("train", args);
    assertEquals(result.code, 0, result.stderr);
    assert(result.stderr.trimEnd().split("\n").length <= 1, result.stderr);
    if (result.stderr !== "") {
      assertMatch(
        result.stderr,
        /^logging\.sinks: the module ".*sink-\d\.ts" .*; it is switched off, and the run goes on without it$/m,
      );
      assertMatch(result.stderr, why);
    } else assertEquals(code, cases[1][0], "no warning");
    assertMatch(Deno.readTextFileSync(join(path, "module-1.log")), said);
    assertEquals(fingerprintOf(path), wanted, code);
  }));
});

/** Paths on the command line are those of the folder in which it was typed, under `deno task` too. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join, relative } from "@std/path";
import { ROOT, temporary } from "../helpers/cli.ts";
import { smallProject } from "../helpers/small_run.ts";

/** As `deno task` starts a command: in the folder of deno.json, with the user's in INIT_CWD. */
async function task(from: string | null, cwd: string, script: string, ...args: string[]) {
  const { INIT_CWD: _, ...rest } = Deno.env.toObject();
  const out = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `${ROOT}cli/${script}.ts`, ...args],
    cwd,
    clearEnv: true,
    env: { ...rest, NO_COLOR: "1", ...(from === null ? {} : { INIT_CWD: from }) },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: out.code, stdout: text(out.stdout), stderr: text(out.stderr) };
}

Deno.test("under deno task every path is that of the user's folder, and what is printed as well", async () => {
  using folder = temporary();
  const home = join(folder.path, "work");
  Deno.mkdirSync(home);
  const config = relative(home, smallProject(folder.path));
  const short = ["--override", "training.epochs=1", "--override", "data.path=../chunks"];
  const trained = await task(home, ROOT, "train", "--config", config, "--run-dir", "out/run", ...short);
  assertEquals(trained.code, 0, trained.stderr);
  assertStringIncludes(trained.stdout, "run        out/run\nreport     out/run/report.html\n");
  const environment = JSON.parse(Deno.readTextFileSync(join(home, "out/run/environment.json")));
  assertEquals(environment.working_folder, home);
  const embedded = await task(home, ROOT, "embed", "--run", "out/run", "--output", "z.npy", "--checkpoint", "latest");
  assertStringIncludes(embedded.stdout, "z.npy: 360 x ");
  assertEquals(Deno.statSync(join(home, "z.npy")).isFile, true);
  const named = await task(home, ROOT, "report", "out/run", "--output", "page.html");
  assertEquals([named.code, named.stdout], [0, "page.html\n"]);
  const again = await task(home, ROOT, "train", "--resume", "out/run", "--quiet", "--no-report");
  assertEquals(again.code, 0, again.stderr);
  const [step] = [...Deno.readDirSync(join(home, "out/run/checkpoints"))].map((entry) => entry.name)
    .filter((name) => name.startsWith("step-"));
  assertEquals((await task(home, ROOT, "evaluate", "--run", "out/run", "--checkpoint", step!)).code, 0);
});

Deno.test("INIT_CWD counts only where the process stands in the project's folder, and names a folder", async () => {
  using folder = temporary();
  smallProject(folder.path);
  const name = [...Deno.readDirSync(folder.path)].find((entry) => entry.name.endsWith(".yaml"))!.name;
  const check = (from: string | null, cwd: string) => task(from, cwd, "config", "check", name, "--quiet");
  assertEquals((await check(folder.path, ROOT)).code, 0);
  assertEquals((await check("/", folder.path)).code, 0);
  assertEquals((await check(null, folder.path)).code, 0);
  for (const from of ["relative", join(folder.path, "none"), join(folder.path, name), null]) {
    const { code, stderr } = await check(from, ROOT);
    assertEquals(code, 2, `${from}`);
    assertStringIncludes(stderr, `${name}: no such config file: looked for ${ROOT}${name}`);
  }
});

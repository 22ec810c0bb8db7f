/** Narrows as a library: the example of the documentation, and the documentation itself. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { train, UserError } from "../mod.ts";
import { ROOT, temporary } from "./helpers/cli.ts";
import { smallProject } from "./helpers/small_run.ts";

const EXAMPLE = join(ROOT, "docs/examples/train.ts");
const example = Deno.readTextFileSync(EXAMPLE);

/** Runs a script in an empty folder that has the repository's data. */
async function runs(script: string): Promise<string> {
  using folder = temporary();
  Deno.symlinkSync(join(ROOT, "data"), join(folder.path, "data"));
  const args = ["run", "-A", "--config", join(ROOT, "deno.json"), "-"];
  const child = new Deno.Command(Deno.execPath(), { args, cwd: folder.path, stdin: "piped", stdout: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script.replaceAll(/"[./]+mod\.ts"/g, JSON.stringify(`${ROOT}mod.ts`))));
  await writer.close();
  const { code, stdout } = await child.output();
  assertEquals(code, 0);
  return new TextDecoder().decode(stdout);
}

Deno.test("library: the example trains in under 20 lines", async () => {
  assert(example.trimEnd().split("\n").length < 20);
  const printed = await runs(example);
  for (const text of ["epoch 5: loss", "271 latent vectors of 8 numbers", "report.html"]) {
    assertStringIncludes(printed, text);
  }
});

Deno.test("library: the page shows the example, and its other code runs", async () => {
  const page = Deno.readTextFileSync(join(ROOT, "docs/library.md"));
  const [first, ...others] = [...page.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]!);
  assertEquals(first, example);
  assertEquals(others.length, 1);
  assertStringIncludes(await runs(others[0]!), "0 32 ");
});

Deno.test("library: a config as an object, its errors, and going on", async () => {
  using folder = temporary();
  smallProject(folder.path);
  const config = {
    data: { path: join(folder.path, "chunks") },
    model: { encoder: [{ linear: 4 }], decoder: [{ linear: "output" }] },
    training: { epochs: 1 },
    paths: { runs: join(folder.path, "runs") },
  };
  const wrong = await assertRejects(() => train({ config, overrides: ["training.epochs=0"] }), UserError);
  assertStringIncludes(wrong.message, "training.epochs");
  const { path, summary } = await train({ config });
  assertEquals([summary.status, summary.epochs], ["finished", 1]);
  const more = await train({ resume: path, overrides: ["training.epochs=2"] });
  assertEquals([more.path, more.summary.epochs, more.summary.resumed], [path, 2, 1]);
});

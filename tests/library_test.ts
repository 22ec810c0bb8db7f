/** Narrows as a library: the example of the documentation, and the documentation itself. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../core/build/ensure.ts";
import { tree } from "../core/build/tree.ts";
import { train, UserError } from "../mod.ts";
import { ROOT, temporary } from "./helpers/cli.ts";
import { filesUnder, readText } from "./arch/tree.ts";
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

const page = Deno.readTextFileSync(join(ROOT, "docs/library.md"));

/** The page's blocks of a language, in order. */
function blocks(language: string): string[] {
  return [...page.matchAll(new RegExp("```" + language + "\\n(.*?)```", "gs"))].map((match) => match[1]!);
}

Deno.test("library: the page shows the example, and its code without a run folder runs", async () => {
  const [first, _arrays, sink, batches, ...others] = blocks("ts");
  assertEquals(first, example);
  assertEquals(others.length, 0);
  const start = example.slice(example.indexOf("config: {") + "config: ".length, example.indexOf("  observer:"));
  const used = `import { type Sink, train } from "../mod.ts";\nconst config = ${start.trim().replace(/,$/, "")};\n`;
  assertEquals(
    (await runs(`${used}${sink}console.log(losses.length, losses.every((loss) => loss > 0));`)).trim(),
    "40 true",
  );
  assertStringIncludes(await runs(batches!), "0 32 ");
});

Deno.test("library: a script in a folder outside the repository trains on arrays, in both of the page's ways", async () => {
  const [, script] = blocks("ts"), [settings] = blocks("json"), [line] = blocks("sh");
  using outside = temporary();
  Deno.symlinkSync(ROOT.replace(/\/$/, ""), join(outside.path, "narrows"));
  /** In a folder beside the clone. */
  const deno = async (folder: string, args: readonly string[]) => {
    const env = { NO_COLOR: "1" };
    const out = await new Deno.Command(Deno.execPath(), { args: [...args], cwd: join(outside.path, folder), env })
      .output();
    const stderr = new TextDecoder().decode(out.stderr);
    assertEquals(out.code, 0, stderr);
    return { stdout: new TextDecoder().decode(out.stdout), stderr };
  };
  const make = (folder: string, files: Record<string, string>) => {
    Deno.mkdirSync(join(outside.path, folder));
    for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(join(outside.path, folder, name), text);
  };
  await ensureEngine({ quiet: true });
  const built = () => Deno.statSync(tree().library).mtime?.getTime();
  const before = built();
  make("alone", { "arrays.ts": script! });
  make("project", { "arrays.ts": script!, "deno.json": settings! });
  const [alone, project] = [
    await deno("alone", line!.trim().split(" ").slice(1)),
    await deno("project", ["run", "-A", "arrays.ts"]),
  ];
  assertEquals(alone.stderr, "");
  assertEquals(alone.stdout, project.stdout);
  const [, held, five] = /held-out rows: (.*)\nR2 of five rows: (.*)\n5 x 2 latent vectors: /.exec(alone.stdout)!;
  assert(Number(held) > 0.99 && Number(held) <= 1, alone.stdout);
  assert(Number(five) > 0.99 && Number(five) <= 1, alone.stdout);
  assertEquals(
    alone.stdout.trimEnd().split("\n")[2]!.split(": ")[1]!.split(" ").map(Number).filter(Number.isFinite).length,
    10,
  );
  assertEquals([...Deno.readDirSync(join(outside.path, "project/runs"))].length, 1);
  await deno("project", ["check", "arrays.ts"]);
  assertEquals(built(), before); // the clone is the same behind its link
});

Deno.test("library: no part of it ends the process, and signals are listened to only when asked", () => {
  const found = ["core", "ffi", "reports"].flatMap((room) => filesUnder(room, [".ts"])).filter((path) =>
    /Deno\.exit\b|\baddSignalListener\b/.test(readText(path))
  );
  // Main modules of processes of their own (a reader's; two in which a user's file runs), and what these two share.
  const mains = ["core/data/readers/process_main.ts", "core/diagnostics/own_main.ts", "core/events/module_main.ts"];
  assertEquals(found, [...mains, "core/train/signals.ts", "core/user_module.ts"]);
});

Deno.test("library: a signal ends a script's run after a save, where the script asks for that", async () => {
  using folder = temporary();
  const script = `
    import { train } from ${JSON.stringify("@narrows/narrows")};
    const { summary } = await train({
      config: { model: { encoder: [{ linear: 2 }], decoder: [{ linear: "output" }] }, training: { epochs: 1000000 } },
      data: { rows: { values: new Float32Array(4000).map((_, at) => at % 7), columns: 4 } },
      observer: { epochDone: ({ epoch }) => epoch === 2 && console.log("running") },
      signals: true,
    });
    console.log(summary.status, summary.reason);`;
  Deno.writeTextFileSync(join(folder.path, "long.ts"), script);
  const args = ["run", "-A", "--config", join(ROOT, "deno.json"), "long.ts"];
  const child = new Deno.Command(Deno.execPath(), { args, cwd: folder.path, stdout: "piped" }).spawn();
  let printed = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (printed === "" && text.includes("running")) child.kill("SIGTERM");
    printed += text;
  }
  assertEquals([printed, (await child.status).code], ["running\nstopped SIGTERM\n", 0]);
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

/** `narrows config` as a process: output, error lines, exit status, and how long it takes. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { loadConfig } from "../../core/config/mod.ts";

const CLI = fromFileUrl(new URL("../../cli/config.ts", import.meta.url));

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function inFolder(files: Readonly<Record<string, string>>, body: (run: Runner) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
    await body(async (...args) => {
      const options = { args: ["run", "-A", CLI, ...args], cwd: folder, env: { NO_COLOR: "1" } };
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), options).output();
      const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      return { code, out: decode(stdout), err: decode(stderr).replace(/^(Check|Download) .*\n/gm, "") };
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
type Runner = (...args: string[]) => Promise<Result>;

const GOOD = "data: {path: x}\nmodel: {encoder: [{linear: 8}, relu], decoder: [{linear: output}]}\n";

Deno.test("config check prints the config resolved, or each problem as a line and exits with 2", async () => {
  await inFolder({ "good.yaml": GOOD, "bad.yaml": `${GOOD}training: {epochs: 0, lr: 1}\n` }, async (run) => {
    const good = await run("check", "good.yaml", "--override", "training.epochs=3", "--override=seed=5");
    assertEquals(good.code, 0);
    assertMatch(good.err, /^narrows: not checked whether the layers fit the data and each other: .+\n$/);
    const { config } = loadConfig({ text: good.out, cwd: "/" });
    assertEquals([config.training.epochs, config.seed, config.name], [3, 5, "good"]);
    const json = await run("check", "good.yaml", "--json");
    assertEquals(JSON.parse(json.out).config.model.encoder[1], { kind: "relu" });
    const bad = await run("check", "bad.yaml");
    assertEquals([bad.code, bad.out], [2, ""]);
    assertEquals(bad.err.split("\n"), [
      "narrows: bad.yaml:3:20: training.epochs must be a whole number from 1 to 1000000, or auto, got 0",
      "narrows: bad.yaml:3:23: unknown key training.lr; did you mean optimizer.learning_rate?",
      "  hint: keys of training: epochs, max_steps, precision, gradient_clip, early_stopping, replicas",
      "",
    ]);
  });
});

Deno.test("config explain tells one key, or all below a map", async () => {
  await inFolder({ "good.yaml": GOOD }, async (run) => {
    const one = await run("explain", "good.yaml", "training.epochs", "--override", "training.epochs=3");
    assertEquals(one.code, 0);
    assertEquals(one.out.split("\n"), [
      "training.epochs",
      "  value    3",
      "  set by   --override training.epochs=3",
      "  type     whole number or text",
      "  allowed  a whole number from 1 to 1000000, or auto",
      "  default  auto",
      "  means    number of passes over the training rows; auto: as many as make 4,000 steps, but from 3 to 1,000, which is " +
      "said at the start",
      "  resume   may change",
      "",
    ]);
    const model = await run("explain", "good.yaml", "model");
    assertMatch(
      model.out,
      /^model\.preset +null +default\n[^]*\nmodel\.encoder {2}\[\{linear: 8\}, relu\] +good\.yaml:2:9\nmodel\.decoder/,
    );
    const wrong = await run("explain", "good.yaml", "training.epoch");
    assertEquals([wrong.code, wrong.err], [2, "narrows: unknown key training.epoch; did you mean training.epochs?\n"]);
  });
});

Deno.test("config schema is JSON; a wrong command line is one line and 2", async () => {
  await inFolder({}, async (run) => {
    const schema = await run("schema");
    assertEquals(JSON.parse(schema.out).additionalProperties, false);
    for (
      const [args, message] of [
        [[], "narrows: config: must be followed by check, explain or schema"],
        [["chekc"], "narrows: config: must be followed by check, explain or schema, got chekc"],
        [["check"], "narrows: config check: F is missing: the config"],
        [["check", "--frob"], "narrows: --frob: config check has no such option"],
        [["check", "a", "b"], "narrows: b: config check does not take this argument"],
        [["check", "none.yaml"], "narrows: none.yaml: no such config file"],
      ] as const
    ) {
      const { code, err, out } = await run(...args);
      assertEquals([code, err.split("\n")[0]!.split(": looked for ")[0], out], [2, message, ""]);
    }
    const help = await run("--help");
    assertEquals(help.code, 0);
    assertStringIncludes(help.out, "config.ts explain F [KEY]");
  });
});

Deno.test("a config is loaded in well under a second, process included", async () => {
  await inFolder({ "good.yaml": GOOD }, async (run) => {
    await run("check", "good.yaml");
    const start = performance.now();
    const { code } = await run("check", "good.yaml", "--quiet");
    const elapsed_ms = performance.now() - start;
    assertEquals(code, 0);
    assert(elapsed_ms < 1000, `${elapsed_ms} ms`);
  });
});

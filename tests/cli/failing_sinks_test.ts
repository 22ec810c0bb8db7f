/** Loggers whose disk is full, that hang or that are killed: each is one warning, and the run has the bits and the time of one without. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { withShim } from "../faults/shim.ts";
import { run } from "../helpers/cli.ts";
import { checkEvents, checkTensorBoard, checkWandb } from "../helpers/sinks.ts";
import { fingerprintOf, smallProject } from "../helpers/small_run.ts";

const QUIET = ["--quiet", "--no-report"];

Deno.test("sinks: those whose disk is full are switched off with one warning each, and a resume gives them what they lack", () =>
  withShim(async (shim, dir) => {
    const config = smallProject(dir);
    const plain = join(dir, "plain");
    assertEquals((await run("train", [config, "--run-dir", plain, ...QUIET])).code, 0);
    const wanted = fingerprintOf(plain);
    const all = "logging.sinks=[csv, jsonl, tensorboard, wandb]";
    const full = async (name: string, place: string, at: number) => {
      const path = join(dir, `${name}-${at}`);
      const args = [config, "--run-dir", path, ...QUIET, "--override", all];
      const env = { LD_PRELOAD: shim, FAULT_FOLDER: join(path, place), FAULT_FULL_AT: String(at) };
      const { code, stderr } = await run("train", args, env);
      assertEquals(code, 0, stderr);
      const warning = new RegExp(
        `^logging\\.sinks: ${name} failed: \\S+: cannot .* \\(No space left on device\\); it is switched off, and the run ` +
          "goes on without it\n$",
      );
      assertMatch(stderr, warning);
      assertEquals(fingerprintOf(path), wanted);
      const more = ["--resume", path, ...QUIET, "--override", "training.epochs=4"];
      assertEquals((await run("train", more)).code, 0);
      checkEvents(path);
      checkTensorBoard(path);
      checkWandb(path);
    };
    for (const at of [1, 4, 12]) {
      await Promise.all([
        full("jsonl", "events.jsonl", at),
        full("tensorboard", "tensorboard", at),
        full("wandb", "wandb", at),
      ]);
    }
  }));

Deno.test("sinks: those whose disk does not answer are switched off with one warning each, and the run ends with its bits", () =>
  withShim(async (shim, dir) => {
    const config = smallProject(dir);
    const plain = join(dir, "plain");
    assertEquals((await run("train", [config, "--run-dir", plain, ...QUIET])).code, 0);
    const wanted = fingerprintOf(plain);
    const hung = async (name: string, place: string, at: number) => {
      const path = join(dir, `${name}-${at}`);
      const args = [config, "--run-dir", path, ...QUIET, "--override", `logging.sinks=[csv, ${name}]`];
      const env = { LD_PRELOAD: shim, FAULT_FOLDER: join(path, place), FAULT_HANG_AT: String(at) };
      const { code, stderr } = await run("train", args, env);
      assertEquals(code, 0, stderr);
      const warning =
        `^logging\\.sinks: ${name} hangs: it has not answered for \\d+ s; it is switched off, and the run goes on ` +
        "without it\n$";
      assertMatch(stderr, new RegExp(warning));
      assertEquals(fingerprintOf(path), wanted);
      const { status } = JSON.parse(Deno.readTextFileSync(join(path, "summary.json")));
      assertEquals(status, "finished");
    };
    await Promise.all([1, 5].flatMap((at) => [
      hung("jsonl", "events.jsonl", Math.min(at, 2)),
      hung("tensorboard", "tensorboard", at),
      hung("wandb", "wandb", at),
    ]));
  }));

/** Every sink there is, and what each is called in a warning. */
const ALL = ["jsonl", "tensorboard", "wandb", "the command", "the module"];

/** A run with all sinks at once, which fail in some way; with the seconds until its summary was written, and from there to its end. */
async function withAll(dir: string, name: string, sinks: readonly string[], env: Record<string, string>) {
  const path = join(dir, name);
  const places = ["events.jsonl", "tensorboard", "wandb"].map((place) => join(path, place)).join(":");
  const given = [...QUIET, "--allow-run", "--override", `logging.sinks=[csv, ${sinks.join(", ")}]`];
  const begun = Date.now();
  const result = await run("train", [join(dir, "small.yaml"), "--run-dir", path, ...given], {
    ...env,
    ...sinks.length > 0 ? { FAULT_FOLDER: places } : {},
  });
  const ended = Date.now();
  assertEquals(result.code, 0, result.stderr);
  const summary = join(path, "summary.json"), written = Deno.statSync(summary).mtime!.getTime();
  assertEquals(JSON.parse(Deno.readTextFileSync(summary)).status, "finished");
  const warnings = result.stderr.trimEnd().split("\n").filter((line) => line !== "");
  return { warnings, bits: fingerprintOf(path), until: (written - begun) / 1000, after: (ended - written) / 1000 };
}

Deno.test("sinks: all at once that hang, or are full or killed, cost one warning each, no bits, and at most a bounded wait at the end", () =>
  withShim(async (shim, dir) => {
    smallProject(dir);
    const module = (name: string, body: string) => {
      Deno.writeTextFileSync(join(dir, `${name}.ts`), `export default () => ${body};\n`);
      return `{module: ${join(dir, `${name}.ts`)}}`;
    };
    const files = ["jsonl", "tensorboard", "wandb"];
    const plain = await withAll(dir, "plain", [], {});
    assertEquals(plain.warnings, []);
    const hung = [
      ...files,
      '{command: "exec sleep 1000"}',
      module("hung", "new Promise(() => setInterval(() => {}, 1e9))"),
    ];
    const lost = [...files, '{command: "kill -9 $$"}', module("killed", 'Deno.kill(Deno.pid, "SIGKILL")')];
    const [hanging, losing] = await Promise.all([
      withAll(dir, "hanging", hung, { LD_PRELOAD: shim, FAULT_HANG_AT: "1" }),
      withAll(dir, "losing", lost, { LD_PRELOAD: shim, FAULT_FULL_AT: "1" }),
    ]);
    for (
      const [{ warnings, bits, until, after }, why, wait] of [[hanging, /hangs:/, 10], [losing, /failed:/, 0]] as const
    ) {
      for (const name of ALL) {
        const own = warnings.filter((line) => line.startsWith(`logging.sinks: ${name}`));
        assertEquals(own.length, 1, `${name}: ${warnings.join("\n")}`);
        assertMatch(own[0]!, why);
      }
      assertEquals(warnings.length, ALL.length);
      assertEquals(bits, plain.bits);
      // Two runs at the same time, and programs that start: what is asserted is that nothing waited for a sink while it trained.
      assert(until < 3 * plain.until + 5, `${until} s until the summary, ${plain.until} s without sinks`);
      assert(after < wait + plain.after + 5, `${after} s after the summary, ${plain.after} s without sinks`);
    }
  }));

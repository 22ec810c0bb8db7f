/** Preparing data in processes of their own: killed in the middle, two at once, on a full disk. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { command, ROOT, temporary } from "../helpers/cli.ts";
import { tenXSample } from "../helpers/ten_x.ts";

const CELLS = 20_000;

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const names = (folder: string) => {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch {
    return [];
  }
};

/** A config of a sample and what has it prepared: a dry run. */
function sample(folder: string, cache = join(folder, "cache"), cells = CELLS) {
  tenXSample(join(folder, "pbmc"), cells);
  const config = join(folder, "c.yaml");
  Deno.writeTextFileSync(
    config,
    `data: {path: pbmc, batch_size: 16}\nmodel: {encoder: [{linear: 3}], decoder: [{linear: output}]}\n` +
      `paths: {cache: "${cache}", runs: runs}\n`,
  );
  return { cache, args: ["--config", config, "--dry-run"] };
}

Deno.test("preparing: killed in the middle, the next start makes it anew and leaves nothing over", async () => {
  using folder = temporary();
  const { cache, args } = sample(folder.path);
  const child = command("train", args).spawn();
  const gone = child.output();
  while (!names(cache).some((name) => name.endsWith(".part"))) await new Promise((go) => setTimeout(go, 2));
  child.kill("SIGKILL");
  assertEquals((await gone).signal, "SIGKILL");
  assert(names(cache).some((name) => name.endsWith(".part")), `it had ended: ${names(cache)}`);
  const { code, stderr } = await command("train", args).output();
  assertEquals(code, 0, text(stderr));
  assertMatch(text(stderr), /pbmc: prepared in/);
  assertEquals(names(cache).filter((name) => name.startsWith("pbmc-")).length, 1);
  assertEquals(names(cache).filter((name) => name.endsWith(".part")), []);
});

Deno.test("preparing: of two processes that start at once one prepares, and the other waits", async () => {
  using folder = temporary();
  const { cache, args } = sample(folder.path);
  const both = await Promise.all([command("train", args).output(), command("train", args).output()]);
  assertEquals(both.map(({ code }) => code), [0, 0], both.map(({ stderr }) => text(stderr)).join("\n"));
  assertEquals(both.filter(({ stderr }) => text(stderr).includes("pbmc: prepared in")).length, 1);
  assertEquals(names(cache).filter((name) => name.startsWith("pbmc-")).length, 1);
});

Deno.test("preparing: a full disk is named, and nothing is left there", async () => {
  if (Deno.build.os !== "linux") return;
  using folder = temporary();
  const disk = join(folder.path, "disk");
  Deno.mkdirSync(disk);
  const { args } = sample(folder.path, join(disk, "cache"));
  const mount =
    'mount -t tmpfs -o size=100k tmpfs "$0" && { "$@"; code=$?; echo "left: $(ls -A "$0"/cache)"; exit $code; }';
  const train = [Deno.execPath(), "run", "-A", `${ROOT}cli/train.ts`, ...args];
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command("unshare", { args: ["-Urm", "sh", "-c", mount, disk, ...train] }).output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return console.log("skipped: no unshare");
    throw error;
  }
  const said = text(output.stderr);
  if (/unshare:|mount:/.test(said)) return console.log(`skipped: no file system of our own (${said.trim()})`);
  assertEquals(output.code, 1, said);
  assertMatch(said, /narrows: .*cannot write \(No space left on device\)\n {2}hint: free some space/);
  assertEquals(/left: ?(.*)/.exec(text(output.stdout))?.[1]?.split(/\s+/).filter((name) => /part|pbmc/.test(name)), []);
});

/** The process in which readers of damaged files run: it ends with the source, with its patience and with the one that started it. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { loom } from "../../../../core/data/readers/loom.ts";
import { openElsewhere, ReaderProcess, readersEnded } from "../../../../core/data/readers/process_client.ts";
import { READER_WORD, readerProgram } from "../../../../core/data/readers/process_program.ts";
import { UserError } from "../../../../core/errors.ts";
import { exists } from "../../../../core/missing.ts";
import { testInFolder } from "../../../temp.ts";

const LOOM = fromFileUrl(new URL("../../../golden/tables/a.loom", import.meta.url));
const PROGRAM = fromFileUrl(new URL("./process_program.ts", import.meta.url));

/** A file whose damage leads the HDF5 library around in circles. */
function looping(folder: string): string {
  const path = join(folder, "loop.loom");
  const bytes = Deno.readFileSync(LOOM);
  Deno.writeFileSync(path, bytes.copyWithin(8338, 9670, 14038));
  return path;
}

const isThere = (pid: number) => exists(`/proc/${pid}`);

/** Waits until a process is gone. @returns whether it went within some seconds */
async function goes(pid: number): Promise<boolean> {
  for (let i = 0; i < 100 && isThere(pid); i++) await new Promise((go) => setTimeout(go, 100));
  return !isThere(pid);
}

const open = (path: string) => ({ ask: "open", reader: "loom", path, options: {} }) as const;

testInFolder("a file that never ends is given up, and nothing of it goes on", async (dir) => {
  const path = looping(dir);
  const process = new ReaderProcess(readerProgram()!, 3000);
  const { pid } = process;
  await assertRejects(() => process.ask(open(path)), UserError, "is damaged: no row came within 3 s");
  assert(isThere(pid));
  process.close();
  await readersEnded();
  assert(!isThere(pid), "the process is gone");
  // And as readers open it.
  await assertRejects(() => openElsewhere("loom", path, {}, 3000), UserError, "no row came within 3 s");
});

testInFolder("a process that reads in circles ends with the one that started it", async (dir) => {
  const parent = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", PROGRAM, "hold", looping(dir)],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const said = parent.stdout.getReader();
  const pid = Number(new TextDecoder().decode((await said.read()).value));
  await new Promise((go) => setTimeout(go, 1500)); // until it is in the library
  assert(pid > 1 && isThere(pid));
  parent.kill("SIGKILL");
  await parent.status;
  await said.cancel();
  assert(await goes(pid), `process ${pid} is still there`);
});

testInFolder("a process that is killed is an error in words, of the file", async (dir) => {
  const path = join(dir, "a.loom");
  Deno.copyFileSync(LOOM, path);
  const process = new ReaderProcess(readerProgram()!);
  await process.ask(open(path));
  Deno.kill(process.pid, "SIGKILL");
  const error = await assertRejects(() => process.ask({ ask: "next", blockRows: 3 }), UserError);
  assertEquals(error.message, `${path}: cannot be read: the process that read it ended with SIGKILL`);
  process.close();
});

testInFolder("the compiled program is such a process behind a word of its own", async (dir) => {
  const path = join(dir, "a.loom"), main = fromFileUrl(new URL("../../../../cli/main.ts", import.meta.url));
  Deno.copyFileSync(LOOM, path);
  const process = new ReaderProcess([Deno.execPath(), "run", "-A", "--no-check", main, READER_WORD]);
  assertEquals((await process.ask(open(path))).facts!.rows, 12);
  process.close();
});

testInFolder("where no process may be started, a worker reads the same", async () => {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--allow-read", "--allow-env", PROGRAM, "count", LOOM],
  }).output();
  assertEquals(new TextDecoder().decode(stdout).trim(), "[null,12]", new TextDecoder().decode(stderr));
  const source = await loom.open(LOOM, {});
  assertEquals(source.rows, 12);
  source.close();
});

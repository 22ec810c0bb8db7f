/** Uploading an offline run with an installed `wandb`. */
import { dirname } from "@std/path";
import { isFile } from "../formats/file.ts";
import { toUser } from "../paths.ts";
import { shellWord } from "../runs/command.ts";

/** Time after which an upload is given up: a run does not end later because a server does not answer. */
const SYNC_MS = 120_000;

/** What a user types to upload a run. */
export const syncCommand = (folder: string) => `wandb sync ${shellWord(toUser(folder))}`;

/**
 * Runs `wandb sync` on the folder of an offline run, `RUN/wandb/offline-run-...`. Whatever happens, the folder is complete and can be uploaded later.
 * @param file the run's file in the folder, beside which wandb puts a mark once all is uploaded
 * @returns what went wrong, with the command to type; null where all was uploaded
 */
export async function syncWandb(folder: string, file: string, limit = SYNC_MS): Promise<string | null> {
  const failed = (why: string) => `the run is not uploaded to W&B: ${why}; upload it with: ${syncCommand(folder)}`;
  let child: Deno.ChildProcess;
  try {
    const args = ["sync", "--yes", folder];
    const cwd = dirname(dirname(folder)); // wandb puts its log files into `wandb/` of the folder in which it is started
    child = new Deno.Command("wandb", { args, cwd, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  } catch (error) {
    return failed(error instanceof Deno.errors.NotFound ? "wandb is not installed" : String((error as Error).message));
  }
  const lines = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let isLate = false, said = "";
  const timer = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
    lines.cancel().catch(() => {}); // a process of wandb's own may still hold the pipe
  }, limit);
  for (let read = await lines.read(); !read.done; read = await lines.read()) said += read.value;
  await child.status;
  clearTimeout(timer);
  if (isLate) return failed(`wandb sync has not ended after ${Math.round(limit / 1000)} s`);
  if (isFile(`${file}.synced`)) return null;
  const told = said.trim().split("\n");
  const last = told.findLast((line) => /error/i.test(line)) ?? told.at(-1);
  return failed(`wandb sync says ${JSON.stringify((last ?? "nothing").slice(0, 200))}`);
}

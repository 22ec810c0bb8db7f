/**
 * `data.cache: off`: a folder of this process for prepared data, which is removed when the process ends. What a process left that was
 * killed is removed by the next one: the system releases the lock of a process that is gone.
 */
import { join } from "@std/path";
import { ioError } from "../formats/io_error.ts";

const PREFIX = "narrows-prepared-";
const LOCK = ".lock";

let folder: string | null = null;

/** Where temporary files go. */
function temporaryFolder(): string {
  return Deno.env.get("TMPDIR") || "/tmp";
}

/** Removes the folders of processes that are gone. */
function clearAbandoned(parent: string): void {
  let names: string[];
  try {
    names = [...Deno.readDirSync(parent)].map(({ name }) => name).filter((name) => name.startsWith(PREFIX));
  } catch {
    return;
  }
  for (const name of names) {
    try {
      using lock = Deno.openSync(join(parent, name, LOCK), { write: true });
      if (lock.tryLockSync(true)) Deno.removeSync(join(parent, name), { recursive: true });
    } catch { /* another user's, or being made at this moment */ }
  }
}

/** The folder, the same for the whole process. @throws {UserError} where none can be made */
export function privateCache(): string {
  if (folder !== null) return folder;
  const parent = temporaryFolder();
  clearAbandoned(parent);
  try {
    const made = Deno.makeTempDirSync({ dir: parent, prefix: PREFIX });
    const lock = Deno.openSync(join(made, LOCK), { write: true, create: true }); // stays open as long as the process
    lock.lockSync(true);
    globalThis.addEventListener("unload", () => {
      lock.close();
      try {
        Deno.removeSync(made, { recursive: true });
      } catch { /* the next process removes it */ }
    });
    return folder = made;
  } catch (cause) {
    throw ioError(parent, "make a folder for prepared data in", cause);
  }
}

/** One file for each row, in a folder that appears whole or not at all, or a single file of a single row. */
import { dirname, join } from "@std/path";
import { UserError } from "../errors.ts";
import { toUser } from "../paths.ts";
import { makeFolder, namesIn, removeQuietly, syncFolder, temporaryBeside } from "../formats/file.ts";
import { attempt } from "../formats/io_error.ts";

/** The ending of a file that rows are read from, also before the number of a window or a page. */
const READ = /\.(png|jpe?g|jpe|tiff?|webp|wav|flac|npy|npz|mat|hdf5|h5|bins?|dat|hea|gz)(?=$|[@#:])/gi;

/** A part of a path that every system takes. */
function safePart(text: string): string {
  const safe = text.replaceAll(/[\p{Cc}\\:*?"<>|]/gu, "_").replace(/^\.+/, "_").replace(/[. ]+$/, "_");
  return safe === "" ? "_" : safe.slice(0, 200);
}

/**
 * The file of each row, below the folder. Names of rows keep their folders (`cat/12.png` is `cat/12` and the ending); rows
 * without names are numbered.
 */
export function fileNames(
  rowNumbers: readonly number[],
  rowNames: readonly string[] | null,
  ending: string,
): string[] {
  const digits = String(Math.max(0, ...rowNumbers)).length;
  const used = new Set<string>();
  return rowNumbers.map((row) => {
    const name = rowNames?.[row];
    const base = name === undefined
      ? `row_${String(row).padStart(digits, "0")}`
      : name.replace(READ, "").split("/").filter((part) => part !== "").map(safePart).join("/") || "_";
    const isTaken = used.has(base.toLowerCase());
    const own = isTaken ? `${base}-row${row}` : base;
    used.add(own.toLowerCase());
    return own + ending;
  });
}

/**
 * Has files written into a folder that is not there yet, or is empty.
 * @param write gets the folder in which it writes for the time being
 * @throws {UserError} if the folder holds something
 */
export async function writeFolder(path: string, write: (folder: string) => Promise<void>): Promise<void> {
  const held = await namesIn(path);
  if (held.length > 0) {
    throw new UserError(
      "--output",
      `the folder ${toUser(path)} holds ${held[0]} already`,
      "name another folder, or remove it",
    );
  }
  const temporary = temporaryBeside(path.replace(/\/+$/, ""));
  try {
    await makeFolder(temporary);
    await write(temporary);
    await attempt(path, "rename the finished folder to it", () => Deno.rename(temporary, path));
  } catch (error) {
    await removeQuietly(temporary);
    throw error;
  }
  await syncFolder(dirname(path.replace(/\/+$/, "")));
}

/** Writes a file below a folder, and the folders between. */
export async function writeBelow(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, name);
  if (name.includes("/")) await makeFolder(dirname(path));
  await attempt(path, "write", () => Deno.writeFile(path, bytes));
}

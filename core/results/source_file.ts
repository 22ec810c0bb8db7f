/** The file that the rows of a run come from, where it is one. */
import { basename } from "@std/path";
import { readPrepared } from "../data/data_json.ts";
import { locate } from "../data/locate.ts";
import { UserError } from "../errors.ts";
import { isFile } from "../formats/file.ts";
import { toUser } from "../paths.ts";
import type { Restored } from "../train/restore.ts";

interface Origin {
  readonly path: string;
  readonly format: string;
}

/** What the rows were read from, file by file, also before they were prepared. */
function originsOf({ config: { data }, otherData }: Restored): Origin[] {
  if (data.path === "" || data.format === "memory") return [];
  return locate(data.path, otherData === null ? "data.path" : "--data", data.format).flatMap((place) => {
    if (place.kind === "source") return [{ path: place.path, format: place.reader.format }];
    if (place.kind === "chunk") return [{ path: place.path, format: "chunk" }];
    return readPrepared(place.path)?.sources.map(({ path, format }) => ({ path, format })) ?? [];
  });
}

/**
 * The path of the only file that the rows come from.
 * @param format that it must have
 * @param option what asks for it, such as `--output x.h5ad`
 * @param instead what can be written of other rows
 * @throws {UserError} where the rows come from several files, from files of another format, or the file is gone
 */
export function onlySource(restored: Restored, format: string, option: string, instead: string): string {
  const origins = originsOf(restored);
  const [first] = origins;
  const refuse = (what: string) => new UserError(option, what, instead);
  if (first === undefined) throw refuse(`needs rows of one .${format} file, but these are of no single path`);
  if (origins.length > 1) {
    throw refuse(`needs rows of one .${format} file, but these are of ${origins.length} files`);
  }
  if (first.format !== format) {
    throw refuse(`needs rows of one .${format} file, but these are of ${basename(first.path)}`);
  }
  if (!isFile(first.path)) {
    throw refuse(`${toUser(first.path)}, from which the rows were prepared, is not there any more`);
  }
  return first.path;
}

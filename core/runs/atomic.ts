/** Small files of a run folder, which appear complete or not at all. */
import { writeAtomically } from "../formats/file.ts";
export { makeFolder } from "../formats/file.ts";
import { encodeJson } from "../formats/json.ts";

/** Temporary file in the same folder, fsync, rename, fsync of the folder. @throws {UserError} with path and reason. */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  await writeAtomically(path, (file) => file.write(bytes));
}

/** Indented JSON. A NaN or infinity in it is an error that names its key. */
export async function writeJsonAtomic(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, encodeJson(value));
}

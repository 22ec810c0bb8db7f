/** Pictures of the diagnostics of which there are pictures. */
import { diagnosticNamed } from "../diagnostics/list.ts";
import { ownData, ownPicture } from "../diagnostics/own.ts";
import type { Picture } from "../diagnostics/drawing.ts";
import { exists } from "../formats/file.ts";
import { readJson } from "../formats/json.ts";
import { DecodeError } from "../runs/decode.ts";

export type { Picture };

const JSON_BYTES_MAX = 256 << 20;

/**
 * The picture of a diagnostic's data; null for one that has none, and where the data are gone or not its own.
 * @throws {UserError} if the file cannot be read
 */
export async function pictureOf(name: string, path: string): Promise<Picture | null> {
  const diagnostic = diagnosticNamed(name);
  if ((diagnostic && !diagnostic.picture) || !await exists(path)) return null;
  try {
    const data = await readJson(path, JSON_BYTES_MAX);
    return diagnostic ? diagnostic.picture!(diagnostic.decode(data, "")) : ownPicture(ownData(data, ""));
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

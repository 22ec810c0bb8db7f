/**
 * Text files that a user names: regular files of bounded size, plain or gzip (of one member or several, as bgzip
 * makes).
 */
import { bytesText } from "../figures.ts";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { UserError } from "../errors.ts";
import { InputFile } from "./file.ts";

/** Of a text, inflated. */
export const TEXT_BYTES_MAX = 256e6;

const inflate = promisify(gunzip) as (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>;

/**
 * @param where for messages: the config's key, or the option
 * @throws {UserError} of exit status 2: not there, no regular file, larger than `limit`, no whole gzip file, no text
 */
export async function readTextFile(path: string, where: string, limit = TEXT_BYTES_MAX): Promise<string> {
  const refuse = (what: string, hint: string) => new UserError(`${where}: ${path}`, what, hint);
  let bytes = await readBytes(path, where, limit);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = await inflate(bytes, { maxOutputLength: limit });
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (code === "ERR_BUFFER_TOO_LARGE") {
        throw refuse(`inflates to more than ${bytesText(limit)}`, "is this the file that was meant?");
      }
      throw refuse(`is not a whole gzip file: ${message}`, "make the file again");
    }
  }
  if (bytes.includes(0)) throw refuse("is not a text file: it has bytes of value 0", "save it as UTF-8 text");
  return new TextDecoder().decode(bytes);
}

async function readBytes(path: string, where: string, limit: number): Promise<Uint8Array> {
  try {
    using file = await InputFile.open(path);
    if (file.size > limit) {
      throw new UserError(path, `has ${file.size} bytes, more than the limit of ${bytesText(limit)} for a text file`);
    }
    const bytes = new Uint8Array(file.size);
    await file.readAt(0, bytes);
    return bytes;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${where}: ${path}`, error.what, error.hint ?? `correct ${where}`);
  }
}

/** Texts that are read from their start to their end, plain or gzip, without holding more than one line. */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { UserError } from "../../errors.ts";
import { notRegular } from "../../formats/file.ts";
import { ioError } from "../../formats/io_error.ts";

const BLOCK_BYTES = 1 << 20;
/** A longer line is not text that anyone means as a table. */
const LINE_BYTES_MAX = 64 << 20;

/** What a gzip file begins with. */
export const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b;

/** The bytes of a file in order, inflated where it is gzip, of one member or several. @throws {UserError} */
export async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  let packed: boolean;
  try {
    if (!Deno.statSync(path).isFile) throw notRegular(path);
    using file = Deno.openSync(path);
    const head = new Uint8Array(2);
    file.readSync(head);
    packed = isGzip(head);
  } catch (cause) {
    throw ioError(path, "open", cause);
  }
  const file = createReadStream(path, { highWaterMark: BLOCK_BYTES });
  const stream = packed ? pipeline(file, createGunzip({ chunkSize: BLOCK_BYTES }), () => {}) : file;
  try {
    for await (const bytes of stream) yield bytes as Uint8Array;
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    const { code = "", message } = cause as { code?: string; message: string };
    if (!code.startsWith("Z_") && !packed) throw ioError(path, "read", cause);
    throw new UserError(path, `is not a whole gzip file (${message})`, "make the file again, or fetch it again");
  } finally {
    file.destroy();
    stream.destroy();
  }
}

/**
 * The bytes of a text in blocks that end with a line's end; the last one may end without.
 * @throws {UserError} of a line that is too long
 */
export async function* wholeLines(path: string): AsyncGenerator<Uint8Array> {
  let rest = new Uint8Array(0);
  for await (const bytes of bytesOf(path)) {
    const end = bytes.lastIndexOf(0x0a) + 1;
    if (end === 0) {
      rest = joined(rest, bytes);
      if (rest.length > LINE_BYTES_MAX) {
        throw new UserError(
          path,
          `has a line of more than ${LINE_BYTES_MAX} bytes`,
          "is this the file that was meant?",
        );
      }
      continue;
    }
    yield rest.length > 0 ? joined(rest, bytes.subarray(0, end)) : bytes.subarray(0, end);
    rest = bytes.slice(end);
  }
  if (rest.length > 0) yield rest;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** The lines of a text, without their ends. @throws {UserError} where it is no UTF-8 */
export async function* linesOf(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const bytes of wholeLines(path)) {
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch {
      throw new UserError(path, "is not UTF-8 text", "save it as UTF-8");
    }
    const lines = text.split("\n");
    if (lines.at(-1) === "") lines.pop();
    for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
  }
}

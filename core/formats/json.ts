/** JSON of our own files: bounded when read, nothing lost when written. */
import { MalformedError } from "../errors.ts";
import { InputFile } from "./file.ts";

/** A number that JSON would turn into null is an error that names its place. */
export function encodeJson(value: unknown): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify(value, (key, item) => {
    if (typeof item === "number" && !Number.isFinite(item)) {
      throw new TypeError(`${key} is ${item}: JSON has no such number`);
    }
    return item;
  }, 2);
  if (text === undefined) throw new TypeError("nothing that JSON can hold");
  return new TextEncoder().encode(text + "\n");
}

/** Parses a JSON file of at most `limit` bytes. @throws {MalformedError} on other content; {UserError} where it cannot be read */
export async function readJson(path: string, limit: number): Promise<unknown> {
  using file = await InputFile.open(path);
  if (file.size > limit) {
    throw new MalformedError(path, `has ${file.size} bytes, more than the limit of ${limit}`);
  }
  const bytes = new Uint8Array(file.size);
  await file.readAt(0, bytes);
  return parseJson(bytes, path);
}

/** Parses UTF-8 JSON. @throws {MalformedError} of one line, with `where` before it. */
export function parseJson(bytes: Uint8Array, where: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MalformedError(where, `is not JSON (${why.replace(/\p{Cc}+/gu, " ")})`);
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The HDF5 library in WebAssembly (h5wasm), with what it prints taken as the reason of a failure. What a damaged file does to it
 * stays in there.
 */
import fs from "node:fs";
import type { ready } from "h5wasm/node";
import { MalformedError } from "../errors.ts";

export type H5Module = Awaited<typeof ready>;

let library: Promise<H5Module> | undefined;
/** Takes what the library prints while it is asked something. */
let said: ((text: string) => void) | null = null;

export async function load(): Promise<H5Module> {
  return await (library ??= begin());
}

/** The library, and beside it the compressions that are no part of it, such as LZF and Blosc, each loaded when it is needed. */
async function begin(): Promise<H5Module> {
  const { error, warn } = console;
  // The library keeps these two functions for what it has to say.
  console.error = (...texts) => said ? said(texts.join(" ")) : error.apply(console, texts);
  console.warn = (...texts) => said ? said(texts.join(" ")) : warn.apply(console, texts);
  try {
    const lib = await (await import("h5wasm/node")).ready;
    const others = lib.get_plugin_search_paths().length;
    (await import("h5wasm-plugins")).install_local_plugins(lib);
    for (let i = 0; i < others; i++) lib.remove_plugin_search_path(1);
    return lib;
  } finally {
    Object.assign(console, { error, warn });
  }
}

/**
 * Runs a call of the library. It prints what fails on standard error, which is kept from there, and the last line of it,
 * where it failed first, is the reason.
 * @throws {MalformedError}
 */
export function asked<T>(path: string, what: string, call: () => T, isGood: (result: T) => boolean): T {
  const { writeSync } = fs;
  let text = "";
  const keep = (handle: number, bytes: Uint8Array, from = 0, length = bytes.length - from, ...rest: unknown[]) => {
    if (handle !== 2) return (writeSync as (...all: unknown[]) => number)(handle, bytes, from, length, ...rest);
    text += new TextDecoder().decode(bytes.subarray(from, from + length));
    return length;
  };
  let result: T | undefined, failure: unknown;
  try {
    fs.writeSync = keep as unknown as typeof fs.writeSync;
    said = (more) => text += `${more}\n`;
    result = call();
  } catch (thrown) {
    failure = thrown;
  } finally {
    fs.writeSync = writeSync;
    said = null;
  }
  if (failure === undefined && isGood(result as T)) return result as T;
  const filter = /required filter '[^']*' is not registered/.exec(text)?.[0];
  const first = [...text.matchAll(/#\d+: .* in \w+\(\): (.*)/g)].at(-1)?.[1];
  const reason = filter ?? first ?? (failure instanceof Error ? failure.message.split("\n")[0]! : "");
  throw new MalformedError(path, `${what}${reason ? `: ${reason}` : ""}`);
}

/** Whether a file begins like HDF5, after a block of the user's of 0, 512, 1024 or 2048 bytes. */
export function isHdf5(head: Uint8Array): boolean {
  const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
  return [0, 512, 1024, 2048].some((at) => signature.every((byte, i) => head[at + i] === byte));
}

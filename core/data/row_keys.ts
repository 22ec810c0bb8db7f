/**
 * Which row a row is: (its file's name within the data set, its number within the file). Splits, random draws and
 * the order of an epoch are functions of it, so that files that are added, or moved to another folder, leave the others' alone.
 */
import { dirname, isGlob, relative } from "@std/path";

const MASK = (1n << 64n) - 1n;

/**
 * FNV-1a of the name's UTF-8 bytes (https://datatracker.ietf.org/doc/html/draft-eastlake-fnv), then splitmix64's
 * finaliser.
 */
function hash64(name: string): bigint {
  let state = 0xCBF29CE484222325n;
  for (const byte of new TextEncoder().encode(name)) state = ((state ^ BigInt(byte)) * 0x100000001B3n) & MASK;
  state = ((state ^ (state >> 30n)) * 0xBF58476D1CE4E5B9n) & MASK;
  state = ((state ^ (state >> 27n)) * 0x94D049BB133111EBn) & MASK;
  return state ^ (state >> 31n);
}

/**
 * Key of a file's first row; row r has the key + r. 52 bits of a hash of the name, so that a key is a whole number that
 * JavaScript can hold, and that two files hardly ever share one.
 */
export function fileKey(name: string): number {
  return Number(hash64(name.normalize("NFC")) >> 12n);
}

/**
 * The folder that names of a data path's files are relative to: the folder itself, a file's, or what a glob begins
 * with.
 */
export function baseOf(path: string, isFolder: boolean, isPattern: boolean): string {
  if (!isPattern) return isFolder ? path : dirname(path);
  const names = path.split("/");
  const first = names.findIndex((name) => isGlob(name) || name.includes("\\"));
  return names.slice(0, first < 0 ? -1 : first).join("/") || "/";
}

/** The deepest folder that all files are below. */
export function commonFolder(paths: readonly string[]): string {
  let common = dirname(paths[0] ?? "/");
  for (const path of paths) {
    while (common !== "/" && !path.startsWith(`${common}/`)) common = dirname(common);
  }
  return common;
}

export const nameWithin = (base: string, path: string): string => relative(base, path).normalize("NFC");

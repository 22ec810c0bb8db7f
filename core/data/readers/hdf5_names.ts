/** What kind of data an HDF5 file holds, by the names of groups and arrays that stand near its start. */

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
/** Of the bytes that are looked through. */
const START_BYTES = 1 << 20;

export const isHdf5 = (head: Uint8Array): boolean => SIGNATURE.every((byte, at) => head[at] === byte);

/** Whether all of these names stand in the first megabyte of a file. */
export function hasNames(path: string, ...names: readonly string[]): boolean {
  const bytes = new Uint8Array(START_BYTES);
  let count = 0;
  try {
    using file = Deno.openSync(path);
    for (let more; count < bytes.length && (more = file.readSync(bytes.subarray(count))) !== null;) count += more;
  } catch {
    return false;
  }
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, count));
  return names.every((name) => text.includes(name));
}

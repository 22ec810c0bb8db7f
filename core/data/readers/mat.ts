/**
 * Arrays of MATLAB files, of versions 5 to 7 and of 7.3, which is HDF5. Axes are counted as MATLAB shows them, and names are those of
 * MATLAB, with `/` or `.` before a field: `probe/pitch`, `scans(2).rf`, `lines{3}`. Arrays of one shape in the cells of a cell array,
 * or in a field of several structures, are one array too, whose first axis are the cells or the structures. The settings are those of
 * HDF5.
 */
import { Hdf5File } from "../../formats/hdf5.ts";
import { isHdf5 } from "../../formats/hdf5_library.ts";
import { InputFile } from "../../formats/file.ts";
import { isMat5, Mat5File } from "../../formats/mat5.ts";
import { type ArrayFile, openArrays } from "./array_files.ts";
import { mat5 } from "./mat5_arrays.ts";
import { mat73 } from "./mat73_arrays.ts";
import type { OpenSource, ReaderOptions } from "./reader.ts";
import { openElsewhere } from "./process_client.ts";
import { holdsRecords, type Together } from "./records.ts";

const FILES = { about: "MATLAB files", pattern: /\.mat$/i, shown: ".mat" };
const HEAD_BYTES = 520;

export const mat = {
  together: true,
  format: "mat",
  about: "a MATLAB file",
  claims: (path, head) => head.length > 0 ? isMat5(head) || isMat73(head) : holdsRecords(path, FILES, 0),
  open: (path, options) => openElsewhere("mat", path, options),
} as const satisfies Together;

export function openMatlab(path: string, options: ReaderOptions): Promise<OpenSource> {
  const member = options.member?.replaceAll(".", "/");
  return openArrays(path, { ...options, member }, "mat", FILES, openMat);
}

/** MATLAB 7.3 writes a text of its own before HDF5. */
function isMat73(head: Uint8Array): boolean {
  return isHdf5(head) && new TextDecoder("latin1").decode(head.subarray(0, 6)) === "MATLAB";
}

async function openMat(path: string): Promise<ArrayFile> {
  const head = await headOf(path);
  const file = isHdf5(head) ? mat73(await Hdf5File.open(path)) : mat5(await Mat5File.open(path));
  return { ...file, number: (member) => file.number(member.replaceAll(".", "/")) };
}

async function headOf(path: string): Promise<Uint8Array> {
  using file = await InputFile.open(path);
  const head = new Uint8Array(Math.min(HEAD_BYTES, file.size));
  await file.readAt(0, head);
  return head;
}

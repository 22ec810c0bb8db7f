/**
 * Arrays of MATLAB files, of versions 5 to 7 and of 7.3, which is HDF5. Axes are counted as MATLAB shows them, and fields of
 * structures are named `structure/field`. The settings are those of HDF5.
 */
import { Hdf5File } from "../../formats/hdf5.ts";
import { isHdf5 } from "../../formats/hdf5_library.ts";
import { InputFile } from "../../formats/file.ts";
import { isMat5, Mat5File } from "../../formats/mat5.ts";
import { roundingNote } from "../../formats/values.ts";
import { type ArrayFile, openArrays } from "./array_files.ts";
import { hdf5Arrays } from "./hdf5.ts";
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
  return openArrays(path, options, "mat", FILES, openMat);
}

/** MATLAB 7.3 writes a text of its own before HDF5. */
function isMat73(head: Uint8Array): boolean {
  return isHdf5(head) && new TextDecoder("latin1").decode(head.subarray(0, 6)) === "MATLAB";
}

async function openMat(path: string): Promise<ArrayFile> {
  const head = await headOf(path);
  if (isHdf5(head)) return mat73(await Hdf5File.open(path));
  return mat5(await Mat5File.open(path));
}

async function headOf(path: string): Promise<Uint8Array> {
  using file = await InputFile.open(path);
  const head = new Uint8Array(Math.min(HEAD_BYTES, file.size));
  await file.readAt(0, head);
  return head;
}

/** MATLAB's words for arrays of numbers. */
const NUMERIC = /^(double|single|logical|u?int(8|16|32|64))$/;

function mat73(file: Hdf5File): ArrayFile {
  return hdf5Arrays(file, {
    reversed: true,
    seen({ path, type, values }) {
      // What cells and the like refer to.
      if (path.startsWith("#")) return null;
      const word = file.attributeTexts(path, "MATLAB_class")?.[0];
      const isEmpty = file.attribute(path, "MATLAB_empty") === 1;
      if (word === undefined || isEmpty) {
        return { type: isEmpty ? "empty" : type, isNumeric: !isEmpty && values !== undefined };
      }
      return { type: values ? word : `${type} ${word}`, isNumeric: values !== undefined && NUMERIC.test(word) };
    },
  });
}

function mat5(file: Mat5File): ArrayFile {
  // The array that was read last, since the next part is mostly of the same one.
  let last: { readonly member: string; readonly values: Float32Array } | null = null;
  const arrayOf = (member: string) => file.arrays.find(({ path }) => path === member)!;
  return {
    path: file.path,
    members: file.arrays.map(({ path, shape, type, values }) => ({
      name: path,
      shape,
      type,
      sparse: type === "sparse",
      isNumeric: values !== undefined,
    })),
    notes: [],
    notesOn: (member) => roundingNote(arrayOf(member).values!),
    shapeOf: (member) => ({ shape: arrayOf(member).shape, chunks: null }),
    async read(member, start) {
      if (last?.member !== member) {
        last = null;
        last = { member, values: await file.load(member) };
      }
      // The first axis changes fastest.
      const { shape } = arrayOf(member);
      const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, 1));
      const from = start.reduce((sum, index, axis) => sum + index * strides[axis]!, 0);
      return { values: last.values.subarray(from), strides };
    },
    number: (member) => file.number(member),
    close: () => void (last = null),
  };
}

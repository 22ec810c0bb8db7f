/**
 * Arrays of numbers in Python pickles, and in .npy files of objects: alone, or in lists, tuples and dicts, whose keys and places
 * name them (`scans/0`). The settings are those of HDF5.
 */
import { InputFile } from "../../formats/file.ts";
import { isNpyOfObjects } from "../../formats/kinds.ts";
import { isNpy, objectsOf } from "../../formats/numpy_arrays.ts";
import { type PickledArray, pickledArrays } from "../../formats/pickle.ts";
import { roundingNote } from "../../formats/values.ts";
import { type ArrayFile, openArrays } from "./array_files.ts";
import type { OpenSource, ReaderOptions } from "./reader.ts";
import { holdsRecords, type Together } from "./records.ts";
import { openElsewhere } from "./process_client.ts";

const FILES = { about: "pickles", pattern: /\.(pkl|pickle)$/i, shown: ".pkl, .pickle" };

/** Protocols 2 to 5 begin with their number. */
const isPickle = (head: Uint8Array) => head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5;

export const pickle = {
  together: true,
  format: "pickle",
  about: "a Python pickle",
  claims: (path, head) =>
    head.length > 0 ? isPickle(head) || FILES.pattern.test(path) || isNpyOfObjects(head) : holdsRecords(path, FILES, 0),
  open: (path, options) => openElsewhere("pickle", path, options),
} as const satisfies Together;

export function openPickles(path: string, options: ReaderOptions): Promise<OpenSource> {
  return openArrays(path, options, "pickle", FILES, async (path) => {
    using file = await InputFile.open(path);
    const bytes = new Uint8Array(file.size);
    await file.readAt(0, bytes);
    return fileOf(path, pickledArrays(path, isNpy(bytes) ? objectsOf(path, bytes) : bytes));
  });
}

function fileOf(path: string, arrays: readonly PickledArray[]): ArrayFile {
  const arrayOf = (member: string) => arrays.find(({ name }) => name === member)!;
  let loaded: { readonly member: string; readonly values: Float32Array } | null = null;
  return {
    path,
    members: arrays.map(({ name, shape, type, values, isComplex }) => {
      return { name, shape, type, sparse: false, isNumeric: values !== undefined, isComplex };
    }),
    notes: [],
    notesOn: (member) => roundingNote(arrayOf(member).values!),
    shapeOf: (member) => ({ shape: arrayOf(member).shape, chunks: null }),
    read(member, start) {
      const array = arrayOf(member), { shape, isFortran } = array, parts = array.isComplex ? 2 : 1;
      if (loaded?.member !== member) loaded = { member, values: array.load() };
      const sizes = (axes: readonly number[]) => axes.reduce((product, size) => product * size, 1);
      const strides = shape.map((_, axis) => parts * sizes(isFortran ? shape.slice(0, axis) : shape.slice(axis + 1)));
      const from = start.reduce((sum, index, axis) => sum + index * strides[axis]!, 0);
      return Promise.resolve({ values: loaded.values.subarray(from), strides });
    },
    number(member) {
      const isOne = ({ shape, isComplex }: PickledArray) => !isComplex && shape.every((size) => size === 1);
      const found = arrays.find((array) => array.name === member && isOne(array));
      return Promise.resolve(found?.values === undefined ? undefined : found.first());
    },
    forget: () => void (loaded = null),
    close: () => void (loaded = null),
  };
}

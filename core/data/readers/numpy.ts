/**
 * Arrays of NumPy as signals or pictures: .npy and .npz with arrays of any number of axes. In a folder of .npz files each is
 * a record, and their single values (a gain, a voltage) are tables of the rows. The settings are those of HDF5.
 */
import { join } from "@std/path";
import { isNpy, isZip, NumpyFile } from "../../formats/numpy_arrays.ts";
import type { ArrayStream } from "../../formats/numpy_stream.ts";
import { kindOf } from "../../formats/kinds.ts";
import { roundingNote } from "../../formats/values.ts";
import { type ArrayFile, openArrays } from "./array_files.ts";
import { holdsRecords, type Together } from "./records.ts";

const FILES = { about: "files of NumPy", pattern: /\.np[yz]$/i, shown: ".npy, .npz" };

export const numpy = {
  together: true,
  format: "numpy",
  about: "a file of NumPy arrays",
  claims: (path, head) =>
    head.length > 0
      ? isNpy(head) || (isZip(head) && FILES.pattern.test(path))
      : holdsRecords(path, FILES, 0) && !holdsChunks(path),
  open: (path, options) =>
    openArrays(path, options, "numpy", FILES, async (path) => arraysOf(await NumpyFile.open(path))),
} as const satisfies Together;

/** An array is loaded whole where a part of it would take so many times its own size. */
const WASTE_MAX = 4;

/** Whether the first of a folder's files is trained on as it is. */
function holdsChunks(folder: string): boolean {
  const first =
    [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => FILES.pattern.test(name)).sort()[0];
  return first !== undefined && kindOf(join(folder, first))?.format !== undefined;
}

function arraysOf(file: NumpyFile): ArrayFile {
  const arrayOf = (member: string) => file.arrays.find(({ name }) => name === member)!;
  let loaded: { readonly member: string; readonly values: Float32Array } | null = null;
  // Of an archive, the array that was read last.
  let stream: { readonly member: string; readonly is: ArrayStream } | null = null;
  const forget = () => {
    stream?.is.close();
    loaded = stream = null;
  };
  return {
    path: file.path,
    members: file.arrays.map(({ name, shape, type, values, isComplex }) => ({
      name,
      shape,
      type,
      sparse: false,
      isNumeric: values !== undefined,
      isComplex,
    })),
    notes: [],
    notesOn: (member) => roundingNote(arrayOf(member).values!),
    shapeOf: (member) => ({ shape: arrayOf(member).shape, chunks: null }),
    async read(member, start, count) {
      const array = arrayOf(member);
      const { shape, isFortran, isComplex } = array, parts = isComplex ? 2 : 1;
      const sizes = (axes: readonly number[]) => axes.reduce((product, size) => product * size, 1);
      const strides = shape.map((_, axis) => parts * sizes(isFortran ? shape.slice(0, axis) : shape.slice(axis + 1)));
      const from = start.reduce((sum, index, axis) => sum + index * strides[axis]!, 0);
      const span = parts + count.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 0);
      if (loaded?.member !== member) {
        loaded = null;
        const isWaste = span > WASTE_MAX * parts * sizes(count);
        if (file.isSeekable(member) && !isWaste) return { values: await file.part(array, from, span), strides };
        if (!isWaste && file.isPart(array, span)) {
          if (stream?.member !== member) {
            stream?.is.close();
            stream = { member, is: file.stream(array) };
          }
          return { values: await stream.is.part(from, span), strides };
        }
        forget();
        loaded = { member, values: await file.load(array) };
      }
      return { values: loaded.values.subarray(from, from + span), strides };
    },
    async number(member) {
      const found = file.arrays.find(({ name }) => name === member);
      const value = found && await file.single(found);
      return typeof value === "number" ? value : undefined;
    },
    texts: (member) => file.texts(arrayOf(member)),
    async singles() {
      const found = new Map<string, string>();
      for (const array of file.arrays) {
        const value = await file.single(array);
        if (value !== undefined) found.set(array.name, String(value));
      }
      return found;
    },
    forget,
    close: forget,
  };
}

/**
 * Arrays of HDF5 files: `data.member` is the path of one, or a pattern with `*` of several of one shape. `data.reader.axes`
 * says what each axis is; `data.reader.rate` the rate in Hz, or the path of an array or, behind `@`, the attribute that holds it.
 */
import { Hdf5File } from "../../formats/hdf5.ts";
import type { Hdf5Array } from "../../formats/hdf5_arrays.ts";
import { isHdf5 } from "../../formats/hdf5_library.ts";
import { roundingNote } from "../../formats/values.ts";
import { type ArrayFile, openArrays } from "./array_files.ts";
import type { OpenSource, ReaderOptions } from "./reader.ts";
import { textColumn } from "./hdf5_columns.ts";
import { requireHeld } from "./hdf5_rows.ts";
import { withPairs } from "./pairs.ts";
import { openElsewhere } from "./process_client.ts";
import { holdsRecords, type Together } from "./records.ts";

const FILES = { about: "HDF5 files", pattern: /\.(h5|hdf5?|uff|he5|nde)$/i, shown: ".h5, .hdf5" };

export const hdf5 = {
  together: true,
  format: "hdf5",
  about: "an HDF5 file",
  // MATLAB's files are HDF5 behind a text of their own.
  claims: (path, head) => head.length > 0 ? isHdf5(head) && !isMatlab(head) : holdsRecords(path, FILES, 0),
  open: (path, options) => openElsewhere("hdf5", path, options),
} as const satisfies Together;

export function openHdf5(path: string, options: ReaderOptions): Promise<OpenSource> {
  return openArrays(path, options, "hdf5", FILES, async (path) => withPairs(hdf5Arrays(await Hdf5File.open(path))));
}

const isMatlab = (head: Uint8Array) => new TextDecoder("latin1").decode(head.subarray(0, 6)) === "MATLAB";

/** How the arrays of a kind of HDF5 file are shown. */
export interface View {
  /** The type of an array in words, and whether it holds numbers; null where it is not shown at all. */
  seen(array: Hdf5Array): { readonly type: string; readonly isNumeric: boolean } | null;
  /** Whether axes are counted from the other end, as MATLAB does. */
  readonly reversed: boolean;
}

export const holdsNumbers = ({ values, complex }: Hdf5Array): boolean => values !== undefined || complex !== null;

const PLAIN_VIEW: View = {
  seen: (array) => ({ type: array.type, isNumeric: holdsNumbers(array) }),
  reversed: false,
};

export function hdf5Arrays(file: Hdf5File, { seen, reversed }: View = PLAIN_VIEW): ArrayFile {
  const shown = (sizes: readonly number[]) => reversed ? sizes.toReversed() : sizes;
  const arrays = new Map(file.arrays.map((array) => [array.path, array]));
  const { foreign } = file;
  return {
    path: file.path,
    members: file.arrays.flatMap((array) => {
      const about = seen(array);
      const { path: name, shape, complex } = array;
      return about === null
        ? []
        : [{ name, shape: shown(shape), sparse: false, isComplex: complex !== null, ...about }];
    }),
    notes: foreign.length === 0 ? [] : [`Links to other files are not followed: ${foreign.join(", ")}.`],
    notesOn: (member) => roundingNote(arrays.get(member)!.complex?.type ?? arrays.get(member)!.values!),
    shapeOf(member) {
      const array = arrays.get(member)!, { shape, chunks } = array;
      requireHeld(file, array);
      return { shape: shown(shape), chunks: chunks && shown(chunks) };
    },
    read(member, start, count) {
      const values = file.read(arrays.get(member)!, shown(start), shown(count));
      // The last axis of the file changes fastest.
      const stored = shown(count);
      const parts = arrays.get(member)!.complex ? 2 : 1;
      const strides = stored.map((_, axis) => stored.slice(axis + 1).reduce((product, size) => product * size, parts));
      return Promise.resolve({ values, strides: shown(strides) });
    },
    number: (member) => Promise.resolve(file.number(member)),
    texts: (member) => Promise.resolve(textColumn(file, arrays.get(member)!)),
    attribute: (owner, name) => file.attribute(owner, name),
    close: () => file.close(),
  };
}

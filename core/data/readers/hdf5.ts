/**
 * Arrays of HDF5 files: `data.member` is the path of one, or a pattern with `*` of several of one shape. `data.reader.axes`
 * says what each axis is; `data.reader.rate` the rate in Hz, or the path of an array or, behind `@`, the attribute that holds it.
 */
import { UserError } from "../../errors.ts";
import { type Hdf5Array, Hdf5File, isHdf5 } from "../../formats/hdf5.ts";
import { roundingNote } from "../../formats/values.ts";
import { type ArrayPart, arraySource } from "./arrays.ts";
import { axesOf } from "./axes.ts";
import { chosen } from "./members.ts";
import type { Member, OpenSource, ReaderOptions } from "./reader.ts";
import { holdsRecords, PLAIN, recordFiles, type Together } from "./records.ts";
import { Settings } from "./settings.ts";
import { windowsOf } from "./windows.ts";

const FILES = { about: "HDF5 files", pattern: /\.(h5|hdf5?|uff|he5|nde)$/i, shown: ".h5, .hdf5" };

export const hdf5 = {
  together: true,
  format: "hdf5",
  about: "an HDF5 file",
  claims: (path, head) => head.length > 0 ? isHdf5(head) : holdsRecords(path, FILES, 0),
  open: (path, options) => openHdf5(path, options, "hdf5"),
} as const satisfies Together;

const FILES_OPEN_MAX = 64;

/** How the arrays of a kind of HDF5 file are shown. */
export interface View {
  /** Arrays that are listed. */
  shown(arrays: readonly Hdf5Array[], file: Hdf5File): readonly Hdf5Array[];
  /** Whether axes are counted from the other end, as MATLAB does. */
  readonly reversed: boolean;
  /** The type of an array, in words. */
  typeOf(array: Hdf5Array, file: Hdf5File): string;
}

const PLAIN_VIEW: View = { shown: (arrays) => arrays, reversed: false, typeOf: ({ type }) => type };

/** Opens one file, a folder or a glob. @param format for messages */
export async function openHdf5(
  path: string,
  options: ReaderOptions,
  format: string,
  view = PLAIN_VIEW,
  kind = FILES,
): Promise<OpenSource> {
  const settings = new Settings(options, format);
  const axes = axesOf(settings);
  const windows = windowsOf(settings);
  const rate = settings.numberOrText("rate");
  settings.finish();
  const { files, notes } = recordFiles(path, kind);
  const open = new OpenFiles();
  try {
    const parts: ArrayPart[] = [], types = new Set<Hdf5Array["values"]>();
    let members: readonly Member[] = [];
    for (const { path, name } of files) {
      const file = await open.at(path);
      const arrays = view.shown(file.arrays, file);
      const listed = arrays.map((array) => memberOf(array, file, view));
      if (members.length === 0) members = listed;
      for (const member of chosen(path, listed, options.member)) {
        const array = arrays.find((each) => each.path === member)!;
        types.add(array.values);
        parts.push(partOf(() => open.at(path), array, nameOf(name, member), view));
      }
    }
    const source = arraySource(path, parts, axes, windows);
    const first = await open.at(files[0]!.path);
    return {
      ...PLAIN,
      ...source,
      rate: rateOf(first, parts, rate),
      members,
      notes: [
        ...notes,
        ...foreignNotes(first),
        ...source.notes,
        ...[...types].flatMap((type) => roundingNote(type!)),
      ],
      close: () => open.close(),
    };
  } catch (error) {
    open.close();
    throw error;
  }

  function nameOf(file: string, member: string): string {
    if (files.length === 1) return member;
    return options.member === undefined || !/[*?]/.test(options.member) ? file : `${file}/${member}`;
  }
}

const foreignNotes = ({ foreign }: Hdf5File) =>
  foreign.length === 0 ? [] : [`Links to other files are not followed: ${foreign.join(", ")}.`];

function memberOf(
  array: Hdf5Array,
  file: Hdf5File,
  { reversed, typeOf }: View,
): Member & { readonly isNumeric: boolean } {
  const shape = reversed ? array.shape.toReversed() : array.shape;
  return { name: array.path, shape, type: typeOf(array, file), sparse: false, isNumeric: array.values !== undefined };
}

/** Files stay open, the ones that were read last. */
class OpenFiles {
  readonly #files = new Map<string, Hdf5File>();

  async at(path: string): Promise<Hdf5File> {
    const found = this.#files.get(path);
    if (found !== undefined) return found;
    const [oldest] = this.#files;
    if (this.#files.size >= FILES_OPEN_MAX && oldest !== undefined) {
      oldest[1].close();
      this.#files.delete(oldest[0]);
    }
    const file = await Hdf5File.open(path);
    this.#files.set(path, file);
    return file;
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }
}

function partOf(file: () => Promise<Hdf5File>, array: Hdf5Array, name: string, { reversed }: View): ArrayPart {
  const shown = (sizes: readonly number[]) => reversed ? sizes.toReversed() : sizes;
  return {
    name,
    shape: shown(array.shape),
    chunks: array.chunks && shown(array.chunks),
    async read(start, count) {
      const values = (await file()).read(array, shown(start), shown(count));
      // The last axis of the file changes fastest.
      const stored = shown(count);
      const strides = stored.map((_, axis) => stored.slice(axis + 1).reduce((product, size) => product * size, 1));
      return { values, strides: shown(strides) };
    },
  };
}

/** The rate in Hz that is given as a number, or found where the text says. */
function rateOf(file: Hdf5File, parts: readonly ArrayPart[], rate: number | string | undefined): number | undefined {
  if (typeof rate !== "string") return rate;
  const [path = "", attribute] = rate.split("@");
  const plain = path.replace(/^\/+/, "");
  const found = attribute === undefined ? file.number(plain) : file.attribute(plain, attribute);
  if (found !== undefined && found > 0 && found < Infinity) return found;
  const what = attribute === undefined
    ? `an array of one number at ${path}`
    : `an attribute ${attribute} of ${path || "/"}`;
  throw new UserError(
    "data.reader.rate",
    found === undefined ? `${file.path} has no ${what.replace(/^an? /, "")}` : `${what} is ${found}, not a rate in Hz`,
    `name it as PATH or as PATH@ATTRIBUTE, or give the number of Hz (${parts[0]!.name} is read)`,
  );
}

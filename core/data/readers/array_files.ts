/** Files of named arrays as one source: which arrays are read, what their axes are, and at what rate. */
import { MalformedError, UserError } from "../../errors.ts";
import { type ArrayPart, arraySource, type Numbers } from "./arrays.ts";
import { listsOf } from "./array_lists.ts";
import { axesOf } from "./axes.ts";
import { type Layout, layoutOf } from "./layouts.ts";
import { chosen, type Listed } from "./members.ts";
import { type Member, OpenChoice, type OpenSource, type ReaderOptions } from "./reader.ts";
import { type Kind, PLAIN, type RecordFile, recordFiles } from "./records.ts";
import { Settings } from "./settings.ts";
import { windowsOf } from "./windows.ts";

/** A file that is open. */
export interface ArrayFile {
  readonly path: string;
  readonly members: readonly Listed[];
  readonly notes: readonly string[];
  /** What converting the values of a member did; none where nothing was lost. */
  notesOn(member: string): readonly string[];
  /** Shapes and chunks as the kind of file shows them. */
  shapeOf(member: string): Pick<ArrayPart, "shape" | "chunks">;
  /** Of complex numbers both parts, whatever `data.reader.complex` says. */
  read(member: string, ...part: Parameters<ArrayPart["read"]>): ReturnType<ArrayPart["read"]>;
  /** The only value of an array; undefined where there is no such array. */
  number(member: string): Promise<number | undefined>;
  /** @param owner "" for the file itself; undefined where files of this kind have no attributes */
  attribute?(owner: string, name: string): number | undefined;
  /** The texts of an array of text, null where it has not one axis; undefined where files of this kind have none that are read. */
  texts?(member: string): Promise<readonly string[] | null>;
  /** Single values of a file, as text by name: what a record was measured with. */
  singles?(): Promise<ReadonlyMap<string, string>>;
  /** Gives back the memory of what was read last. */
  forget?(): void;
  close(): void;
}

const FILES_OPEN_MAX = 64;

/** Files stay open, the ones that were opened last. */
class OpenFiles {
  readonly #files = new Map<string, ArrayFile>();
  #last: ArrayFile | undefined;

  constructor(private readonly open: (path: string) => Promise<ArrayFile>) {}

  async at(path: string): Promise<ArrayFile> {
    const found = this.#files.get(path);
    if (found !== this.#last) this.#last?.forget?.();
    this.#last = found;
    if (found !== undefined) return found;
    const [oldest] = this.#files;
    if (this.#files.size >= FILES_OPEN_MAX && oldest !== undefined) {
      oldest[1].close();
      this.#files.delete(oldest[0]);
    }
    const file = await this.open(path);
    this.#files.set(path, file);
    return this.#last = file;
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }
}

/** What complex numbers become. */
const COMPLEX = ["channels", "real", "imag", "abs"] as const;
type Complex = (typeof COMPLEX)[number];

/** Values of complex numbers that are one number each: a part of them, or their magnitude. */
function oneOf(as: Exclude<Complex, "channels">, { values, strides }: Numbers): Numbers {
  if (as === "real") return { values, strides };
  if (as === "imag") return { values: values.subarray(1), strides };
  const magnitudes = Float32Array.from(
    { length: Math.floor(values.length / 2) },
    (_, i) => Math.hypot(values[2 * i]!, values[2 * i + 1]!),
  );
  return { values: magnitudes, strides: strides.map((stride) => stride / 2) };
}

const TOLD = {
  channels: "each channel became two, of real and of imaginary parts; data.reader.complex says otherwise",
  real: "their real parts are read",
  imag: "their imaginary parts are read",
  abs: "their magnitudes are read",
} as const satisfies Record<Complex, string>;

/** Whether the arrays that were chosen hold complex numbers. @throws {UserError} where some do and others do not */
function areComplex(path: string, members: readonly Listed[], names: readonly string[]): boolean {
  const [first, ...others] = names.map((name) => members.find((member) => member.name === name)!) as [Listed];
  const other = (others as Listed[]).find(({ isComplex }) => (isComplex ?? false) !== (first.isComplex ?? false));
  if (other === undefined) return first.isComplex ?? false;
  const [complex, real] = first.isComplex ? [first, other] : [other, first];
  throw new UserError(path, `${complex.name} holds complex numbers, ${real.name} real ones`, "name arrays of one kind");
}

/**
 * Opens one file, a folder or a glob, with the settings `axes`, `window`, `hop`, `until`, `complex`, and `rate` or `interval`. Where its
 * layout is a published one, what the user does not say is what the layout says.
 */
export async function openArrays(
  path: string,
  options: ReaderOptions,
  format: string,
  kind: Kind,
  openFile: (path: string) => Promise<ArrayFile>,
): Promise<OpenSource> {
  const { files, notes } = recordFiles(path, kind);
  const open = new OpenFiles(openFile);
  try {
    const layout = await layoutOf(format, await open.at(files[0]!.path));
    const concluded = layout && byLayout(layout, options);
    const source = await openAll(path, { ...options, ...concluded }, format, files, open);
    const about = concluded ? [`The layout is ${layout!.about}; data.member and data.reader say otherwise.`] : [];
    return { ...source, ...concluded ? { concluded } : {}, notes: [...notes, ...about, ...source.notes] };
  } catch (error) {
    open.close();
    throw error;
  }
}

/** What a layout says where the user does not; null where the user named another array, or its axes. */
function byLayout(
  layout: Layout,
  { member = layout.member, settings = {} }: ReaderOptions,
): OpenSource["concluded"] | null {
  if (member !== layout.member || settings.axes !== undefined) return null;
  // A rate and an interval exclude each other.
  const { rate, interval, ...others } = layout.settings;
  const times = settings.rate === undefined && settings.interval === undefined ? { rate, interval } : {};
  const said = Object.entries({ ...others, ...times }).filter(([, value]) => value !== undefined);
  return { member, settings: { ...Object.fromEntries(said), ...settings } };
}

async function openAll(
  path: string,
  options: ReaderOptions,
  format: string,
  files: readonly RecordFile[],
  open: OpenFiles,
): Promise<OpenSource> {
  const settings = new Settings(options, format);
  const axes = axesOf(settings);
  const windows = windowsOf(settings);
  const rate = settings.numberOrText("rate"), interval = settings.numberOrText("interval");
  if (rate !== undefined && interval !== undefined) {
    throw settings.refuse("interval", "and rate exclude each other", "the rate is 1 / interval; set one of them");
  }
  const complex = settings.word("complex", COMPLEX);
  settings.finish();
  const isPattern = options.member !== undefined && /[*?[{]/.test(options.member);
  let looked: readonly Member[] | null = null;
  try {
    const parts: ArrayPart[] = [], converted = new Set<string>();
    const singles = new Map<string, ReadonlyMap<string, string>>();
    for (const { path, name } of files) {
      const file = await open.at(path);
      looked ??= shownOf(file);
      const names = chosen(path, file.members, options.member);
      const isComplex = areComplex(path, file.members, names);
      if (complex !== undefined && !isComplex) {
        throw settings.refuse("complex", `is ${complex}, but ${names[0]} of ${path} holds real numbers`, "remove it");
      }
      const as = complex ?? "channels";
      if (isComplex) converted.add(`Values are complex: ${TOLD[as]}.`);
      for (const member of names) {
        for (const note of file.notesOn(member)) converted.add(note);
        parts.push({
          name: files.length === 1 ? member : isPattern ? `${name}/${member}` : name,
          ...file.shapeOf(member),
          type: file.members.find(({ name }) => name === member)!.type,
          isComplex: isComplex && as === "channels",
          read: async (start, count) => {
            const numbers = await (await open.at(path)).read(member, start, count);
            return isComplex && as !== "channels" ? oneOf(as, numbers) : numbers;
          },
        });
        if (files.length > 1 && file.singles) singles.set(parts.at(-1)!.name, await file.singles());
      }
    }
    const first = await open.at(files[0]!.path);
    const source = arraySource(path, parts, axes, windows);
    const lists = parts.length > 1 || windows ? [] : await listsOf(first, source.rows, parts[0]!.name);
    return {
      ...PLAIN,
      ...source,
      rowTables: new Map([...source.rowTables, ...singlesTables(source, parts, singles), ...lists]),
      rate: interval === undefined
        ? await numberIn(first, "rate", "a rate in Hz", rate)
        : 1 / (await numberIn(first, "interval", "a time in seconds", interval))!,
      members: looked!,
      notes: [...first.notes, ...source.notes, ...converted],
      close: () => open.close(),
    };
  } catch (error) {
    const isChoice = error instanceof UserError && !(error instanceof MalformedError) && looked !== null;
    throw isChoice ? new OpenChoice(error, looked!) : error;
  }
}

/** The arrays of a file that are shown. */
const shownOf = ({ members }: ArrayFile): Member[] =>
  members.filter(({ isPart }) => !isPart).map(({ name, shape, type, sparse }) => ({ name, shape, type, sparse }));

/** The single values that every file has, as a table of the rows. */
function singlesTables(
  { rows, rowTables }: Pick<OpenSource, "rows" | "rowTables">,
  parts: readonly ArrayPart[],
  singles: ReadonlyMap<string, ReadonlyMap<string, string>>,
): Map<string, readonly string[]> {
  const [first] = singles.values();
  // Which part a row is of; records that were cut are named `PART` or `PART#ROW`.
  const owners = rowTables.get("part") ?? rowTables.get("file")?.map((name) => name.replace(/#\d+$/, "")) ??
    (rows === parts.length ? parts.map(({ name }) => name) : null);
  if (first === undefined || owners === null) return new Map();
  const names = [...first.keys()].filter((name) => [...singles.values()].every((values) => values.has(name)));
  return new Map(names.map((name) => [name, owners.map((owner) => singles.get(owner)!.get(name)!)]));
}

/** What numbers in other units than Hz and seconds are multiplied by. */
const UNITS: Readonly<Record<string, number>> = { "": 1, kHz: 1e3, MHz: 1e6, ms: 1e-3, us: 1e-6 };

/** A positive number of a setting that is given, or found where the text says. @param meant "a rate in Hz" */
async function numberIn(
  file: ArrayFile,
  setting: string,
  meant: string,
  given: number | string | undefined,
): Promise<number | undefined> {
  if (typeof given !== "string") return given;
  const [, where = given, unit] = /^(.*\S) +(kHz|MHz|ms|us)$/.exec(given) ?? [];
  const [path = "", attribute] = where.split("@");
  const plain = path.replace(/^\/+/, "");
  const found = attribute === undefined ? await file.number(plain) : file.attribute?.(plain, attribute);
  if (found !== undefined && found > 0 && found < Infinity) return found * UNITS[unit ?? ""]!;
  const what = attribute === undefined ? `array of one number ${path}` : `attribute ${attribute} of ${path || "/"}`;
  throw new UserError(
    `data.reader.${setting}`,
    found === undefined ? `${file.path} has no ${what}` : `the ${what} is ${found}, not ${meant}`,
    `name it as PATH${file.attribute ? " or as PATH@ATTRIBUTE" : ""}, or give the number`,
  );
}

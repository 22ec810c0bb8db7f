/**
 * Raw values without a header, of which the config says what they are: the type, the byte order and the shape of a row.
 * A `.bins` file of ML-NDT (https://github.com/iikka-v/ML-NDT) has a `.meta` beside it which says so, such as
 * `UInt16, 256 x 256 x 100`: the first size changes fastest, the last one counts the rows.
 */
import { basename } from "@std/path";
import { UserError } from "../../errors.ts";
import { countText } from "../../figures.ts";
import { InputFile, isFile, readTextSync } from "../../formats/file.ts";
import {
  type ByteOrder,
  roundingNote,
  toNumbers,
  VALUE_TYPES,
  valueBytes,
  type ValueType,
} from "../../formats/values.ts";
import { byChannel } from "../../formats/wav.ts";
import { LastFile } from "./open_files.ts";
import type { Block, OpenSource, ReaderOptions } from "./reader.ts";
import {
  checkRow,
  classTable,
  fileTable,
  PLAIN,
  recordFiles,
  rowNamesOf,
  rowsOfBlock,
  type Together,
} from "./records.ts";
import { refuseMember, Settings } from "./settings.ts";
import { signalSource, type Windows, windowsOf } from "./windows.ts";

const RAW = {
  about: "files of raw values",
  pattern: /\.(bins?|raw|dat|pcm|iq|rf|[iuf](8|16|32|64))$/i,
  shown: ".bin, .raw, .dat and the like; a glob takes others",
};
const META_BYTES_MAX = 10_000;

export const binary = {
  together: true,
  format: "binary",
  about: "raw values",
  claims: (path, head) => head.length > 0 && metaOf(path) !== null,
  open: openBinary,
} as const satisfies Together;

interface Layout {
  readonly type: ValueType;
  readonly order: ByteOrder;
  /** Bytes before the first value. */
  readonly skip: number;
  readonly rate?: number;
}

interface RawFile {
  readonly path: string;
  readonly name: string;
  /** Values of the file. */
  readonly values: number;
}

async function openBinary(path: string, options: ReaderOptions): Promise<OpenSource> {
  refuseMember(options, "a file of raw values");
  const settings = new Settings(options, "binary");
  const type = settings.word("type", VALUE_TYPES);
  const order = settings.word("byte_order", ["little", "big"]);
  const skip = settings.whole("skip", 0);
  const rate = settings.positive("rate");
  const shape = settings.sizes("shape", "[1, 1024] (channels, samples)");
  const channels = settings.whole("channels", 1, 4096);
  const windows = windowsOf(settings);
  settings.finish();
  if (shape !== undefined && (windows !== undefined || channels !== undefined)) {
    const other = windows === undefined ? "channels" : "window";
    throw settings.refuse(
      "shape",
      `and ${other} exclude each other`,
      "shape: rows lie one after another; window: they are cut",
    );
  }
  const { files: found, notes } = recordFiles(path, RAW);
  const meta = metaOf(found[0]!.path);
  if (type === undefined && meta === null) {
    throw settings.refuse(
      "type",
      "is not set: raw values do not say what they are",
      `set it to one of ${VALUE_TYPES.join(", ")}`,
    );
  }
  const layout: Layout = { type: type ?? meta!.type, order: order ?? "little", skip: skip ?? 0, rate };
  const files: RawFile[] = [];
  for (const { path, name } of found) files.push({ path, name, values: await valuesOf(path, layout) });
  const given = shape ??
    (type === undefined && windows === undefined && channels === undefined ? meta!.shape : undefined);
  const source = given
    ? rowsSource(path, files, layout, given)
    : recordsSource(path, files, layout, channels ?? 1, windows);
  const from = type === undefined ? [`Type and shape are those of ${meta!.name}.`] : [];
  return { ...PLAIN, ...source, rate, notes: [...notes, ...from, ...roundingNote(layout.type), ...source.notes ?? []] };
}

/** The number of values of a file, which must be whole. */
async function valuesOf(path: string, { type, skip }: Layout): Promise<number> {
  using file = await InputFile.open(path);
  const bytes = file.size - skip;
  if (bytes <= 0) {
    throw new UserError(
      path,
      `has ${countText(file.size)} bytes, data.reader.skip is ${countText(skip)}: nothing is left`,
    );
  }
  const rest = bytes % valueBytes(type);
  if (rest !== 0) throw remainder(path, file.size, skip, `values of ${type} (${valueBytes(type)} bytes)`, rest);
  return bytes / valueBytes(type);
}

function remainder(path: string, size: number, skip: number, what: string, rest: number): UserError {
  const after = skip > 0 ? ` behind the first ${countText(skip)}` : "";
  return new UserError(
    path,
    `its ${countText(size)} bytes${after} are no whole number of ${what}: ${
      rest === 1 ? "1 byte is" : `${countText(rest)} bytes are`
    } left over`,
    "check data.reader: type, shape and skip",
  );
}

type Part = Partial<OpenSource> & Pick<OpenSource, "rows" | "columns" | "read" | "close">;

/** Rows of one shape, one after another. */
function rowsSource(where: string, files: readonly RawFile[], layout: Layout, given: readonly number[]): Part {
  const { type, skip } = layout;
  const columns = given.reduce((product, size) => product * size, 1);
  checkRow(where, columns);
  for (const { path, values } of files) {
    const rest = values % columns;
    if (rest === 0) continue;
    const bytes = valueBytes(type);
    throw remainder(path, values * bytes + skip, skip, `rows of ${given.join(" x ")} values of ${type}`, rest * bytes);
  }
  const rowsOf = (i: number) => files[i]!.values / columns;
  const rowNames = rowNamesOf(files, rowsOf);
  return {
    rows: rowNames.length,
    columns,
    shape: given.length === 1 ? [1, ...given] : given,
    rowNames,
    rowTables: new Map([...classTable(rowNames), ...fileTable(files, rowsOf)]),
    ...layout.order === "little"
      ? { places: files.map(({ path }, i) => ({ path, offset: skip, rows: rowsOf(i), type })) }
      : {},
    read: (blockRows) => blocks(files, layout, columns, blockRows),
    close: () => {},
  };
}

async function* blocks(
  files: readonly RawFile[],
  layout: Layout,
  columns: number,
  blockRows: number,
): AsyncGenerator<Block> {
  const most = rowsOfBlock(blockRows, columns);
  for (const { path, values: all } of files) {
    using file = await InputFile.open(path);
    for (let from = 0; from < all / columns; from += most) {
      const rows = Math.min(most, all / columns - from);
      yield { rows, values: await read(file, layout, from * columns, rows * columns) };
    }
  }
}

async function read(
  file: InputFile,
  { type, order, skip }: Layout,
  from: number,
  count: number,
): Promise<Float32Array> {
  const bytes = new Uint8Array(count * valueBytes(type));
  await file.readAt(skip + from * valueBytes(type), bytes);
  const values = new Float32Array(count);
  toNumbers(type, order, bytes, values);
  return values;
}

/** Each file is a record, with the values of all channels beside each other. */
function recordsSource(
  where: string,
  files: readonly RawFile[],
  layout: Layout,
  channels: number,
  windows: Windows | undefined,
): Part {
  for (const { path, values } of files) {
    const rest = values % channels;
    if (rest === 0) continue;
    const bytes = valueBytes(layout.type);
    const what = `samples of ${channels} channels of ${layout.type}`;
    throw remainder(path, values * bytes + layout.skip, layout.skip, what, rest * bytes);
  }
  const last = new LastFile();
  const records = files.map(({ name, values }) => ({ name, samples: values / channels }));
  const samples = async (record: number, from: number, count: number) => {
    const file = await last.at(files[record]!.path);
    const values = await read(file, layout, from * channels, count * channels);
    return channels === 1 ? values : byChannel(values, channels, count);
  };
  return { ...signalSource(where, { records, channels, read: samples }, windows), close: () => last.close() };
}

interface Meta {
  readonly type: ValueType;
  /** Of a row. */
  readonly shape: readonly number[];
  readonly name: string;
}

/** What the `.meta` beside a `.bins` file says; null where there is none that says so. */
function metaOf(path: string): Meta | null {
  if (!/\.bins$/i.test(path)) return null;
  const beside = path.replace(/\.bins$/i, ".meta");
  if (!isFile(beside)) return null;
  const text = readTextSync(beside, META_BYTES_MAX).trim();
  const [, name, sizes] = /^(U?Int(?:8|16|32|64)|Float(?:32|64)), *(\d{1,9}(?: x \d{1,9})+)$/.exec(text) ?? [];
  if (name === undefined) return null;
  const all = sizes!.split(" x ").map(Number);
  // A picture of one channel: its lines are the sizes that change more slowly.
  return { type: name.toLowerCase() as ValueType, shape: [1, ...all.slice(0, -1).reverse()], name: basename(beside) };
}

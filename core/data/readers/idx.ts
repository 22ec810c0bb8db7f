/**
 * IDX files, as MNIST and Fashion-MNIST come, plain or gzip: two zero bytes, a type, the number of dimensions, the
 * dimensions (32 bits, most significant byte first), and the values. A file of labels beside it is the row table `label`.
 */
import { basename, dirname, join } from "@std/path";
import { constants, gunzipSync } from "node:zlib";
import { MalformedError, UserError } from "../../errors.ts";
import { countText } from "../../figures.ts";
import { ByteStream, isGzipHead } from "../../formats/byte_stream.ts";
import { isFile } from "../../formats/file.ts";
import { roundingNote, toNumbers, valueBytes, type ValueType } from "../../formats/values.ts";
import { someNames } from "../../missing.ts";
import type { Block, OpenSource, ReaderOptions } from "./reader.ts";
import {
  checkRow,
  fileTable,
  holdsRecords,
  PLAIN,
  type RecordFile,
  recordFiles,
  rowsOfBlock,
  type Together,
} from "./records.ts";
import { refuseMember, requireNoSettings } from "./settings.ts";

const IDX = {
  about: "IDX files",
  pattern: /(idx\d[-.]u?byte|\.idx\d?)(\.gz)?$/i,
  shown: "such as train-images-idx3-ubyte.gz",
};
const TYPES: Readonly<Record<number, ValueType>> = {
  0x08: "uint8",
  0x09: "int8",
  0x0b: "int16",
  0x0c: "int32",
  0x0d: "float32",
  0x0e: "float64",
};
const DIMENSIONS_MAX = 5;
/** Bytes that Deflate makes of one, at most. */
const DEFLATE_MAX = 1032;
/** Labels are held in memory, as are the names of rows. */
const LABELS_MAX = 100_000_000;

export const idx = {
  together: true,
  format: "idx",
  about: "an IDX file",
  claims: (path, head) => head.length > 0 ? isIdx(head) : holdsRecords(path, IDX, 0),
  open: openIdx,
} as const satisfies Together;

function isIdx(head: Uint8Array): boolean {
  let bytes = head;
  if (isGzipHead(head)) {
    try {
      bytes = gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1 << 24 });
    } catch {
      return false;
    }
  }
  return bytes[0] === 0 && bytes[1] === 0 && Object.hasOwn(TYPES, bytes[2]!) && bytes[3]! >= 1 &&
    bytes[3]! <= DIMENSIONS_MAX;
}

interface Header {
  readonly type: ValueType;
  readonly shape: readonly number[];
}

async function readHeader(stream: ByteStream): Promise<Header> {
  const bad = (what: string) => new MalformedError(stream.path, what);
  const magic = new Uint8Array(4);
  if (await stream.read(magic) < 4) throw bad("the file ends within its header");
  const [zero, also, code, dimensions] = magic;
  const type = TYPES[code!];
  if (zero !== 0 || also !== 0 || type === undefined) {
    throw bad(`is not an IDX file: it begins with the bytes ${[...magic].join(", ")}`);
  }
  if (dimensions! < 1 || dimensions! > DIMENSIONS_MAX) throw bad(`claims ${dimensions} dimensions`);
  const sizes = new Uint8Array(4 * dimensions!);
  if (await stream.read(sizes) < sizes.length) throw bad("the file ends within its header");
  const view = new DataView(sizes.buffer);
  const shape = Array.from({ length: dimensions! }, (_, i) => view.getUint32(4 * i));
  const bytes = shape.reduce((product, size) => product * size, valueBytes(type));
  if (!(bytes > 0 && bytes <= Number.MAX_SAFE_INTEGER)) throw bad(`claims a shape of ${shape.join(" x ")}`);
  const { size } = await Deno.stat(stream.path);
  if (stream.isGzip) {
    if (bytes > DEFLATE_MAX * size) throw bad(`claims ${shape.join(" x ")}, more than its ${size} bytes can hold`);
  } else {
    const held = size - 4 - sizes.length;
    if (held !== bytes) throw bad(`${shape.join(" x ")} of ${type} needs ${bytes} bytes, the file holds ${held}`);
  }
  return { type, shape };
}

interface IdxFile extends RecordFile, Header {
  readonly labels: readonly string[] | null;
  readonly labelsFrom: string;
}

async function openIdx(path: string, options: ReaderOptions): Promise<OpenSource> {
  refuseMember(options, "an IDX file");
  requireNoSettings(options, "idx");
  const { files: found, notes } = recordFiles(path, IDX);
  const files: IdxFile[] = [];
  for (const file of found) {
    using stream = await ByteStream.open(file.path);
    const header = await readHeader(stream);
    if (header.shape.length > 1) files.push({ ...file, ...header, ...await labelsBeside(file.path, header.shape[0]!) });
  }
  const [first] = files;
  if (first === undefined) {
    const hint = "name the file of the pictures, such as train-images-idx3-ubyte.gz";
    throw new UserError(path, "holds one number a row: these are labels, not data to train on", hint);
  }
  const shape = first.shape.slice(1);
  for (const file of files) {
    if (file.type === first.type && file.shape.slice(1).join() === shape.join()) continue;
    const [own, other] = [file, first].map((each) => `${each.shape.slice(1).join(" x ")} of ${each.type}`);
    throw new UserError(file.path, `its rows are ${own}, those of ${first.name} ${other}`, "name files of one kind");
  }
  const columns = shape.reduce((product, size) => product * size, 1);
  checkRow(first.path, columns);
  return {
    ...PLAIN,
    rows: files.reduce((rows, { shape }) => rows + shape[0]!, 0),
    columns,
    // Pictures of height x width have one channel.
    shape: shape.length === 1 ? undefined : shape.length === 2 ? [1, ...shape] : shape,
    rowTables: new Map([...fileTable(files, (i) => files[i]!.shape[0]!), ...labelTable(files)]),
    notes: [
      ...notes,
      ...first.type === "uint8" ? ["Values of 8 bits were scaled to 0 to 1."] : roundingNote(first.type),
      ...files.flatMap(({ labels, labelsFrom, name }) =>
        labels ? [`Labels of ${name} are those of ${labelsFrom}.`] : []
      ),
    ],
    read: (blockRows) => blocks(files, columns, blockRows),
    close: () => {},
  };
}

/** Labels are a table where every file has some. */
function labelTable(files: readonly IdxFile[]): Map<string, readonly string[]> {
  const all = files.flatMap(({ labels }) => labels ? [labels] : []);
  return all.length === files.length ? new Map([["label", all.flat()]]) : new Map();
}

/** The labels of train-images-idx3-ubyte.gz are in train-labels-idx1-ubyte.gz. */
async function labelsBeside(path: string, rows: number): Promise<Pick<IdxFile, "labels" | "labelsFrom">> {
  const none = { labels: null, labelsFrom: "" };
  const plain = basename(path).replace(/\.gz$/i, "");
  const named = plain.replace(/images?/i, "labels").replace(/idx\d/i, "idx1");
  if (named === plain) return none;
  const beside = [named, `${named}.gz`].map((name) => join(dirname(path), name)).find(isFile);
  if (beside === undefined) return none;
  using stream = await ByteStream.open(beside);
  const { type, shape } = await readHeader(stream);
  if (shape.length !== 1 || shape[0] !== rows) {
    const what = `holds ${shape.map(countText).join(" x ")} labels for the ${countText(rows)} rows of ${
      basename(path)
    }`;
    throw new UserError(
      beside,
      what,
      `move it away, or name the files that belong together (${someNames([plain, named])})`,
    );
  }
  if (rows > LABELS_MAX) throw new UserError(beside, `${countText(rows)} labels are more than are held in memory`);
  const bytes = new Uint8Array(rows * valueBytes(type));
  await filled(stream, bytes);
  const values = new Float32Array(rows);
  toNumbers(type, "big", bytes, values);
  return { labels: Array.from(values, String), labelsFrom: basename(beside) };
}

async function filled(stream: ByteStream, into: Uint8Array): Promise<void> {
  const count = await stream.read(into);
  if (count < into.length) throw new MalformedError(stream.path, "the file ends before its last row");
}

async function* blocks(files: readonly IdxFile[], columns: number, blockRows: number): AsyncGenerator<Block> {
  const most = rowsOfBlock(blockRows, columns);
  for (const { path, type, shape: [all = 0] } of files) {
    using stream = await ByteStream.open(path);
    await readHeader(stream);
    for (let from = 0; from < all; from += most) {
      const rows = Math.min(most, all - from);
      const bytes = new Uint8Array(rows * columns * valueBytes(type));
      await filled(stream, bytes);
      const values = new Float32Array(rows * columns);
      toNumbers(type, "big", bytes, values);
      if (type === "uint8") { for (let i = 0; i < values.length; i++) values[i]! /= 255; }
      yield { rows, values };
    }
    if (await stream.read(new Uint8Array(1)) > 0) {
      throw new MalformedError(path, "the file goes on behind its last row");
    }
  }
}

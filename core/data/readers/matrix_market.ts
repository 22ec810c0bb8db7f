/** Matrix Market files (`.mtx`, `.mtx.gz`), as scipy.io.mmwrite and R's writeMM make them. */
import { basename } from "@std/path";
import { isGzip } from "./bytes.ts";
import { matrixRows } from "./matrix_rows.ts";
import { readHeader } from "./matrix_text.ts";
import type { Reader } from "./reader.ts";
import { refuseMember, Settings } from "./settings.ts";

const MAGIC = new TextEncoder().encode("%%MatrixMarket");

export const begins = (bytes: Uint8Array, magic: Uint8Array): boolean => magic.every((byte, at) => bytes[at] === byte);

export const matrixMarket: Reader = {
  format: "mtx",
  about: "a Matrix Market file",
  claims: (path, head) => begins(head, MAGIC) || (isGzip(head) && /\.mtx\.gz$/i.test(path)),
  async open(path, options) {
    refuseMember(options, "a Matrix Market file");
    const settings = new Settings(options, "mtx");
    const transpose = settings.flag("transpose");
    settings.finish();
    const header = await readHeader(path);
    return {
      rows: transpose ? header.columns : header.rows,
      columns: transpose ? header.rows : header.columns,
      sparse: true,
      rowNames: null,
      columnNames: null,
      rowTables: new Map(),
      members: [{
        name: basename(path),
        shape: [header.rows, header.columns],
        type: header.type,
        sparse: !header.isArray,
      }],
      notes: [
        transpose
          ? "a column of the file is a row of the data (data.reader.transpose)"
          : "a row of the file is a row of the data; data: {reader: {transpose: true}} makes it a column",
      ],
      read: (blockRows) => matrixRows(path, header, { ...options, transposed: transpose }, blockRows),
      close: () => {},
    };
  },
};

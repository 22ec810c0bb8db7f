/** Matrix Market files (`.mtx`, `.mtx.gz`), as scipy.io.mmwrite and R's writeMM make them. */
import { z } from "zod";
import { basename } from "@std/path";
import { isGzip } from "./bytes.ts";
import { matrixRows } from "./matrix_rows.ts";
import { readHeader } from "./matrix_text.ts";
import type { Reader } from "./reader.ts";
import { requireNoMember, settingsOf } from "./reader_settings.ts";

const SETTINGS = z.strictObject({ transpose: z.boolean().default(false) });

const MAGIC = new TextEncoder().encode("%%MatrixMarket");

export const begins = (bytes: Uint8Array, magic: Uint8Array): boolean => magic.every((byte, at) => bytes[at] === byte);

export const matrixMarket: Reader = {
  format: "mtx",
  about: "a Matrix Market file",
  claims: (path, head) => begins(head, MAGIC) || (isGzip(head) && /\.mtx\.gz$/i.test(path)),
  async open(path, options) {
    requireNoMember("mtx", options);
    const { transpose } = settingsOf("mtx", SETTINGS, options);
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

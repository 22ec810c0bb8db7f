/** Answers of the user's own diagnostics as files of the run folder: what they may hold, read back and bounded. */
import { DecodeError, type Decoder, list, number, object, oneOf, optional, text } from "../runs/decode.ts";
import { isRecord } from "../formats/json.ts";
import type { Picture } from "./drawing.ts";
import { BARS_MAX, COLUMNS_MAX, NAME_MAX, PARTS_MAX, PNG_BYTES_MAX, PNG_SIDE_MAX } from "./own_limits.ts";
import { POINTS_MAX, ROWS_MAX, SERIES_MAX, TEXT_MAX } from "./own_limits.ts";

export interface OwnTable {
  readonly kind: "table";
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

export interface OwnChart {
  readonly kind: "lines" | "points";
  readonly caption: string;
  readonly x: string;
  readonly y: string;
  readonly log: readonly ("x" | "y")[];
  readonly series: readonly { readonly name: string; readonly x: readonly number[]; readonly y: readonly number[] }[];
}

export interface OwnBars {
  readonly kind: "bars";
  readonly caption: string;
  readonly x: string;
  readonly bars: readonly { readonly name: string; readonly value: number }[];
}

export interface OwnPicture {
  readonly kind: "picture";
  readonly caption: string;
  /** The file in base64. */
  readonly png: string;
  readonly width: number;
  readonly height: number;
}

export type OwnPartData = { readonly kind: "text"; readonly text: string } | OwnTable | OwnChart | OwnBars | OwnPicture;

/** The file of an answer. `data` is for others than this program. */
export interface OwnData {
  readonly epoch: number;
  /** The name of the TypeScript file. */
  readonly module: string;
  readonly title: string;
  readonly parts: readonly OwnPartData[];
  readonly data?: unknown;
}

function refuse(field: string, what: string): never {
  throw new DecodeError(`${field}: ${what}`);
}

/** A list of at most so many. */
function some<T>(inner: Decoder<T>, most: number, what: string): Decoder<T[]> {
  return (value, field) => {
    if (Array.isArray(value) && value.length > most) {
      refuse(field, `has ${value.length} ${what}, and ${most} are the most`);
    }
    return list(inner)(value, field);
  };
}

const short = (most: number): Decoder<string> => (value, field) => {
  const found = text(value, field);
  return found.length > most ? refuse(field, `has ${found.length} characters, and ${most} are the most`) : found;
};
const name = short(NAME_MAX);

const cell: Decoder<string | number> = (value, field) =>
  typeof value === "string" ? name(value, field) : number(value, field);

const table: Decoder<OwnTable> = (value, field) => {
  const found = object<OwnTable>({
    kind: oneOf("table"),
    caption: short(TEXT_MAX),
    columns: some(name, COLUMNS_MAX, "columns"),
    rows: some(some(cell, COLUMNS_MAX, "cells"), ROWS_MAX, "rows"),
  })(value, field);
  const wide = found.columns.length, wrong = found.rows.findIndex((row) => row.length !== wide);
  if (wide === 0) refuse(`${field}.columns`, "is empty");
  if (wrong >= 0) {
    refuse(`${field}.rows[${wrong}]`, `has ${found.rows[wrong]!.length} cells, and there are ${wide} columns`);
  }
  return found;
};

const chart: Decoder<OwnChart> = (value, field) => {
  const numbers = some(number, POINTS_MAX, "values");
  const found = object<OwnChart>({
    kind: oneOf("lines", "points"),
    caption: short(TEXT_MAX),
    x: name,
    y: name,
    log: (value, field) => value === undefined ? [] : some(oneOf("x", "y"), 2, "axes")(value, field),
    series: some(object<OwnChart["series"][number]>({ name, x: numbers, y: numbers }), SERIES_MAX, "series"),
  })(value, field);
  for (const [i, { x, y }] of found.series.entries()) {
    if (x.length !== y.length) refuse(`${field}.series[${i}]`, `has ${x.length} values of x and ${y.length} of y`);
  }
  const points = found.series.reduce((sum, { x }) => sum + x.length, 0);
  if (points > POINTS_MAX) refuse(`${field}.series`, `has ${points} points, and ${POINTS_MAX} are the most`);
  return found;
};

const bars = object<OwnBars>({
  kind: oneOf("bars"),
  caption: short(TEXT_MAX),
  x: name,
  bars: some(object<OwnBars["bars"][number]>({ name, value: number }), BARS_MAX, "bars"),
});

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Width and height by the header of a PNG file (its chunk IHDR, which comes first). */
function sizeOf(base64: string, field: string): { width: number; height: number } {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) refuse(field, "is not a PNG file in base64");
  const head = Uint8Array.from(atob(base64.slice(0, 32)), (c) => c.charCodeAt(0));
  const isPng = head.length === 24 && SIGNATURE.every((byte, i) => head[i] === byte) &&
    String.fromCharCode(...head.subarray(12, 16)) === "IHDR";
  if (!isPng) refuse(field, "is not a PNG file");
  const view = new DataView(head.buffer), [width, height] = [view.getUint32(16), view.getUint32(20)];
  if (!(width > 0 && height > 0 && width <= PNG_SIDE_MAX && height <= PNG_SIDE_MAX)) {
    refuse(field, `has ${width} x ${height} pixels, and ${PNG_SIDE_MAX} x ${PNG_SIDE_MAX} are the most`);
  }
  return { width, height };
}

const picture: Decoder<OwnPicture> = (value, field) => {
  const { kind, caption, png } = object<Pick<OwnPicture, "kind" | "caption" | "png">>({
    kind: oneOf("picture"),
    caption: short(TEXT_MAX),
    png: text,
  })(value, field);
  if (png.length * 3 / 4 > PNG_BYTES_MAX + 3) {
    refuse(`${field}.png`, `has ${Math.ceil(png.length * 3 / 4)} bytes, and ${PNG_BYTES_MAX} are the most`);
  }
  return { kind, caption, png, ...sizeOf(png, `${field}.png`) };
};

const KINDS: Readonly<Record<string, Decoder<OwnPartData>>> = {
  text: object<{ kind: "text"; text: string }>({ kind: oneOf("text"), text: short(TEXT_MAX) }),
  ...{ table, lines: chart, points: chart, bars, picture },
};

const part: Decoder<OwnPartData> = (value, field) => {
  const kind = isRecord(value) ? value.kind : undefined;
  const decode = typeof kind === "string" && Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (decode) return decode(value, field);
  return refuse(`${field}.kind`, `expected ${Object.keys(KINDS).join(", ")}, got ${JSON.stringify(kind)}`);
};

const parts = some(part, PARTS_MAX, "parts");

/** What a diagnostic answered, as its process has sent it, without the title where it has none. */
export const ownAnswer: Decoder<Pick<OwnData, "parts"> & { title?: string | null }> = object({
  title: optional(name),
  parts: (value, field) => value === undefined ? [] : parts(value, field),
});

export const ownData: Decoder<OwnData> = object<OwnData>({ epoch: number, module: name, title: name, parts });

/** Whether a file of the folder of diagnostics is the answer of a user's own one. */
export const isOwn = (value: unknown): boolean => isRecord(value) && typeof value.module === "string";

/** The first picture of an answer, for loggers. */
export function ownPicture({ parts }: OwnData): Picture | null {
  const found = parts.find((part) => part.kind === "picture");
  if (!found) return null;
  return { width: found.width, height: found.height, png: Uint8Array.from(atob(found.png), (c) => c.charCodeAt(0)) };
}

/**
 * Pictures: one file, a folder, or a glob. A row is a picture of shape [channels, height, width] with values from 0 to 1;
 * the pages of a TIFF file are pictures of their own.
 */
import { UserError } from "../../errors.ts";
import { InputFile } from "../../formats/file.ts";
import { type PictureHead, pictureKind, readHeads } from "../../formats/pictures/head.ts";
import { type Picture, pictureDecoder, uprightSize } from "../../formats/pictures/picture.ts";
import { type Fit, FITS, fitted } from "../../formats/pictures/resize.ts";
import { ahead } from "./ahead.ts";
import type { Block, OpenSource, ReaderOptions } from "./reader.ts";
import { classTable, holdsRecords, PLAIN, recordFiles, rowNamesOf, rowsOfBlock, type Together } from "./records.ts";
import { refuseMember, Settings } from "./settings.ts";

const PICTURES = {
  about: "pictures",
  pattern: /\.(png|jpe?g|jpe|tiff?|webp)$/i,
  shown: ".png, .jpg, .tif, .webp",
};
/** Files that are read at a time, and pixels of theirs that are decoded at a time. */
const FILES_AHEAD = 8;
const PIXELS_AHEAD = 2 ** 24;
/** Pixels of a row, for which a network can be thought of. */
const ROW_PIXELS_MAX = 2 ** 26;

export const image = {
  together: true,
  format: "image",
  about: "pictures (PNG, JPEG, TIFF, WebP)",
  claims: (path, head) => head.length > 0 ? pictureKind(head) !== undefined : holdsRecords(path, PICTURES),
  open: openPictures,
} as const satisfies Together;

/** One file with its pictures; where it is decoded, one row after another. */
interface PictureFile {
  readonly path: string;
  readonly name: string;
  readonly heads: readonly PictureHead[];
}

interface Wanted {
  readonly size: readonly [number, number] | undefined;
  readonly fit: Fit | undefined;
  readonly grey: boolean;
  /** Whether rows have red, green and blue even where no picture has colours. */
  readonly colour: boolean;
}

function wantedOf(options: ReaderOptions): Wanted {
  const settings = new Settings(options, "image");
  const size = settings.sizes("size", "[64, 64] (height, width)");
  const fit = settings.word("fit", FITS);
  const grey = settings.flag("grey"), colour = settings.flag("colour");
  settings.finish();
  if (grey && colour) throw settings.refuse("colour", "cannot be true where grey is", "leave one of them out");
  if (size !== undefined && size.length !== 2) {
    throw settings.refuse("size", `must be height and width such as [64, 64], got ${JSON.stringify(size)}`);
  }
  if (size !== undefined && size[0]! * size[1]! > ROW_PIXELS_MAX) {
    throw settings.refuse("size", `${size.join(" x ")} is more than ${ROW_PIXELS_MAX} pixels`);
  }
  if (fit !== undefined && size === undefined) {
    throw settings.refuse("fit", `${fit} needs a size`, "set data.reader.size: [HEIGHT, WIDTH]");
  }
  return { size: size as [number, number] | undefined, fit, grey, colour };
}

async function openPictures(path: string, options: ReaderOptions): Promise<OpenSource> {
  refuseMember(options, "a picture");
  const wanted = wantedOf(options);
  const { files: found, notes: before } = recordFiles(path, PICTURES);
  const files = await Array.fromAsync(ahead(found, FILES_AHEAD, async ({ path, name }): Promise<PictureFile> => {
    using file = await InputFile.open(path);
    return { path, name, heads: await readHeads(file) };
  }));
  const [height, width] = wanted.size ?? commonSize(files);
  // Of pictures whose shape the config states, that is the size to ask for.
  const hinted = options.rowShape?.length === 3 ? options.rowShape.slice(1) : [height, width];
  checkSizes(files, height, width, wanted, hinted);
  const heads = files.flatMap(({ heads }) => heads);
  const channels = wanted.colour || (!wanted.grey && heads.some(({ colour }) => colour)) ? 3 : 1;
  const rowNames = rowNamesOf(files, (i) => files[i]!.heads.length);
  return {
    ...PLAIN,
    rows: heads.length,
    columns: channels * height * width,
    shape: [channels, height, width],
    rowNames,
    rowTables: classTable(rowNames),
    notes: [...before, ...notesOn(heads, height, width, wanted, channels)],
    read: (blockRows) => blocks(files, [channels, height, width], wanted.fit ?? "resize", blockRows),
    close: () => {},
  };
}

/** The size of the first picture; `checkSizes` refuses those of other sizes. */
function commonSize(files: readonly PictureFile[]): readonly [number, number] {
  return uprightSize(files[0]!.heads[0]!);
}

function checkSizes(
  files: readonly PictureFile[],
  height: number,
  width: number,
  { size, fit }: Wanted,
  hinted: readonly number[],
): void {
  for (const { path, heads } of files) {
    for (const head of heads) {
      const [h, w] = uprightSize(head);
      if (h === height && w === width) continue;
      const where = heads.length > 1 ? `${path}: page ${head.page + 1}` : path;
      if (size === undefined) {
        throw new UserError(
          where,
          `is ${h} x ${w} pixels (height x width), ${files[0]!.name} is ${height} x ${width}`,
          `set data.reader: {size: [${hinted.join(", ")}], fit: resize} (or cover, or crop)`,
        );
      }
      if (fit === undefined) {
        const what = `is ${h} x ${w} pixels (height x width), data.reader.size is ${height} x ${width}`;
        throw new UserError(
          where,
          what,
          `set data.reader.fit: cover (or ${FITS.filter((fit) => fit !== "cover").join(", or ")})`,
        );
      }
      if (fit === "crop" && (h < height || w < width)) {
        const what = `is ${h} x ${w} pixels (height x width), too small to cut out ${height} x ${width}`;
        throw new UserError(where, what, "set data.reader.fit: cover");
      }
    }
  }
}

function notesOn(
  heads: readonly PictureHead[],
  height: number,
  width: number,
  { fit, grey }: Wanted,
  channels: number,
): string[] {
  const notes: string[] = [];
  const depths = [...new Set(heads.map(({ bits }) => bits))].sort((a, b) => a - b);
  const whole = depths.filter((bits) => bits < 32);
  if (whole.length > 0) notes.push(`Values of ${whole.join(" and ")} bits were scaled to 0 to 1.`);
  if (depths.includes(32)) notes.push("Values of floating point were taken as they are.");
  const count = (which: (head: PictureHead) => boolean) => heads.filter(which).length;
  const say = (number: number, what: string) => {
    if (number > 0) notes.push(`${number} of ${heads.length} pictures ${what}.`);
  };
  say(count(({ alpha }) => alpha), "have transparency: they were laid over white");
  say(count(({ orientation }) => orientation !== 1), "were turned upright as their orientation says");
  const coloured = count(({ colour }) => colour);
  if (grey) say(coloured, "have colours: grey was made of them as 0.299 red + 0.587 green + 0.114 blue");
  else if (channels === 3) say(heads.length - coloured, "are grey: red, green and blue of theirs are the same");
  const other = count((head) => {
    const [h, w] = uprightSize(head);
    return h !== height || w !== width;
  });
  const done = { resize: "scaled", cover: "scaled and cut", crop: "cut" }[fit ?? "resize"];
  say(other, `were ${done} to ${height} x ${width} (height x width)`);
  if (heads.some(({ page }) => page > 0)) notes.push("Pages of a TIFF file are rows of their own.");
  return notes;
}

async function* blocks(
  files: readonly PictureFile[],
  [channels, height, width]: readonly [1 | 3, number, number],
  fit: Fit,
  blockRows: number,
): AsyncGenerator<Block> {
  const columns = channels * height * width;
  let left = files.reduce((sum, { heads }) => sum + heads.length, 0);
  const most = rowsOfBlock(blockRows, columns);
  let values = new Float32Array(Math.min(most, left) * columns), rows = 0;
  for await (const picture of pictures(files, channels)) {
    values.set(fitted(picture, height, width, fit).values, rows++ * columns);
    if (rows * columns < values.length) continue;
    yield { rows, values };
    left -= rows;
    [values, rows] = [new Float32Array(Math.min(most, left) * columns), 0];
  }
}

/** The pictures in order, decoded a few files ahead where they are small. */
async function* pictures(files: readonly PictureFile[], channels: 1 | 3): AsyncGenerator<Picture> {
  const largest = files.reduce(
    (most, { heads }) => Math.max(most, ...heads.map((head) => head.width * head.height)),
    1,
  );
  const most = Math.max(1, Math.min(FILES_AHEAD, Math.floor(PIXELS_AHEAD / largest)));
  if (files.every(({ heads }) => heads.length === 1)) {
    yield* ahead(files, most, async ({ path, heads }) => {
      using file = await InputFile.open(path);
      return await pictureDecoder(file)(heads[0]!, channels);
    });
    return;
  }
  for (const { path, heads } of files) {
    using file = await InputFile.open(path);
    const decode = pictureDecoder(file);
    for (const head of heads) yield await decode(head, channels);
  }
}

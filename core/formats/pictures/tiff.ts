/** Pages of a TIFF file by geotiff, which reads of the file what a page needs. */
import { addDecoder, BaseDecoder, GeoTIFF, type GeoTIFFImage } from "geotiff";
import { inflateSync } from "node:zlib";
import { MalformedError } from "../../errors.ts";
import { bytesText } from "../../figures.ts";
import type { InputFile } from "../file.ts";
import { COMPRESSION_MAX, type PictureHead, PIXELS_MAX } from "./head.ts";
import { inflateLzw } from "./lzw.ts";
import type { Samples } from "./samples.ts";

/** Bytes of a strip or tile, inflated. */
const STRIP_BYTES_MAX = 4 * PIXELS_MAX;
/** A tile may be larger than the picture; so large in any case. */
const TILE_BYTES_LEAST = 1 << 22;

/** Inflates within bounds. */
class BoundedDeflate extends BaseDecoder {
  override decodeBlock(block: ArrayBuffer): ArrayBuffer {
    const inflated = inflateSync(new Uint8Array(block), { maxOutputLength: STRIP_BYTES_MAX });
    return Uint8Array.from(inflated).buffer;
  }
}
class BoundedLzw extends BaseDecoder {
  override decodeBlock(block: ArrayBuffer): ArrayBuffer {
    return inflateLzw(new Uint8Array(block), STRIP_BYTES_MAX).buffer;
  }
}
// The numbers of Deflate among TIFF's compressions: Adobe's, and the older one.
addDecoder([8, 32946], () => Promise.resolve(BoundedDeflate));

// 5: LZW.
addDecoder(5, () => Promise.resolve(BoundedLzw));

/** What geotiff reads from: parts of the file, one after the other, none of them longer than the file. */
function sourceOf(file: InputFile) {
  let last: Promise<unknown> = Promise.resolve();
  const part = async (offset: number, length: number) => {
    const end = Math.min(offset + length, file.size);
    const bytes = new Uint8Array(offset >= 0 && end > offset ? end - offset : 0);
    await file.readAt(offset, bytes);
    return bytes.buffer;
  };
  return {
    fileSize: file.size,
    fetch(parts: readonly { offset: number; length: number }[]): Promise<ArrayBuffer[]> {
      const read = async () => {
        await last.catch(() => {});
        const found: ArrayBuffer[] = [];
        for (const { offset, length } of parts) found.push(await part(offset, length));
        return found;
      };
      const now = read();
      last = now;
      return now;
    },
    async fetchSlice(slice: { offset: number; length: number }) {
      return { ...slice, data: (await this.fetch([slice]))[0]! };
    },
    close: () => Promise.resolve(),
  };
}

/** PhotometricInterpretation of pictures with a palette. */
const PALETTE = 3;

/** A TIFF file of which pages are decoded. The file is the caller's to close. */
export class TiffPages {
  #opened: Promise<GeoTIFF> | undefined;

  constructor(private readonly file: InputFile) {}

  /** @throws {MalformedError} */
  async decode(head: PictureHead): Promise<Samples> {
    const { width, height, page, bits } = head;
    const { path } = this.file;
    let image: GeoTIFFImage, values: ArrayLike<number>, photometric: number, palette: ArrayLike<number> = [];
    try {
      this.#opened ??= GeoTIFF.fromSource(sourceOf(this.file));
      image = await (await this.#opened).getImage(page);
      const stripBytes = image.getTileWidth() * image.getTileHeight() * image.getBytesPerPixel();
      const most = Math.min(STRIP_BYTES_MAX, Math.max(TILE_BYTES_LEAST, COMPRESSION_MAX * this.file.size));
      if (!(stripBytes <= most)) throw new Error(`a strip claims more than ${bytesText(most)}`);
      values = await image.readRasters({ interleave: true }) as unknown as ArrayLike<number>;
      photometric = Number(image.fileDirectory.getValue("PhotometricInterpretation") ?? 1);
      if (photometric === PALETTE) palette = await image.fileDirectory.loadValue("ColorMap") as ArrayLike<number> ?? [];
    } catch (error) {
      const why = error instanceof Error && error.message ? `: ${error.message}` : "";
      throw new MalformedError(path, `page ${page + 1} cannot be decoded as TIFF${why}`);
    }
    const channels = values.length / (width * height);
    const isAsSaid = image.getWidth() === width && image.getHeight() === height &&
      channels === image.getSamplesPerPixel();
    if (!isAsSaid) throw new MalformedError(path, `page ${page + 1} does not have the size that its fields claim`);
    const most = bits === 32 ? 1 : 2 ** bits - 1;
    if (photometric === PALETTE) return coloured(path, values, channels, palette, bits);
    // 0: the value 0 is white.
    if (photometric === 0) return { values: inverted(values, channels, most), channels, most };
    return { values, channels, most };
  }
}

/** Grey values from white to black, with their alpha as it is. */
function inverted(values: ArrayLike<number>, channels: number, most: number): Float32Array {
  return Float32Array.from(values, (value, i) => i % channels === 0 ? most - value : value);
}

/**
 * Colours of a palette. Of their 16 bits the upper 8 are taken: some programs write 256 times the value of 8 bits, others
 * 257 times.
 * @param palette all reds, then all greens, then all blues
 */
function coloured(
  path: string,
  values: ArrayLike<number>,
  channels: number,
  palette: ArrayLike<number>,
  bits: number,
): Samples {
  const colours = 2 ** bits;
  if (palette.length !== 3 * colours) {
    throw new MalformedError(path, `its palette has ${palette.length} values, ${3 * colours} are needed`);
  }
  const pixels = values.length / channels;
  const rgb = new Uint8Array(3 * pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      rgb[3 * pixel + channel] = palette[channel * colours + values[pixel * channels]!]! >> 8;
    }
  }
  return { values: rgb, channels: 3, most: 255 };
}

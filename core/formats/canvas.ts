/** A picture of dots and lines without text, for loggers that take pictures only. */
import { pngOf } from "./png.ts";

export type Colour = readonly [red: number, green: number, blue: number];

export class Canvas {
  readonly #rgb: Uint8Array;

  constructor(readonly width: number, readonly height: number, background: Colour = [255, 255, 255]) {
    this.#rgb = new Uint8Array(width * height * 3);
    if (background.every((value) => value === background[0])) this.#rgb.fill(background[0]);
    else for (let i = 0; i < this.#rgb.length; i++) this.#rgb[i] = background[i % 3]!;
  }

  /** Mixes a colour into a pixel; nothing outside of the picture. @param share 0 leaves the pixel as it is */
  mix(x: number, y: number, colour: Colour, share: number): void {
    if (!(x >= 0 && x < this.width && y >= 0 && y < this.height)) return;
    const at = (y * this.width + x) * 3;
    for (let i = 0; i < 3; i++) {
      this.#rgb[at + i] = Math.round(this.#rgb[at + i]! + (colour[i]! - this.#rgb[at + i]!) * share);
    }
  }

  /** A round dot with soft edges. */
  dot(x: number, y: number, radius: number, colour: Colour, share: number): void {
    for (let dy = -Math.ceil(radius); dy <= Math.ceil(radius); dy++) {
      for (let dx = -Math.ceil(radius); dx <= Math.ceil(radius); dx++) {
        const [column, row] = [Math.round(x) + dx, Math.round(y) + dy];
        const inside = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(column - x, row - y)));
        if (inside > 0) this.mix(column, row, colour, inside * share);
      }
    }
  }

  /** Another picture with its upper left corner at a pixel. */
  place(other: Canvas, left: number, top: number): void {
    const from = Math.max(0, -left), to = Math.min(other.width, this.width - left);
    for (let y = Math.max(0, -top); y < Math.min(other.height, this.height - top) && from < to; y++) {
      const row = other.#rgb.subarray((y * other.width + from) * 3, (y * other.width + to) * 3);
      this.#rgb.set(row, ((top + y) * this.width + left + from) * 3);
    }
  }

  at(x: number, y: number): Colour {
    const from = (y * this.width + x) * 3;
    return [this.#rgb[from]!, this.#rgb[from + 1]!, this.#rgb[from + 2]!];
  }

  /** A line along the edges of a rectangle. */
  frame(left: number, top: number, width: number, height: number, colour: Colour): void {
    for (let x = left; x < left + width; x++) for (const y of [top, top + height - 1]) this.mix(x, y, colour, 1);
    for (let y = top; y < top + height; y++) for (const x of [left, left + width - 1]) this.mix(x, y, colour, 1);
  }

  png(): Uint8Array<ArrayBuffer> {
    return pngOf(this.width, this.height, this.#rgb);
  }
}

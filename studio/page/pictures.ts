/** Pictures of rows: images, waveforms, bars of columns, and grids of plain numbers. */
import { colours, cssOf, putDiverging } from "./colours.ts";
import { fitted } from "./dom.ts";
import { shortText, ticks } from "./numbers.ts";
import type { About, Numbers } from "./types.ts";

export type DataKind = About["data"]["kind"];

/** [channels, height, width] of a row as a picture: of rows without one, a grid that is nearly square. */
export function pictureShape(shape: readonly number[] | null, columns: number): readonly [number, number, number] {
  if (shape?.length === 3) return shape as [number, number, number];
  if (shape?.length === 2) return [1, ...shape as [number, number]];
  const width = Math.ceil(Math.sqrt(columns));
  return [1, Math.ceil(columns / width), width];
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

export function rangeOf(...lists: readonly Numbers[]): Range {
  let low = Infinity, high = -Infinity;
  for (const values of lists) {
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? { low, high } : { low: 0, high: 1 };
}

export const sizeOf = (values: Numbers): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/**
 * Pixels of an image of shape [channels, height, width]. Three channels are red, green and blue, one is grey from `low` to `high`;
 * other numbers of channels stand side by side. Without a range, values have diverging colours up to `scale`.
 */
export function imageOf(
  values: Numbers,
  [channels, height, width]: readonly [number, number, number],
  range: Range | null,
  scale = 1,
): ImageData {
  const colour = channels === 3 && range !== null, maps = colour ? 1 : channels, size = width * height;
  const image = new ImageData(width * maps, height), palette = colours();
  const grey = (value: number) => 255 * (value - range!.low) / (range!.high - range!.low || 1);
  for (let map = 0; map < maps; map++) {
    for (let i = 0; i < size; i++) {
      const at = 4 * (Math.floor(i / width) * width * maps + map * width + i % width), from = map * size + i;
      if (range === null) {
        if (from < values.length) putDiverging(image.data, at, values[from]!, scale, palette);
        continue;
      }
      for (let k = 0; k < 3; k++) image.data[at + k] = grey(values[colour ? from + k * size : from] ?? 0);
      image.data[at + 3] = from < values.length ? 255 : 0;
    }
  }
  return image;
}

/** Draws an image at a whole number of pixels for each of its own, where it is small, so that every one of them is seen. */
export function drawImage(canvas: HTMLCanvasElement, image: ImageData, width: number): void {
  const factor = image.width * 2 > width ? width / image.width : Math.floor(width / image.width);
  const [w, h] = [image.width * factor, Math.max(1, image.height * factor)];
  canvas.style.width = `${w}px`;
  canvas.style.height = `${h}px`;
  const context = fitted(canvas, w, h), small = new OffscreenCanvas(image.width, image.height);
  small.getContext("2d")!.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = factor < 1;
  context.drawImage(small, 0, 0, w, h);
}

/** A filter, [channels, height, width] or fewer axes, in diverging colours. */
export function drawFilter(canvas: HTMLCanvasElement, shape: readonly number[], values: Numbers, width: number): void {
  const full = pictureShape(shape.length === 3 && shape[1] === 1 ? null : shape, values.length);
  drawImage(canvas, imageOf(values, full, null, sizeOf(values)), width);
}

interface Trace {
  readonly values: Numbers;
  readonly color: string;
  readonly width: number;
}

/** Lines over the same axis. Where a pixel holds several samples, its line reaches from the least to the greatest of them. */
export function drawTraces(
  context: CanvasRenderingContext2D,
  traces: readonly Trace[],
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  range: Range,
): void {
  const span = range.high - range.low || 1;
  const atY = (value: number) => box.y + box.height * (1 - (value - range.low) / span);
  for (const { values, color, width } of traces) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.lineJoin = "round";
    context.beginPath();
    const each = Math.max(1, Math.floor(values.length / (2 * box.width)));
    for (let i = 0; i < values.length; i += each) {
      const x = box.x + box.width * i / Math.max(1, values.length - 1);
      let low = values[i]!, high = low;
      for (let k = i + 1; k < Math.min(i + each, values.length); k++) {
        low = Math.min(low, values[k]!);
        high = Math.max(high, values[k]!);
      }
      if (i === 0) context.moveTo(x, atY(high));
      else context.lineTo(x, atY(high));
      if (low !== high) context.lineTo(x, atY(low));
    }
    context.stroke();
  }
}

/** Input and output of a signal over each other, a lane for each of at most eight channels, with an axis of samples or seconds. */
export function drawSignal(
  canvas: HTMLCanvasElement,
  shape: readonly number[] | null,
  rate: number | null,
  input: Numbers | null,
  output: Numbers,
): void {
  const samples = shape?.length === 2 ? shape[1]! : output.length;
  const channels = Math.max(1, Math.floor(output.length / samples)), lanes = Math.min(8, channels);
  const width = canvas.parentElement!.clientWidth,
    lane = lanes === 1 ? 150 : lanes < 4 ? 90 : 54,
    height = lanes * lane + 22;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = fitted(canvas, width, height), { accent, second, muted, grid } = colours();
  const left = 44;
  context.font = "11px sans-serif";
  for (let k = 0; k < lanes; k++) {
    const cut = (values: Numbers) => values.subarray(k * samples, (k + 1) * samples);
    const range = rangeOf(...(input ? [cut(input)] : []), cut(output));
    const box = { x: left, y: k * lane + 6, width: width - left - 2, height: lane - 12 };
    context.fillStyle = muted;
    context.textAlign = "right";
    for (const value of ticks(range.low, range.high, 2)) {
      const y = box.y + box.height * (1 - (value - range.low) / (range.high - range.low || 1));
      context.strokeStyle = grid;
      context.lineWidth = 1;
      context.strokeRect(left, y, box.width, 0);
      context.fillText(shortText(value), left - 5, y + 4);
    }
    const traces = [{ values: cut(output), color: second, width: 1.5 }];
    if (input) traces.unshift({ values: cut(input), color: accent, width: 1.5 });
    drawTraces(context, traces, box, range);
  }
  const end = rate === null ? samples : samples / rate;
  context.textAlign = "center";
  context.fillStyle = muted;
  for (const value of ticks(0, end, 4)) {
    const x = left + (width - left - 2) * value / end;
    const text = rate === null ? shortText(value) : end < 1 ? `${shortText(1000 * value)} ms` : `${shortText(value)} s`;
    context.textAlign = value === 0 ? "left" : x > width - 24 ? "right" : "center";
    context.fillText(text, x, height - 5);
  }
}

export interface Bar {
  readonly name: string;
  readonly input: number | null;
  readonly output: number;
}

/** Places of the `most` values with the largest size, the largest first, without sorting all of them. */
export function largestPlaces(count: number, size: (place: number) => number, most: number): number[] {
  const places: number[] = [], sizes: number[] = [];
  for (let place = 0; place < count; place++) {
    const own = size(place);
    if (places.length === most && !(own > sizes[most - 1]!)) continue;
    let at = places.length;
    while (at > 0 && sizes[at - 1]! < own) at--;
    places.splice(at, 0, place);
    sizes.splice(at, 0, own);
    if (places.length > most) places.length = sizes.length = most;
  }
  return places;
}

/** The columns with the largest values, the largest first. */
export function largest(
  columns: Uint32Array | null,
  input: Numbers | null,
  output: Numbers,
  names: readonly string[] | null,
  most: number,
): Bar[] {
  const size = (i: number) => Math.max(Math.abs(input?.[i] ?? 0), Math.abs(output[i]!));
  return largestPlaces(output.length, size, most).map((i) => {
    const column = columns?.[i] ?? i;
    return { name: names?.[column] ?? `column ${column}`, input: input?.[i] ?? null, output: output[i]! };
  });
}

export function drawBars(canvas: HTMLCanvasElement, bars: readonly Bar[]): void {
  const width = canvas.parentElement!.clientWidth, line = 20, height = Math.max(line, bars.length * line);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = fitted(canvas, width, height), { accent, second, ink, muted, rule } = colours();
  const left = Math.min(120, width * 0.36), right = 52;
  const values = bars.flatMap(({ input, output }) => [input ?? 0, output]);
  const low = Math.min(0, ...values), high = Math.max(0, ...values), span = high - low || 1;
  const atX = (value: number) => left + (width - left - right) * (value - low) / span;
  context.font = "12px sans-serif";
  for (const [i, { name, input, output }] of bars.entries()) {
    const y = i * line;
    const bar = (value: number, color: string, from: number, thick: number) => {
      context.fillStyle = color;
      context.fillRect(Math.min(atX(0), atX(value)), y + from, Math.max(1, Math.abs(atX(value) - atX(0))), thick);
    };
    if (input === null) bar(output, second, 5, 10);
    else {
      bar(input, accent, 3, 7);
      bar(output, second, 10, 7);
    }
    context.textAlign = "right";
    context.fillStyle = ink;
    let shown = name;
    while (shown.length > 3 && context.measureText(shown).width > left - 8) shown = `${shown.slice(0, -2)}…`;
    context.fillText(shown, left - 6, y + 14);
    context.textAlign = "left";
    context.fillStyle = muted;
    context.fillText(shortText(input ?? output), width - right + 8, y + 14);
  }
  context.fillStyle = rule;
  context.fillRect(atX(0) - 0.5, 0, 1, height);
}

/** Colours from the lowest to the highest value, for a legend. */
export const divergingCss = (): string => {
  const { low, zero, high } = colours();
  return `linear-gradient(to right, ${cssOf(low)}, ${cssOf(zero)}, ${cssOf(high)})`;
};

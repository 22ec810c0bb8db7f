/** Rows of sparse data as heat maps: some columns of them, the inputs above the outputs. */
import { colours, putDiverging } from "./colours.ts";
import { fitted } from "./dom.ts";
import { sizeOf } from "./pictures.ts";
import type { Numbers } from "./types.ts";

export interface Heat {
  readonly names: readonly string[];
  readonly rows: number;
  /** Rows x columns, one row after the other. */
  readonly input: Numbers;
  readonly output: Numbers;
}

/** Pixels: of both maps together about, of a row, above a map, and below them for the columns' names. */
const HEIGHT = 560;
const ROW_LEAST = 2, ROW_MOST = 14;
const TITLE = 22, NAMES = 96;
/** A column that is narrower has no name. */
const NAME_LEAST = 12;

/** @returns the height of a row, and where the first row of each map is, for what is clicked */
export function drawHeat(
  canvas: HTMLCanvasElement,
  { names, rows, input, output }: Heat,
  width: number,
): { readonly row: number; readonly tops: readonly [number, number] } {
  const row = Math.min(ROW_MOST, Math.max(ROW_LEAST, Math.floor(HEIGHT / 2 / rows))), column = width / names.length;
  const tops = [TITLE, 2 * TITLE + rows * row] as const, hasNames = column >= NAME_LEAST;
  const end = tops[1] + rows * row, height = end + (hasNames ? NAMES : 0);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = fitted(canvas, width, height), palette = colours();
  const scale = Math.max(sizeOf(input), sizeOf(output));
  const small = new OffscreenCanvas(names.length, rows), pen = small.getContext("2d")!;
  context.imageSmoothingEnabled = false;
  context.font = "12px sans-serif";
  context.fillStyle = palette.ink;
  for (const [k, values] of [input, output].entries()) {
    const image = new ImageData(names.length, rows);
    for (const [i, value] of values.entries()) putDiverging(image.data, 4 * i, value, scale, palette);
    pen.putImageData(image, 0, 0);
    context.textAlign = "left";
    context.fillText(k === 0 ? "Input" : "Output", 0, tops[k]! - 7);
    context.drawImage(small, 0, tops[k]!, width, rows * row);
  }
  if (!hasNames) return { row, tops };
  context.fillStyle = palette.muted;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const [i, name] of names.entries()) {
    let shown = name;
    while (shown.length > 3 && context.measureText(shown).width > NAMES - 8) shown = `${shown.slice(0, -2)}…`;
    context.save();
    context.translate((i + 0.5) * column, end + 6);
    context.rotate(-Math.PI / 2);
    context.fillText(shown, 0, 0);
    context.restore();
  }
  return { row, tops };
}

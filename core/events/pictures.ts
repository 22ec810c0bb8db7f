/** Pictures of the diagnostics of which there are pictures. */
import { exists } from "../formats/file.ts";
import { readJson } from "../formats/json.ts";
import type { LatentDiagnostic, ReconstructionDiagnostic } from "../runs/types.ts";
import { Canvas, type Colour } from "./canvas.ts";

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array<ArrayBuffer>;
}

const JSON_BYTES_MAX = 256 << 20;

/**
 * The picture of a diagnostic's data; null for one that has none, and where the data are gone.
 * @throws {UserError} if the file cannot be read
 */
export async function pictureOf(name: string, path: string): Promise<Picture | null> {
  if (!await exists(path)) return null;
  if (name === "latent") return latentMap(await readJson(path, JSON_BYTES_MAX) as LatentDiagnostic);
  if (name !== "reconstruction") return null;
  return reconstructions(await readJson(path, JSON_BYTES_MAX) as ReconstructionDiagnostic);
}

/** Okabe and Ito's colours, which most people can tell apart (https://jfly.uni-koeln.de/color/). */
const COLOURS: readonly Colour[] = [
  ...[[0, 114, 178], [230, 159, 0], [0, 158, 115], [213, 94, 0], [204, 121, 167]] as const,
  ...[[86, 180, 233], [240, 228, 66], [0, 0, 0]] as const,
];
/** Of labels beyond the commonest, and of frames and diagonals. */
const GREY: Colour = [150, 150, 150], LINE: Colour = [200, 200, 200];
const SIDE = 480, MARGIN = 12;

const picture = (canvas: Canvas): Picture => ({ width: canvas.width, height: canvas.height, png: canvas.png() });

/** From the smallest to the largest of some values to the pixels from `low` to `high`. */
function scaleOf(values: readonly number[], low: number, high: number): (value: number) => number {
  let min = Infinity, max = -Infinity;
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return (value) => max > min ? low + (value - min) / (max - min) * (high - low) : (low + high) / 2;
}

/** Rows on the first two principal components of the latent space, coloured by the eight commonest labels. */
export function latentMap({ scores, labels }: LatentDiagnostic): Picture {
  const canvas = new Canvas(SIDE, SIDE);
  canvas.frame(0, 0, SIDE, SIDE, LINE);
  const colours = coloursOf(labels);
  const x = scaleOf(scores.map(([first]) => first!), MARGIN, SIDE - MARGIN);
  const y = scaleOf(scores.map(([, second]) => second ?? 0), SIDE - MARGIN, MARGIN);
  const share = scores.length > 1000 ? 0.5 : 0.8;
  for (const [row, [first, second]] of scores.entries()) {
    canvas.dot(x(first!), y(second ?? 0), 2.2, labels ? colours.get(labels[row]!) ?? GREY : COLOURS[0]!, share);
  }
  return picture(canvas);
}

function coloursOf(labels: readonly string[] | null): Map<string, Colour> {
  const counts = new Map<string, number>();
  for (const label of labels ?? []) counts.set(label, (counts.get(label) ?? 0) + 1);
  const common = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([label]) => label);
  return new Map(common.slice(0, COLOURS.length).map((label, i) => [label, COLOURS[i]!]));
}

/** For each of the most variable columns a square: truth to the right, reconstruction upwards, and the diagonal. */
export function reconstructions({ columns }: ReconstructionDiagnostic): Picture | null {
  if (columns.length === 0) return null;
  const across = Math.ceil(Math.sqrt(columns.length)), side = Math.floor(SIDE / across);
  const canvas = new Canvas(across * side, Math.ceil(columns.length / across) * side);
  for (const [index, { truth, reconstruction }] of columns.entries()) {
    const left = index % across * side, top = Math.floor(index / across) * side;
    canvas.frame(left, top, side, side, LINE);
    const scale = scaleOf([...truth, ...reconstruction], 4, side - 5);
    for (let at = 1; at < side - 1; at++) canvas.mix(left + at, top + side - 1 - at, LINE, 1);
    for (const [row, value] of truth.entries()) {
      canvas.dot(left + scale(value), top + side - 1 - scale(reconstruction[row]!), 1.2, COLOURS[0]!, 0.5);
    }
  }
  return picture(canvas);
}

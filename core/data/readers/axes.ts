/** What the axes of an array are: which of them are rows, and how the others lie in a row. */
import { UserError } from "../../errors.ts";
import type { Settings } from "./settings.ts";

export const AXES = ["row", "channel", "sample", "height", "width"] as const;
export type Axis = (typeof AXES)[number];

/** How rows are made of an array. Numbers of axes are from 0, as the array is shown. */
export interface AxisPlan {
  /** Of these, the last one changes fastest from row to row. May be none: the array is one row. */
  readonly rowAxes: readonly number[];
  /** Of [channels, samples] or [channels, height, width]; -1 for the channel where no axis is one. */
  readonly valueAxes: readonly number[];
  readonly rows: number;
  /** The shape of a row. */
  readonly shape: readonly number[];
}

/** The setting `axes`, checked by itself; undefined where it is not set. */
export function axesOf(settings: Settings): readonly Axis[] | undefined {
  const list = settings.list("axes", "[row, channel, sample]");
  if (list === undefined) return undefined;
  const refuse = (what: string) => settings.refuse("axes", what, `its words: ${AXES.join(", ")}`);
  for (const word of list) {
    if (!AXES.some((axis) => axis === word)) throw refuse(`has no word ${JSON.stringify(word)}`);
    if (word !== "row" && list.indexOf(word) !== list.lastIndexOf(word)) throw refuse(`names ${word} twice`);
  }
  const has = (axis: Axis) => list.includes(axis);
  const isPicture = has("height") || has("width");
  if (isPicture && !(has("height") && has("width"))) throw refuse("names one of height and width without the other");
  if (isPicture && has("sample")) throw refuse("names sample beside height and width: a row is a signal or a picture");
  if (!isPicture && !has("sample")) throw refuse("names neither sample nor height and width");
  return list as readonly Axis[];
}

const sizesText = (shape: readonly number[]) => shape.join(" x ");

/** Axes for a proposal: the longest one, and of several the last, is mostly that of samples. */
function likely(shape: readonly number[]): readonly Axis[] {
  const sample = shape.lastIndexOf(Math.max(...shape));
  return shape.map((_, axis) => axis === sample ? "sample" : "row");
}

/** Least height and width of pictures that are told by their shape. */
const LEAST_SIDE = 8;

/**
 * The axes longer than 1 where they are those of pictures: squares, with three or four colours or of bytes, or bytes with colours. Squares of
 * other numbers may be the echoes of all pairs of elements of an array.
 */
function pictureAxes(sizes: readonly number[], isBytes: boolean): readonly Axis[] | null {
  const isColour = (size: number | undefined) => size === 3 || size === 4;
  const isPlane = (height: number, width: number, needsSquare: boolean) =>
    Math.min(height, width) >= LEAST_SIDE && (height === width || !needsSquare);
  const [, second, third, fourth] = sizes as [number, number, number, number];
  if (sizes.length === 3) return isBytes && isPlane(second, third, true) ? ["row", "height", "width"] : null;
  if (sizes.length !== 4) return null;
  if (isColour(fourth) && isPlane(second, third, !isBytes)) return ["row", "height", "width", "channel"];
  return isColour(second) && isPlane(third, fourth, true) ? ["row", "channel", "height", "width"] : null;
}

/** Axes where none are given: those of pictures, or the last two that are longer than 1 are rows and samples. */
function defaultAxes(name: string, shape: readonly number[], type: string): readonly Axis[] {
  const long = shape.flatMap((size, axis) => size === 1 ? [] : [axis]);
  if (long.length > 2) {
    const found = pictureAxes(long.map((axis) => shape[axis]!), type === "uint8");
    if (found) return shape.map((_, axis) => long.includes(axis) ? found[long.indexOf(axis)]! : "row");
    throw new UserError(
      "data.reader.axes",
      `is not set, and ${name} has more than two axes (${sizesText(shape)})`,
      `say what each axis is, such as [${likely(shape).join(", ")}]: ${AXES.join(", ")}; row may stand more than once`,
    );
  }
  const sample = long.at(-1) ?? shape.length - 1;
  return shape.map((_, axis) => axis === sample ? "sample" : "row");
}

/**
 * The rows of an array.
 * @param name for messages
 * @param type of its numbers, such as "uint8"
 * @throws {UserError} where the axes are not those of the array
 */
export function planAxes(
  name: string,
  shape: readonly number[],
  type: string,
  given: readonly Axis[] | undefined,
): AxisPlan {
  if (shape.length === 0 || shape.includes(0)) {
    throw new UserError(name, shape.length === 0 ? "is a single value" : `is empty (${sizesText(shape)})`);
  }
  const axes = given ?? defaultAxes(name, shape, type);
  if (axes.length !== shape.length) {
    throw new UserError(
      "data.reader.axes",
      `names ${axes.length} axes, ${name} has ${shape.length} (${sizesText(shape)})`,
      "name each axis of the array",
    );
  }
  const at = (axis: Axis) => axes.indexOf(axis);
  const rowAxes = axes.flatMap((axis, i) => axis === "row" ? [i] : []);
  const valueAxes = at("sample") >= 0 ? [at("channel"), at("sample")] : [at("channel"), at("height"), at("width")];
  return {
    rowAxes,
    valueAxes,
    rows: rowAxes.reduce((product, axis) => product * shape[axis]!, 1),
    shape: valueAxes.map((axis) => axis < 0 ? 1 : shape[axis]!),
  };
}

/** What was concluded about an array without `axes`, in a sentence. */
export function axesNote(name: string, shape: readonly number[], plan: AxisPlan): string {
  const nth = ["first", "second", "third", "fourth", "fifth"];
  const which = (axis: number) => nth[axis] ?? `number ${axis + 1}`;
  const long = plan.rowAxes.filter((axis) => shape[axis]! > 1);
  const [row = plan.rowAxes[0]] = long;
  const sample = plan.valueAxes.at(-1)!;
  if (plan.valueAxes.length === 3) {
    const [channels, height, width] = plan.shape;
    const colours = channels === 1 ? "" : ` with ${channels} channels`;
    return `Rows of ${name} (${
      sizesText(shape)
    }) are pictures of ${height} x ${width}${colours}, one for each index of its ` +
      `${which(row ?? 0)} axis; data.reader.axes says so otherwise.`;
  }
  if (row === undefined) return `${name} (${sizesText(shape)}) is one record.`;
  return `Rows of ${name} (${sizesText(shape)}) are its ${which(row)} axis, samples its ${which(sample)} one; ` +
    "data.reader.axes says so otherwise.";
}

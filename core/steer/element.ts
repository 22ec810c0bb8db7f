/** Single elements of tensors. */
import { UserError } from "../errors.ts";
import { sizeOf } from "../shapes.ts";

/** Where an element lies: its row of the first dimension, its place within that row, and its place in the whole tensor. */
export interface Element {
  readonly row: number;
  readonly within: number;
  readonly place: number;
  /** Elements of a row. */
  readonly width: number;
}

/**
 * The element of a tensor by its index along each axis; a scalar has one, whose index is empty.
 * @param where what was asked, for the message
 * @throws {UserError} where there is none
 */
export function elementAt(where: string, tensor: string, shape: readonly number[], at: readonly number[]): Element {
  if (at.length !== shape.length || at.some((index, axis) => index >= shape[axis]!)) {
    throw new UserError(where, `${tensor} is ${shape.join(" x ")} and has no element [${at.join(", ")}]`);
  }
  const width = sizeOf(shape.slice(1));
  const within = at.slice(1).reduce((place, index, axis) => place * shape[axis + 1]! + index, 0), row = at[0] ?? 0;
  return { row, within, place: row * width + within, width };
}

/** Shapes of tensors and of rows. */

/** Number of elements. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Pixels as decoders give them: the values of a pixel beside each other. */
export interface Samples {
  readonly values: ArrayLike<number>;
  /** Values a pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
  readonly channels: number;
  /** The value of white; 1 for floating point, which is taken as it is. */
  readonly most: number;
}

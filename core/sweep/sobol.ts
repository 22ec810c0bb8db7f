/**
 * Sobol's sequence with the direction numbers of S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional
 * projections", SIAM Journal on Scientific Computing 30 (2008), of which the first ten dimensions are here.
 */

/** Of each dimension from the second: the polynomial's inner coefficients a as bits, and the first direction numbers m. */
const DIRECTIONS: readonly { readonly a: number; readonly m: readonly number[] }[] = [
  { a: 0, m: [1] },
  { a: 1, m: [1, 3] },
  { a: 1, m: [1, 3, 1] },
  { a: 2, m: [1, 1, 1] },
  { a: 1, m: [1, 1, 3, 3] },
  { a: 4, m: [1, 3, 5, 13] },
  { a: 2, m: [1, 1, 5, 5, 17] },
  { a: 4, m: [1, 1, 5, 5, 5] },
  { a: 7, m: [1, 1, 7, 11, 19] },
];

export const SOBOL_DIMENSIONS = DIRECTIONS.length + 1;
const BITS = 30;

/** m_k of a dimension, from k = 0: with s first ones, 2 a_1 m_(k-1) ^ 4 a_2 m_(k-2) ^ ... ^ 2^s m_(k-s) ^ m_(k-s). */
function directions(dimension: number): number[] {
  const given = DIRECTIONS[dimension - 1];
  if (given === undefined) return Array.from({ length: BITS }, () => 1);
  const { a, m: first } = given, s = first.length, m = [...first];
  for (let k = s; k < BITS; k++) {
    let next = m[k - s]! ^ (m[k - s]! * 2 ** s);
    for (let i = 1; i < s; i++) if ((a >> (s - 1 - i)) & 1) next ^= m[k - i]! * 2 ** i;
    m.push(next);
  }
  return m;
}

/**
 * Points in the order of the Gray code, from the origin on; without scrambling.
 * @param dimensions from 1 to {@link SOBOL_DIMENSIONS}
 * @returns a function that gives the next point, with coordinates from 0 to below 1
 */
export function sobol(dimensions: number): () => number[] {
  const tables = Array.from(
    { length: dimensions },
    (_, dimension) => directions(dimension).map((m, k) => m * 2 ** (BITS - 1 - k)),
  );
  const state = new Array<number>(dimensions).fill(0);
  let index = 0;
  return () => {
    const point = state.map((value) => value / 2 ** BITS);
    const zero = Math.clz32(~index & (index + 1)); // the lowest bit of index that is 0, counted from the top
    for (let dimension = 0; dimension < dimensions; dimension++) state[dimension]! ^= tables[dimension]![31 - zero]!;
    index++;
    return point;
  };
}

/** The normal distribution. */

/** P(Z <= z) for z <= 0: half of erfc, by Abramowitz and Stegun 7.1.5 and, far out, 7.1.14. */
export function normalBelow(z: number): number {
  const x = -z / Math.SQRT2;
  if (x > 3) {
    let fraction = 0;
    for (let k = 200; k > 0; k--) fraction = (k / 2) / (x + fraction);
    return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction) / 2;
  }
  let term = x, sum = x;
  for (let k = 1; k < 200 && Math.abs(term) > 1e-18 * sum; k++) {
    term *= -x * x / k;
    sum += term / (2 * k + 1);
  }
  return 0.5 - sum / Math.sqrt(Math.PI);
}

/** P(Z <= z). */
export const normalCdf = (z: number): number => z <= 0 ? normalBelow(z) : 1 - normalBelow(-z);

/**
 * Student's t distribution for a whole number of degrees of freedom, by the finite series of Abramowitz and Stegun, Handbook of
 * Mathematical Functions, 26.7.3 and 26.7.4.
 */

/** The probability that |T| is at most t, for t >= 0. */
function central(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const sine = Math.sin(angle), cosine = Math.cos(angle), square = cosine * cosine;
  const odd = freedom % 2 === 1;
  let term = odd ? cosine : 1, sum = freedom === 1 ? 0 : term;
  for (let k = odd ? 3 : 2; k < freedom; k += 2) {
    term *= square * (k - 1) / k;
    sum += term;
  }
  return odd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
}

/** log((freedom - 1) / 2)! minus log(freedom / 2 - 1)!, as the density has it: of gamma functions whose arguments differ by 1/2. */
function logGammaRatio(freedom: number): number {
  // From 1/2 (odd) or 1 (even) upwards: the ratio of gamma(x + 1/2) to gamma(x) grows by (x + 1/2) / x when x grows by 1.
  const odd = freedom % 2 === 1;
  let ratio = odd ? -0.5 * Math.log(Math.PI) : Math.log(Math.sqrt(Math.PI) / 2);
  for (let x = odd ? 0.5 : 1; x < freedom / 2; x++) ratio += Math.log1p(0.5 / x);
  return ratio;
}

/**
 * The value below which T lies with a probability.
 * @param probability from 0.5 to below 1
 * @param freedom degrees of freedom, a whole number from 1
 */
export function studentQuantile(probability: number, freedom: number): number {
  const wanted = 2 * probability - 1;
  const scale = Math.exp(logGammaRatio(freedom)) / Math.sqrt(freedom * Math.PI);
  const density = (t: number) => 2 * scale * Math.exp(-(freedom + 1) / 2 * Math.log1p(t * t / freedom));
  // The distribution is concave above 0, so that Newton's steps from 0 never pass the root.
  let t = 0;
  for (let i = 0; i < 500; i++) {
    const step = (wanted - central(t, freedom)) / density(t);
    t += step;
    if (!(step > 1e-15 * t)) break;
  }
  return t;
}

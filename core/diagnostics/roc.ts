/** How well a score tells anomalies from ordinary rows: the ROC curve, the area under it, and an interval of the area. */

export interface Roc {
  /** Probability that an anomaly has a larger score than an ordinary row; of equal scores half counts. */
  readonly auc: number;
  /** 95 % interval of the area by the variance of DeLong, DeLong and Clarke-Pearson (1988), cut at 0 and 1. */
  readonly interval: readonly [number, number];
  /** Points from (0, 0) to (1, 1): share of the ordinary rows and of the anomalies above a threshold, which falls. */
  readonly curve: readonly (readonly [number, number])[];
}

const CURVE_POINTS = 200;
const NORMAL_QUANTILE = 1.959963984540054; // 97.5 %

/** Ranks from 1; equal values share the mean of their ranks. */
function midRanks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let k = from; k < to; k++) ranks[order[k]!] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}

function sampleVariance(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

/** Both lists finite and not empty. */
export function rocOf(anomalies: readonly number[], ordinary: readonly number[]): Roc {
  const [m, n] = [anomalies.length, ordinary.length];
  const all = midRanks(Float64Array.from([...anomalies, ...ordinary]));
  const [own, others] = [midRanks(Float64Array.from(anomalies)), midRanks(Float64Array.from(ordinary))];
  // The share of ordinary rows below each anomaly, and of anomalies above each ordinary row.
  const below = anomalies.map((_, i) => (all[i]! - own[i]!) / n);
  const above = ordinary.map((_, j) => 1 - (all[m + j]! - others[j]!) / m);
  const auc = below.reduce((sum, share) => sum + share, 0) / m;
  const variance = m > 1 && n > 1 ? sampleVariance(below) / m + sampleVariance(above) / n : NaN;
  const half = NORMAL_QUANTILE * Math.sqrt(variance);
  const interval = [Math.max(0, auc - half), Math.min(1, auc + half)] as const;
  return { auc, interval: Number.isFinite(half) ? interval : [0, 1], curve: curveOf(anomalies, ordinary) };
}

function curveOf(anomalies: readonly number[], ordinary: readonly number[]): (readonly [number, number])[] {
  const all = [
    ...anomalies.map((score) => ({ score, isAnomaly: true })),
    ...ordinary.map((score) => ({ score, isAnomaly: false })),
  ].sort((a, b) => b.score - a.score);
  const points: (readonly [number, number])[] = [[0, 0]];
  let [hits, alarms] = [0, 0];
  for (const [i, { score, isAnomaly }] of all.entries()) {
    if (isAnomaly) hits++;
    else alarms++;
    if (all[i + 1]?.score !== score) points.push([alarms / ordinary.length, hits / anomalies.length]);
  }
  if (points.length <= CURVE_POINTS) return points;
  return Array.from(
    { length: CURVE_POINTS },
    (_, k) => points[Math.round(k * (points.length - 1) / (CURVE_POINTS - 1))]!,
  );
}

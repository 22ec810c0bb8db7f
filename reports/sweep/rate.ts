/** Rate and distortion of a sweep's variational codes: the KL divergence of each point against what is lost of a row. */
import { rated } from "../../core/analysis/rate_distortion.ts";
import type { SweepData } from "../../core/sweep/read.ts";
import { tradeOffChart } from "../charts/trade_off.ts";
import { count, error, ratio } from "../format.ts";
import { breakable, type Content, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { cut, type SweepPoint, valuesText } from "./points.ts";

/** The section's body; null where fewer than two points have variational codes. */
export function rateSection(sweep: SweepData, points: readonly SweepPoint[], numbering: Numbering): Content | null {
  const groups = points.map((key) => ({
    key,
    summaries: key.runs.flatMap(({ value, analysed: { summary } }) => value === null || !summary ? [] : [summary]),
  }));
  const found = rated(groups);
  if (found === null) return null;
  const { part, distortion } = found;
  const unit = distortion === "mean squared error" ? "" : ", nats a row";
  const several = found.groups.some(({ runs }) => runs.length > 1);
  const svg = tradeOffChart(
    found.groups.map(({ key, mean, runs, best }) => ({
      name: String(key.number),
      ...{ x: mean.rate, y: mean.distortion, best },
      runs: runs.map(({ rate, distortion }) => ({ x: rate, y: distortion })),
    })),
    {
      title: `${distortion} by KL divergence`,
      xLabel: "KL divergence of the code, nats a row",
      yLabel: `${distortion}${unit}, ${part} rows`,
    },
  );
  const figure = numbering.figure(
    svg,
    `What is lost of a row against the nats that its code takes, of the ${part} rows. The numbers are those of the points${
      several ? ", at the mean over the seeds; small dots are the runs" : ""
    }. The line joins the points that no other point beats in both.`,
  );
  const table = numbering.table({
    head: ["point", "seeds", "KL, nats a row", `${distortion}${unit}`, "beaten in both"],
    rows: found.groups.map(({ key, mean, runs, best }) => [
      breakable(cut(`${key.number}: ${valuesText(key.values, sweep.keys)}`, 90)),
      count(runs.length),
      ratio(mean.rate),
      error(mean.distortion),
      best ? "no" : "yes",
    ]),
    numeric: [1, 2, 3],
    stacked: true,
  }, `KL divergence and ${distortion} of the ${part} rows: means over the seeds, by rising KL divergence.`);
  return markup`<div class="grid">${figure}</div>${table}`;
}

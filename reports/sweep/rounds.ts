/** The rounds of a sweep with `prune`: what each compared, and which points went on. */
import type { ComparedPoint, SweepData, SweepRound } from "../../core/sweep/read.ts";
import { roundsChart } from "../charts/rounds.ts";
import { count, error, plural } from "../format.ts";
import { breakable, type Content, join, markup } from "../html.ts";
import type { Legend } from "../legend.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { color, seriesColor } from "../theme.ts";
import { cut, valuesText } from "./points.ts";

/** Points that are named in a cell at most. */
const NAMED = 6;

/** When the runs of a round were compared: "after epoch 3", "at their end". */
function momentOf({ compared }: SweepRound): string {
  const epochs = [...new Set(compared.map(({ epoch }) => epoch))];
  if (epochs.every((epoch) => epoch === null)) return "at their end";
  const known = epochs.filter((epoch) => epoch !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return low === high && known.length === epochs.length
    ? `after epoch ${count(low)}`
    : `after epoch ${count(low)} to ${known.length < epochs.length ? "their end" : count(high)}`;
}

const seedsOf = ({ compared }: SweepRound) => Math.max(0, ...compared.map(({ seeds }) => seeds));
const losses = (points: readonly ComparedPoint[]) => points.flatMap(({ mean }) => mean ?? []);

/** The section's body; null of a sweep without rounds. */
export function roundsSection(sweep: SweepData, numbering: Numbering): Content | null {
  const { rounds, keys } = sweep;
  if (rounds.length === 0) return null;
  const values = new Map(sweep.runs.map((run) => [run.point, run.values]));
  const nameOf = (point: number) => cut(`${point}: ${valuesText(values.get(point) ?? [], keys)}`, 90);
  const dots = rounds.flatMap(({ compared }, round) =>
    compared.map(({ point, mean, kept }) => ({ round, point, loss: mean ?? NaN, kept }))
  );
  const failed = dots.filter(({ loss }) => !Number.isFinite(loss)).length;
  const legend: Legend = [
    { name: "goes on", fill: seriesColor(0), shape: "circle" },
    { name: "is left out", fill: color("muted"), shape: "circle" },
  ];
  const names = rounds.map((round) => `round ${round.number}`);
  const figure = failed === dots.length ? missing("No point of a round has a finite loss.") : numbering.figure(
    roundsChart(dots, names),
    `The points in each round by the mean validation loss of their seeds, ${
      seedsText(rounds)
    }. Lines join the rounds of a point; that of a point which was left at the end of the last round is blue.${
      failed > 0 ? ` ${plural(failed, "point")} with a run that failed ${failed === 1 ? "is" : "are"} not drawn.` : ""
    }`,
    { legend },
  );
  const table = numbering.table({
    head: [
      "round",
      "compared",
      "seeds",
      "points",
      "smallest loss",
      "largest loss that went on",
      "went on",
      "points that went on",
    ],
    rows: rounds.map((round) => {
      const kept = round.compared.filter((each) => each.kept);
      const named = kept.slice(0, NAMED).map(({ point }) => breakable(nameOf(point)));
      const more = kept.length > NAMED ? [`and ${count(kept.length - NAMED)} more`] : [];
      return [
        `round ${count(round.number)}`,
        momentOf(round),
        count(seedsOf(round)),
        count(round.compared.length),
        ...[Math.min, Math.max].map((pick, i) => {
          const found = losses(i === 0 ? round.compared : kept);
          return found.length === 0 ? "–" : error(pick(...found));
        }),
        count(kept.length),
        join([...named, ...more], markup`<br>`),
      ];
    }),
    numeric: [2, 3, 4, 5, 6],
    stacked: true,
  }, "The rounds that have ended. Points that went on were trained further, with the same runs.");
  return markup`<div class="grid">${figure}</div>${table}`;
}

/** "of 1 to 3 seeds". */
function seedsText(rounds: readonly SweepRound[]): string {
  const seeds = rounds.map(seedsOf), most = Math.max(...seeds);
  return `of ${
    Math.min(...seeds) === most ? plural(most, "seed") : `${count(Math.min(...seeds))} to ${plural(most, "seed")}`
  }`;
}

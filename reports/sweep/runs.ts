/** All runs of a sweep. */
import type { SweepData } from "../../core/sweep/read.ts";
import { count, duration, number, plural } from "../format.ts";
import { breakable, type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { cut, reportedRuns } from "./points.ts";

/** Runs listed at most. */
const LISTED = 1000;
const STATUS = /^(finished|failed|stopped|running)$/;

export function runsSection(sweep: SweepData, numbering: Numbering): Html {
  const shown = sweep.runs.slice(0, LISTED);
  const table = numbering.numbers([[
    {
      head: ["run", "point", "seed", ...sweep.keys.map(breakable), "status", sweep.metric, "epochs", "time", "error"],
      rows: shown.map((run) => [
        breakable(run.analysed.name),
        count(run.point),
        run.analysed.seed === null ? "–" : String(run.analysed.seed),
        ...run.values.map((value) => breakable(cut(value, 120))),
        markup`<span class="badge ${
          run.status === "died" ? "failed" : STATUS.test(run.status) ? run.status : "unfinished"
        }">${run.status}</span>`,
        number(run.value),
        count(run.analysed.summary?.epochs ?? run.epochs.at(-1)?.epoch),
        duration(run.analysed.summary?.seconds.total),
        run.error,
      ]),
      numeric: [1, 2, sweep.keys.length + 4, sweep.keys.length + 5, sweep.keys.length + 6],
    },
    `The runs with their parameters and results.${
      shown.length < sweep.runs.length
        ? ` The first ${count(shown.length)} of them are listed; results.csv has all.`
        : ""
    }`,
  ]], `The ${plural(sweep.runs.length, "run")}`);
  const chosen = sweep.runs.length - reportedRuns(sweep).length;
  return markup`<p>Each run is a folder in the sweep’s folder, of which <code>report --run</code> makes a report of its own.${
    chosen > 0
      ? ` ${plural(chosen, "run")} by which points were chosen ${
        chosen === 1 ? "is" : "are"
      } in no figure of this page.`
      : ""
  }</p>
${table}`;
}

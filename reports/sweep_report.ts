/** The report of a sweep: the best points, what the parameters do, the statistics over seeds, and what failed. */
import { analyse, type Analysis } from "../core/analysis/groups.ts";
import { largerIsBetter } from "../core/analysis/metrics.ts";
import type { SweepData } from "../core/sweep/read.ts";
import { codeBlock, yaml } from "./config_view.ts";
import { count, duration, number, plural } from "./format.ts";
import { breakable, type Content, type Html, markup } from "./html.ts";
import { Numbering } from "./numbering.ts";
import { page, type Section } from "./page.ts";
import { sum } from "./series.ts";
import { bestSection } from "./sweep/best.ts";
import { groupsSection } from "./sweep/groups.ts";
import { parametersSection } from "./sweep/parameters.ts";
import { hasFailed, leftOut, ranked, reportedRuns, type SweepPoint, sweepPoints, valuesText } from "./sweep/points.ts";
import { roundsSection } from "./sweep/rounds.ts";
import { runsSection } from "./sweep/runs.ts";
import { rateSection } from "./sweep/rate.ts";
import { sizesSection } from "./sweep/sizes.ts";

/** Failed runs that are named at the top. */
const NAMED = 8;

function tile(name: string, value: Content, detail: Content): Html {
  return markup`<div><dt>${name}</dt><dd>${value}<small>${detail}</small></dd></div>\n`;
}

/** Whether the best point's lead over the second one is more than chance, as a sentence. */
function leadText(analysis: Analysis, points: readonly SweepPoint[]): string {
  const [, second] = ranked(points, analysis.metric);
  const found = analysis.comparisons.find(({ group }) =>
    second && group.every((text, i) => (text ?? "") === second.values[i])
  );
  if (!found?.t_interval) return "";
  const [low, high] = found.t_interval;
  const bounds = `95\u202f% interval ${number(low, 3)} to ${number(high, 3)}`;
  return low <= 0 && high >= 0
    ? ` Its lead over the second best may be chance: the mean difference over ${
      plural(found.seeds.length, "seed")
    } is ${number(found.mean_difference, 3)} (${bounds}).`
    : ` The second best differs by ${number(found.mean_difference, 3)} on the mean of ${
      plural(found.seeds.length, "seed")
    } (${bounds}).`;
}

function lede(sweep: SweepData, points: readonly SweepPoint[], analysis: Analysis): Content {
  const [best] = ranked(points, sweep.metric);
  if (!best) return "No run has finished yet, so there is no best point.";
  const measured = points.filter((point) => point.mean !== null).length;
  const spread = best.interval === null
    ? ` in ${plural(best.found.length, "run")}`
    : `, the mean of ${count(best.found.length)} seeds (95\u202f% interval ${number(best.interval[0])} to ${
      number(best.interval[1])
    })`;
  const which = largerIsBetter(sweep.metric) ? "largest" : "smallest";
  const what = measured > 1
    ? `The ${which} ${sweep.metric} of ${plural(measured, "point")}`
    : `The ${sweep.metric} of the ${sweep.rounds.length > 0 ? "point that is left" : "one point with finished runs"}`;
  return markup`${what} is <b>${number(best.mean)}</b>${spread}, with ${
    breakable(valuesText(best.values, sweep.keys))
  }.${leadText(analysis, points)}`;
}

function problems(sweep: SweepData): Content {
  const failed = sweep.runs.filter(hasFailed);
  // A run that prune has paused is not to be finished.
  const open = sweep.runs.filter((run) => !["finished", "paused"].includes(run.status) && !hasFailed(run));
  const states = new Map<string, number>();
  for (const { status } of open) states.set(status, (states.get(status) ?? 0) + 1);
  if (failed.length === 0 && open.length === 0 && sweep.problems.length === 0) return null;
  return markup`<div class="alert ${failed.length > 0 ? "failed" : ""}">${
    failed.length > 0
      ? markup`<p><b>${count(failed.length)} of ${
        plural(sweep.runs.length, "run")
      } failed.</b> They are in no mean.</p><ul>${
        failed.slice(0, NAMED).map((run) =>
          markup`<li><span class="mono">${breakable(run.analysed.name)}</span>: ${
            run.error || run.analysed.summary?.reason ||
            (run.status === "finished" ? "the metric is not finite" : run.status)
          }</li>`
        )
      }${failed.length > NAMED ? markup`<li>and ${count(failed.length - NAMED)} more</li>` : null}</ul>`
      : null
  }${
    open.length > 0
      ? markup`<p><b>${plural(open.length, "run")} ${open.length === 1 ? "is" : "are"} not finished</b> (${
        [...states].map(([name, n]) => `${name}: ${count(n)}`).join(", ")
      }).</p>`
      : null
  }${
    sweep.problems.length > 0
      ? markup`<p><b>Some files could not be read completely:</b></p><ul>${
        sweep.problems.slice(0, NAMED).map((text) => markup`<li>${text}</li>`)
      }</ul>`
      : null
  }</div>\n`;
}

function tiles(sweep: SweepData, points: readonly SweepPoint[]): Html {
  const finished = sweep.runs.filter((run) => run.status === "finished" && run.value !== null).length;
  const failed = sweep.runs.filter(hasFailed).length;
  const seeds = new Set(sweep.runs.map((run) => run.analysed.seed)).size;
  const seconds = sum(sweep.runs.map((run) => run.analysed.summary?.seconds.total ?? 0));
  return markup`<dl class="tiles">
${
    tile(
      "Points",
      count(points.length),
      leftOut(sweep) > 0 ? `and ${count(leftOut(sweep))} left out by prune` : plural(sweep.keys.length, "parameter"),
    )
  }
${tile("Seeds", count(seeds), "different ones")}
${tile("Runs finished", count(finished), `of ${count(sweep.runs.length)}`)}
${tile("Runs failed", count(failed), failed === 0 ? "none" : "named above")}
${tile("Time", duration(seconds), "sum over the runs")}
</dl>`;
}

/** One static HTML document about a sweep. The same folder gives the same text. */
export function renderSweep(sweep: SweepData): string {
  const numbering = new Numbering(sweep.name);
  const points = sweepPoints(sweep);
  const analysis = analyse(reportedRuns(sweep).map((run) => run.analysed), sweep.metric, sweep.keys);
  const header = markup`<header>
<p class="kicker">Sweep report · ${sweep.metric}, ${largerIsBetter(sweep.metric) ? "larger" : "smaller"} is better</p>
<div class="title"><h1>${breakable(sweep.name)}</h1></div>
<p class="lede">${lede(sweep, points, analysis)}</p>
${problems(sweep)}${tiles(sweep, points)}
</header>`;
  const lines = sweep.configText.trimEnd().split("\n").length;
  const own = (id: string, title: string, body: Content | null): Section[] =>
    body === null ? [] : [{ id, title, body }];
  const sections: Section[] = [
    { id: "best", title: "Best points", body: bestSection(sweep, points, numbering) },
    ...own("rounds", "Rounds of prune", roundsSection(sweep, numbering)),
    { id: "parameters", title: "Parameters", body: parametersSection(sweep, points, numbering) },
    ...own("sizes", "Latent size", sizesSection(sweep, points, numbering)),
    ...own("rate", "Rate and distortion", rateSection(sweep, points, numbering)),
    { id: "statistics", title: "Statistics", body: groupsSection(analysis, numbering) },
    { id: "runs", title: "Runs", body: runsSection(sweep, numbering), appendix: true },
    {
      id: "config",
      title: "Config",
      body: markup`<details><summary>sweep.yaml (${plural(lines, "line")})</summary>
${codeBlock(yaml(sweep.configText.trimEnd()))}</details>`,
      appendix: true,
    },
  ];
  return page(`${sweep.name} · sweep report`, header, sections);
}

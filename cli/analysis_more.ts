/** What `analyze` prints besides the statistics of a metric: learning curves, times to a loss, costs, latent spaces. */
import { costOf } from "../core/analysis/cost.ts";
import { type Alignment, curveOf, timeToLoss } from "../core/analysis/curves.ts";
import type { GroupedRuns } from "../core/analysis/groups.ts";
import { bySize, commonPart, latentSizeOf, type OverSeeds } from "../core/analysis/latent_sizes.ts";
import { compareLatents, FOUND_AGAIN, type LatentGroup } from "../core/analysis/latents.ts";
import { countText, percentText } from "../core/figures.ts";
import { tell } from "../core/output.ts";
import { titles } from "./analysis_text.ts";
import { table } from "./dry_run.ts";
import { clock, short } from "./progress.ts";

/** A table of figures of groups. */
export interface GroupTable {
  /** The key of its rows in JSON. */
  readonly name: "curves" | "time_to_loss" | "cost" | "latents" | "sizes";
  readonly title: string;
  /** Rows with all digits, for JSON and CSV. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Columns after those of the groups' keys. */
  readonly columns: readonly string[];
  readonly cells: readonly (readonly (string | number | null)[])[];
  /** Lines of text. */
  readonly lines: readonly string[];
}

const shownValue = (text: string | null) => text ?? "-";

interface Drawn {
  readonly name: GroupTable["name"];
  readonly title: string;
  readonly keys: readonly string[];
  readonly columns: readonly string[];
  /** Of each row: the group's values, cells with all digits, and cells as they are shown. */
  readonly rows: readonly {
    readonly values: readonly (string | null)[];
    readonly cells: readonly (string | number | null)[];
    readonly shown: readonly string[];
  }[];
  /** What the columns are called in JSON. */
  readonly names: readonly string[];
  readonly notes?: readonly string[];
}

function drawn({ name, title, keys, columns, rows, names, notes = [] }: Drawn): GroupTable {
  const head = titles(keys);
  const right = columns.map((_, i) => head.length + i);
  const text = table(
    [...head, ...columns],
    rows.map(({ values, shown }) => [...values.map(shownValue), ...shown]),
    right,
  );
  return {
    name,
    title,
    rows: rows.map(({ values, cells }) => ({
      values,
      ...Object.fromEntries(names.map((each, i) => [each, cells[i]])),
    })),
    columns: names,
    cells: rows.map(({ values, cells }) => [...values, ...cells]),
    lines: [title, ...text, ...notes.map((note) => `  ${note}`)],
  };
}

const number = (value: number | null) => value === null ? "-" : short(value);

/** Places of a curve that are printed as text; JSON and CSV have all of them. */
const SHOWN = 10;

/** The mean losses of each group at aligned places. */
export async function curvesTable(
  groups: readonly GroupedRuns[],
  keys: readonly string[],
  by: Alignment,
): Promise<GroupTable> {
  const rows: Drawn["rows"][number][] = [];
  const shownRows: Drawn["rows"][number][] = [];
  for (const { values, runs } of groups) {
    const curve = await curveOf(runs, by);
    const every = Math.max(1, Math.ceil((curve.length - 1) / SHOWN));
    for (const [i, { at, n, mean, t_interval }] of curve.entries()) {
      const place = by === "seconds" ? at.toFixed(1) : countText(at);
      const bounds = t_interval ? `${short(t_interval[0])} .. ${short(t_interval[1])}` : "-";
      const row = {
        values,
        cells: [at, n, mean, ...t_interval ?? [null, null]],
        shown: [place, String(n), short(mean), bounds],
      };
      rows.push(row);
      if ((curve.length - 1 - i) % every === 0) shownRows.push(row);
    }
  }
  const about = {
    name: "curves" as const,
    title:
      `mean loss by ${by}: of the validation rows, else of the training rows; each run as of its last epoch by then`,
    keys,
    columns: [by, "n", "mean loss", "95 % t interval"],
    names: [by, "n", "mean", "t_low", "t_high"],
  };
  const whole = drawn({ ...about, rows });
  return { ...whole, lines: drawn({ ...about, rows: shownRows }).lines };
}

export async function timeTable(
  groups: readonly GroupedRuns[],
  keys: readonly string[],
  loss: number,
): Promise<GroupTable> {
  const rows = await Promise.all(groups.map(async ({ values, runs }) => {
    const { reached, epochs, steps, seconds } = await timeToLoss(runs, loss);
    const cells = [runs.length, reached, epochs, steps, seconds];
    const whole = (value: number | null) => value === null ? "-" : String(value);
    const shown = [...[runs.length, reached].map(String), whole(epochs), whole(steps), number(seconds)];
    return { values, cells, shown };
  }));
  return drawn({
    name: "time_to_loss",
    title: `time to a loss of ${loss}: medians of the runs that have reached it`,
    keys,
    columns: ["runs", "reached it", "epochs", "steps", "seconds"],
    names: ["runs", "reached", "epochs", "steps", "seconds"],
    rows,
    notes: rows.some(({ cells: [runs, reached] }) => reached! < runs!)
      ? ["Runs that have not reached it would take longer: compare medians only where as many have."]
      : [],
  });
}

export async function costTable(groups: readonly GroupedRuns[], keys: readonly string[]): Promise<GroupTable> {
  const rows = await Promise.all(groups.map(async ({ values, runs }) => {
    const { runs: ended, seconds, thread_seconds } = await costOf(runs);
    const shown = [String(ended), clock(seconds), thread_seconds === null ? "-" : clock(thread_seconds)];
    return { values, cells: [ended, seconds, thread_seconds], shown };
  }));
  return drawn({
    name: "cost",
    title: "cost: time of all runs that have ended, and that time for each of their threads",
    keys,
    columns: ["runs", "time", "time x threads"],
    names: ["runs", "seconds", "thread_seconds"],
    rows,
  });
}

/** Errors of the finished runs of each group by the size of their latent vector, beside PCA of the same size. */
export async function sizesTable(groups: readonly GroupedRuns[], keys: readonly string[]): Promise<GroupTable> {
  const sized = await Promise.all(groups.map(async ({ values, runs }) => ({
    values,
    runs: await Promise.all(
      runs.filter(({ status, summary }) => status === "finished" && summary !== null)
        .map(async ({ path, summary }) => ({ size: await latentSizeOf(path), summary })),
    ),
  })));
  const all = sized.flatMap(({ runs }) => runs);
  const part = commonPart(all.map(({ summary }) => summary!));
  const interval = ({ t_interval: found }: OverSeeds) => found ? `${short(found[0])} .. ${short(found[1])}` : "-";
  const rows = part === null
    ? []
    : sized.flatMap(({ values, runs }) =>
      bySize(runs, part).map(({ size, mse, r2, pca }) => ({
        values,
        cells: [
          ...[size, mse.values.length, mse.mean, ...mse.t_interval ?? [null, null]],
          ...[r2.mean, ...r2.t_interval ?? [null, null], pca?.mse.mean ?? null, pca?.r2.mean ?? null],
        ],
        shown: [
          ...[String(size), String(mse.values.length), short(mse.mean), interval(mse), short(r2.mean), interval(r2)],
          ...[number(pca?.mse.mean ?? null), number(pca?.r2.mean ?? null)],
        ],
      }))
    );
  const unknown = all.filter(({ size }) => size === null).length;
  return drawn({
    name: "sizes",
    title: `error by the size of the latent vector: ${part ?? "no"} rows, beside PCA with as many components`,
    keys,
    columns: ["latent size", "n", "mean MSE", "95 % t interval", "mean R2", "95 % t interval", "PCA MSE", "PCA R2"],
    names: ["latent_size", "n", "mse", "mse_low", "mse_high", "r2", "r2_low", "r2_high", "pca_mse", "pca_r2"],
    rows,
    notes: [
      ...part === null ? ["There is no part of the data of which all finished runs have metrics."] : [],
      ...unknown > 0 ? [`Runs whose model.json does not say their latent size are left out: ${unknown}.`] : [],
    ],
  });
}

/** The latent spaces of the finished runs of each group, compared pair by pair. */
export async function latentTable(
  groups: readonly GroupedRuns[],
  keys: readonly string[],
): Promise<GroupTable & { readonly groups: readonly LatentGroup[] }> {
  const told = new Set<string>();
  const note = (text: string) => {
    if (!told.has(text)) tell(`narrows: ${text}`);
    told.add(text);
  };
  const found: LatentGroup[] = [];
  for (const { values, runs } of groups) {
    found.push(await compareLatents(values, runs.filter(({ status }) => status === "finished"), note));
  }
  const rows = found.map((group) => {
    const { values, runs, rows, pairs, cka, procrustes, found_again } = group;
    const again = found_again === null ? "-" : percentText(found_again);
    const shown = [String(runs), String(pairs.length), countText(rows), number(cka), number(procrustes), again];
    return { values, cells: [runs, pairs.length, rows, cka, procrustes, found_again], shown };
  });
  const single = found.filter(({ pairs }) => pairs.length === 0).length;
  const drawing = drawn({
    name: "latents",
    title:
      "latent spaces of the finished runs of a group, compared pair by pair over the same rows: means of the pairs",
    keys,
    columns: ["runs", "pairs", "rows", "CKA", "Procrustes", "found again"],
    names: ["runs", "pairs", "rows", "cka", "procrustes", "found_again"],
    rows: rows.filter(({ cells: [, pairs] }) => pairs! > 0),
    notes: [
      ...single > 0 ? [`Groups without two finished runs are left out: ${single}.`] : [],
      "CKA is 1 and Procrustes 0 where one space is the other one rotated, scaled and shifted.",
      `Found again: latents whose absolute correlation with their match in the other run is at least ${FOUND_AGAIN}.`,
    ],
  });
  return { ...drawing, rows: found.map((group) => ({ ...group })), groups: found };
}

/** bench/results/*.json -> docs/performance.md and its plots. */
import { basename, dirname, join } from "@std/path";
import { compareLines } from "../reports/charts/compare_lines.ts";
import { isFile } from "../core/formats/file.ts";
import { parseJson } from "../core/formats/json.ts";
import { seriesColor, THEME_CSS } from "../reports/theme.ts";
import { SERIES, withSeries } from "./locality_page.ts";
import { GOAL_HEADINGS, goalCells, rowCells, rowHeadings, shown } from "./print.ts";
import type { Machine, Result } from "./run.ts";
import type { Plot } from "./types.ts";
import { WORKLOADS } from "./workloads/mod.ts";

/** All results of a folder, in the order of the workloads. */
export async function readResults(folder: string): Promise<Result[]> {
  const results: Result[] = [];
  for (const { name } of WORKLOADS) {
    const path = join(folder, `${name}.json`);
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = await Deno.readFile(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      throw error;
    }
    results.push(parseJson(bytes, path) as Result);
  }
  return results;
}

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;

/** A Markdown table without the columns that are empty in every row. */
export function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const used = headings.map((_, i) => i).filter((i) => rows.some((row) => row[i] !== ""));
  const pick = (cells: readonly string[]) => used.map((i) => cells[i]!);
  return [line(pick(headings)), `|${"---|".repeat(used.length)}`, ...rows.map((row) => line(pick(row)))].join("\n");
}

/** Each side has one colour in all plots; a second curve of the same side is dashed. */
const SIDES = ["narrows, factored", "narrows, dense", "PyTorch"];
const sideOf = (name: string) => SIDES.findIndex((side) => name.startsWith(side));

/** A complete SVG file with its own colours, for light and dark mode. */
export function plotFile(plot: Plot): string {
  const svg = compareLines(
    plot.curves.map((curve, i, all) => ({
      name: curve.name,
      tag: curve.name,
      stroke: seriesColor(Math.max(0, sideOf(curve.name))),
      dash: all.slice(0, i).some(({ name }) => sideOf(name) === sideOf(curve.name)) ? "5,4" : null,
      points: curve.points,
    })),
    { title: plot.title, xLabel: plot.x, yLabel: plot.y, scale: "auto", xScale: plot.log ? "log" : "linear" },
  );
  const style = `<style>${THEME_CSS}svg{background:var(--page);color:var(--ink)}</style>`;
  return svg.replace(/(<svg[^>]*>)/, `$1${style}`) + "\n";
}

function machineLines({ cpu, cores, memory_bytes, isa, limits, ...machine }: Machine): string {
  const { device = "cpu" } = machine.peer ?? {};
  const unit = device === "cpu" ? machine.peer?.isa : `models on ${device}`;
  const peer = machine.peer === null ? "no peer" : `PyTorch ${machine.peer.torch} (${unit}), NumPy ` +
    `${machine.peer.numpy}, SciPy ${machine.peer.scipy}, Python ${machine.peer.python}`;
  return [
    `- ${cpu}, ${cores} cores, ${Math.round(memory_bytes / 1e9)} GB; ${machine.threads} threads on both sides`,
    `- narrows ${machine.narrows}${
      machine.git_commit ? ` (${machine.git_commit.slice(0, 12)})` : ""
    }, kernels ${isa}, ` +
    `${machine.compiler}, Deno ${machine.deno}`,
    `- ${peer}`,
    `- limits measured in the same run: ${shown(limits.f32_gflops)} GFLOP/s f32, ${
      shown(limits.bf16_gflops)
    } GFLOP/s ` +
    `bf16 dot products, ${shown(limits.memory_gbps)} GB/s`,
    `- \`${machine.command}\`, ${machine.measured_at.slice(0, 10)}`,
  ].join("\n");
}

/** Results measured together are described together. */
function machines(results: readonly Result[]): string {
  const groups = Map.groupBy(results, ({ machine }) => machineLines(machine));
  return [...groups].map(([text, members]) =>
    groups.size === 1 ? text : `${members.map((result) => result.name).join(", ")}:\n\n${text}`
  ).join("\n\n");
}

/** Where the peer's models ran, if not on the CPU. */
function deviceOf(results: readonly Result[]): string | null {
  const found = results.map(({ machine }) => machine.peer?.device).find((name) => name !== undefined && name !== "cpu");
  return found === undefined ? null : String(found);
}

function preface(device: string | null): string {
  const targets = device === null
    ? "targets made dense by SciPy"
    : `targets made dense on the ${device}, where the models are and to which only non-zeros are copied`;
  return `# Performance${device === null ? "" : ` beside PyTorch on ${device}`}

This page is made by \`deno task bench --peer PYTHON\` from the measured results. Do not edit it.

- **Figures:** The two programs take turns in one run on one machine. Each figure is a median, followed by the smallest and the
  largest value. A ratio above 1 means that narrows is faster, or needs less memory.
- **Floor:** The floor is the shortest time of a step that the measured limits of the machine allow. It consists of the products
  at the peak rate of multiply-adds and of one read and one write, at the peak rate of memory, of the weights and moments of the
  output layer. Under the factored solver, the memory is that of both layers for the columns that a batch touches. "Share of the
  floor" is the floor divided by the measured time.
- **PyTorch** runs in the fastest form that we know: fused Adam, gradients set to None, ${targets}, and an input layer
  that reads the same dense batch or sums up the weights of the batch's non-zeros (embedding_bag), whichever is faster.
- **Checks:** Before anything is timed, the results of narrows are compared with plain arithmetic in double precision.`;
}

function section(result: Result): string {
  const parts = [`## ${result.title}`];
  if (result.mode === "quick") parts.push("These figures are from a quick run and are only a rough estimate.");
  if (result.rows.length > 0) parts.push(markdownTable(rowHeadings(result), result.rows.map(rowCells)));
  for (const plot of result.plots) parts.push(`![${plot.title}](performance/${plot.file})`);
  if (result.notes.length > 0) parts.push(result.notes.map((note) => `- ${note}`).join("\n"));
  return parts.join("\n\n");
}

export function page(results: readonly Result[]): string {
  const goals = results.flatMap((result) => result.goals);
  const parts = [preface(deviceOf(results))];
  if (goals.length > 0) parts.push("## Goals", markdownTable(GOAL_HEADINGS, goals.map(goalCells)));
  parts.push(...results.map(section));
  if (results.length > 0) parts.push("## Machine and versions", machines(results));
  return parts.join("\n\n") + "\n";
}

/** Writes the page, and its plots into a folder of the page's name beside it. */
export async function writePage(results: readonly Result[], path: string): Promise<void> {
  const folder = join(dirname(path), basename(path, ".md"));
  const plots = results.flatMap((result) => result.plots);
  if (plots.length > 0) await Deno.mkdir(folder, { recursive: true });
  for (const plot of plots) await Deno.writeTextFile(join(folder, plot.file), plotFile(plot));
  await Deno.writeTextFile(path, page(results));
  const series = results.filter(({ name }) => SERIES.includes(name));
  const beside = join(dirname(path), "locality.md");
  if (series.length === 0 || !isFile(beside)) return;
  const text = await Deno.readTextFile(beside);
  await Deno.writeTextFile(beside, series.reduce((made, result) => withSeries(made, result, markdownTable), text));
}

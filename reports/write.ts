/** Reports as files. */
import { dirname, join } from "@std/path";
import { makeFolder, writeFileAtomic } from "../core/runs/atomic.ts";
import { readRun } from "../core/runs/read.ts";
import { SIDE_BY_SIDE } from "./compare_rows.ts";
import { renderComparison } from "./comparison.ts";
import type { DataView } from "./data/view.ts";
import { renderData } from "./data_page.ts";
import { isSweepFolder, readSweepFolder } from "../core/sweep/read.ts";
import { renderRunReport } from "./run_report.ts";
import { renderSweep } from "./sweep_report.ts";

export { isSweepFolder as isSweep };

async function write(path: string, text: string): Promise<string> {
  await makeFolder(dirname(path));
  await writeFileAtomic(path, text);
  return path;
}

/**
 * Reads a run folder and writes its report.
 * @param output default `runDir/report.html`
 * @returns the path written
 * @throws UserError where the folder is no run or the file cannot be written
 */
export async function writeReport(runDir: string, output: string = join(runDir, "report.html")): Promise<string> {
  return await write(output, renderRunReport(await readRun(runDir)));
}

/** The page that compares several runs. Of the first ones the rows are read that are drawn side by side. */
async function comparisonOf(runDirs: readonly string[]): Promise<string> {
  const read = (dir: string, i: number) => readRun(dir, { brief: true, also: i < SIDE_BY_SIDE ? ["rows"] : [] });
  return renderComparison(await Promise.all(runDirs.map(read)));
}

/** Reads several run folders and writes the page that compares them; like writeReport otherwise. */
export async function writeComparison(runDirs: readonly string[], output: string): Promise<string> {
  return await write(output, await comparisonOf(runDirs));
}

/** The report of a run, of a sweep, or of several runs that are compared, as text. @throws UserError as the others */
export async function reportText(folders: readonly string[]): Promise<string> {
  const [first] = folders;
  if (folders.length > 1) return await comparisonOf(folders);
  return isSweepFolder(first!) ? renderSweep(await readSweepFolder(first!)) : renderRunReport(await readRun(first!));
}

/**
 * Writes the report of a run, of a sweep, or of several runs that are compared.
 * @param output default report.html in the folder, or comparison.html beside the first of several
 */
export async function writeReportOf(folders: readonly string[], output?: string): Promise<string> {
  const [first] = folders;
  const usual = folders.length > 1 ? join(dirname(first!), "comparison.html") : join(first!, "report.html");
  return await write(output ?? usual, await reportText(folders));
}

/** Writes the page about data. @throws UserError where the file cannot be written */
export const writeDataPage = (data: DataView, output: string): Promise<string> => write(output, renderData(data));

/**
 * Reads a sweep's folder and writes the report of the sweep.
 * @param output default `folder/report.html`
 * @throws UserError where the folder is no sweep's or has no results yet, or the file cannot be written
 */
export async function writeSweepReport(folder: string, output: string = join(folder, "report.html")): Promise<string> {
  return await write(output, renderSweep(await readSweepFolder(folder)));
}

/** Reports as files. */
import { dirname, join } from "@std/path";
import { UserError } from "../core/errors.ts";
import { readRun } from "../core/runs/read.ts";
import { renderComparison } from "./comparison.ts";
import { renderRunReport } from "./run_report.ts";

/** Writes beside the target and renames, so that a full disk leaves an older report as it was. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(temporary, text);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw new UserError(
      path,
      `cannot write the report: ${error instanceof Error ? error.message : error}`,
      undefined,
      1,
    );
  }
}

/**
 * Reads a run folder and writes its report.
 * @param output default `runDir/report.html`
 * @returns the path written
 * @throws UserError where the folder is no run or the file cannot be written
 */
export async function writeReport(runDir: string, output: string = join(runDir, "report.html")): Promise<string> {
  await writeWhole(output, renderRunReport(await readRun(runDir)));
  return output;
}

/** Reads several run folders and writes the page that compares them; like writeReport otherwise. */
export async function writeComparison(runDirs: readonly string[], output: string): Promise<string> {
  await writeWhole(output, renderComparison(await Promise.all(runDirs.map((dir) => readRun(dir)))));
  return output;
}

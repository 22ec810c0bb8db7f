/** `paths.output`: the reconstructions of a finished run, in a folder of their own. */
import { basename, join } from "@std/path";
import { restoreRun } from "../train/restore.ts";
import { reconstructTo } from "./reconstruct.ts";
import { shapeOf } from "./row_form.ts";

/**
 * Writes the reconstructions of all rows below `output`, in a folder with the run's name: pictures and recordings as such, other
 * rows as reconstructions.npy.
 * @returns the folder or file
 * @throws {UserError}
 */
export async function writeOutput(runDir: string, output: string, note: (text: string) => void): Promise<string> {
  using restored = await restoreRun(runDir, { note });
  const [channels, ...axes] = shapeOf(restored);
  const isPicture = axes.length === 2 && (channels === 1 || channels === 3);
  const isSeen = isPicture || (axes.length < 2 && restored.source.rateHz !== null);
  const folder = join(output, basename(runDir)), path = isSeen ? folder : join(folder, "reconstructions.npy");
  await Deno.mkdir(isSeen ? output : folder, { recursive: true });
  await reconstructTo(restored, "all", path, null);
  return path;
}

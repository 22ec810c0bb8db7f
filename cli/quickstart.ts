/** The config that is used when none is named: on data in the repository. */
import { dirname, fromFileUrl, join } from "@std/path";
import { cacheFolder } from "../core/data/open.ts";
import { makeFolder, namesIn, writeAtomically } from "../core/formats/file.ts";
import { attempt } from "../core/formats/io_error.ts";
import { VERSION } from "../core/version.ts";

const CONFIG = "configs/quickstart.yaml", DATA = "data/hsmm";
const PROJECT = fromFileUrl(new URL("../", import.meta.url));

/** Its path. The compiled program holds it and its data where the engine, which maps files, does not see them. */
export async function quickstart(): Promise<string> {
  if (!Deno.build.standalone) return join(PROJECT, CONFIG);
  return await unpacked(PROJECT, join(cacheFolder({ cache: null }), `quickstart-${VERSION}`));
}

/**
 * Copies the config and its data, unless they are there.
 * @returns the path of the config's copy
 */
export async function unpacked(from: string, into: string): Promise<string> {
  const data = (await namesIn(join(from, DATA))).map((name) => `${DATA}/${name}`);
  for (const file of [CONFIG, ...data]) {
    const path = join(into, file);
    const bytes = await attempt(join(from, file), "read", () => Deno.readFile(join(from, file)));
    if (await Deno.stat(path).then(({ size }) => size === bytes.length, () => false)) continue;
    await makeFolder(dirname(path));
    await writeAtomically(path, (out) => out.write(bytes));
  }
  return join(into, CONFIG);
}

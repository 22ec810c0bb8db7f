/** The source files that the architecture tests read. */
import { fromFileUrl, join } from "@std/path";

export const ROOT = fromFileUrl(new URL("../..", import.meta.url)).replace(/\/$/, "");

const OUTPUT = new Set(["build", "runs", "node_modules"]);

/** Files under `folder` whose path ends in one of `endings`, as paths from the root with /, sorted. */
export function filesUnder(folder: string, endings: readonly string[]): string[] {
  const found: string[] = [];
  const visit = (inside: string) => {
    for (const { name, isDirectory, isFile } of Deno.readDirSync(join(ROOT, inside))) {
      const path = inside ? `${inside}/${name}` : name;
      const hidden = name.startsWith(".") && name !== ".ci";
      if (isDirectory && !hidden && !(inside === "" && OUTPUT.has(name))) visit(path);
      if (isFile && endings.some((ending) => path.endsWith(ending))) found.push(path);
    }
  };
  visit(folder);
  return found.sort();
}

export const readText = (path: string): string => Deno.readTextFileSync(join(ROOT, path));

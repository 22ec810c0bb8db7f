/** `--override a.b=v`: one key set over all files, its value typed as YAML. */
import { ConfigError, type Problem, problem } from "./error.ts";
import { parseValue } from "./parse.ts";
import { type MapNode, setAt, splitPath, whereOf } from "./tree.ts";

/** @param folder what paths in overrides start from, absolute */
export function applyOverrides(tree: MapNode, overrides: readonly string[], folder: string): MapNode {
  const problems: Problem[] = [];
  let result = tree;
  for (const text of overrides) {
    const origin = { source: text, folder };
    const equals = text.indexOf("=");
    const path = text.slice(0, equals).trim();
    try {
      if (equals < 0 || !/^[^.\s]+(\.[^.\s]+)*$/.test(path)) {
        throw problem(whereOf(origin), "an override must be key=value", "as in --override training.epochs=3");
      }
      if (path === "extends") throw problem(whereOf(origin), "extends can be set in a file only");
      result = setAt(result, splitPath(path), parseValue(text.slice(equals + 1), origin)) as MapNode;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return result;
}

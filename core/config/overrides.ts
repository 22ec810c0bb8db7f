/** `--override a.b=v`: one key set over all files, its value a YAML scalar, or a list or map in flow form. */
import { forEach, problem } from "./error.ts";
import { parseCommandValue } from "./flow.ts";
import { schemaAt } from "./json_schema.ts";
import { type MapNode, setAt, splitPath, toValue, whereOf } from "./tree.ts";

/** @param folder what paths in overrides start from, absolute */
export function applyOverrides(tree: MapNode, overrides: readonly string[], folder: string): MapNode {
  let result = tree;
  forEach(overrides, (text) => {
    const origin = { source: text, folder };
    const equals = text.indexOf("=");
    const path = text.slice(0, equals).trim();
    if (equals < 0 || !/^[^.\s]+(\.[^.\s]+)*$/.test(path)) {
      throw problem(whereOf(origin), "an override must be key=value", "as in --override training.epochs=3");
    }
    if (path === "extends") throw problem(whereOf(origin), "extends can be set in a file only");
    const keys = splitPath(path);
    const value = parseCommandValue(text.slice(equals + 1), origin, schemaAt(keys, toValue(result)));
    result = setAt(result, keys, value) as MapNode;
  });
  return result;
}

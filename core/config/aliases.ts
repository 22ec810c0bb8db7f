/** Keys that stand for others: a program that turns one folder into another has its folders in one section. */
import { problem } from "./error.ts";
import { entryAt, type MapNode, setAt, whereOf } from "./tree.ts";

const ALIASES = { "paths.input": "data.path", "paths.models": "paths.runs" } as const;

/** The tree with the keys that are meant. @throws {ConfigError} where both are set */
export function applyAliases(tree: MapNode): MapNode {
  let result = tree;
  for (const [alias, meant] of Object.entries(ALIASES)) {
    const entry = entryAt(tree, alias.split("."));
    if (entry === undefined || (entry.node.kind === "scalar" && entry.node.value === null)) continue;
    if (entryAt(tree, meant.split(".")) !== undefined) {
      throw problem(
        whereOf(entry.key),
        `${alias} is another name of ${meant}, and both are set`,
        "leave one of them out",
      );
    }
    result = setAt(result, meant.split("."), entry.node, entry.key) as MapNode;
  }
  return result;
}

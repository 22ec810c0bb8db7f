/** Values of another file, such as a sweep's, that are set in a config and keep the place where they were written. */
import { forEach, problem } from "./error.ts";
import { entryAt, type MapNode, merge, type Node, type Origin, setAt, splitPath, whereOf } from "./tree.ts";

export interface Setting {
  /** A dotted key; elements of lists are numbered from 0. */
  readonly path: string;
  readonly value: Node;
  /** Where the key was written. */
  readonly key: Origin;
}

/**
 * The tree with the settings on it. A map is merged with the map that is there, as a file's is with that of the file it
 * extends; layers and other elements of lists are replaced.
 */
export function applySettings(tree: MapNode, settings: readonly Setting[]): MapNode {
  let result = tree;
  forEach(settings, ({ path, value, key }) => {
    if (!/^[^.\s]+(\.[^.\s]+)*$/.test(path)) {
      throw problem(whereOf(key), `${path || "an empty text"} is no key of a config`, "as in training.epochs");
    }
    if (path === "extends") throw problem(whereOf(key), "extends can be set in a config file only");
    const keys = splitPath(path);
    const below = keys.some((name) => /^\d+$/.test(name)) ? undefined : entryAt(result, keys)?.node;
    result = setAt(result, keys, below?.kind === "map" ? merge(below, value) : value, key) as MapNode;
  });
  return result;
}

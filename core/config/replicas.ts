/** `training.replicas`: the configs of several runs that are trained on the same batches. */
import { problem } from "./error.ts";
import { applySettings, type Setting } from "./settings.ts";
import { type Entry, entryAt, isUnder, type MapNode, type Node, type Origin, whereOf } from "./tree.ts";

/** How many runs `training.replicas` stands for. */
export const replicaCount = (replicas: number | readonly unknown[]): number =>
  typeof replicas === "number" ? replicas : replicas.length;

/** What all replicas have in common, since they are fed the same batches by one process. */
const COMMON = ["data", "runtime", "paths", "extends", "training.replicas"];

const scalarOf = (root: MapNode, path: string) => {
  const node = entryAt(root, path.split("."))?.node;
  return node?.kind === "scalar" ? node.value : undefined;
};

function setting(path: string, value: string | number | null, origin: Origin): Setting {
  return { path, value: { kind: "scalar", origin, value }, key: origin };
}

/** What one replica has for itself. */
function ownSettings(replicas: Node, index: number): Setting[] {
  const own = replicas.kind === "list" ? replicas.items[index] : undefined;
  if (own?.kind !== "map") return [];
  return [...own.entries].map(([path, { key, node }]: [string, Entry]) => {
    const common = COMMON.find((each) => isUnder(path, each) || (path === "training" && isUnder(each, path)));
    if (common !== undefined) {
      throw problem(
        whereOf(key),
        `training.replicas.${index}: ${path} cannot differ, since replicas are trained on the same batches`,
        "set it for all of them, or train another run",
      );
    }
    return { path, value: node, key };
  });
}

/**
 * The tree of one replica, an ordinary run: with what it has for itself, with the seed of the rows that all have in common, and with a
 * name of its own.
 * @param index from 0 on
 * @param fallback the name where none is set
 * @throws {ConfigError} where a replica sets what all have in common
 */
export function replicaTree(root: MapNode, index: number, fallback: string): MapNode {
  const replicas = entryAt(root, ["training", "replicas"])?.node;
  if (replicas === undefined) return root;
  const { origin } = replicas;
  const seed = scalarOf(root, "seed") ?? 0;
  const own = ownSettings(replicas, index);
  const isCount = replicas.kind === "scalar" && typeof seed === "number";
  const isNamed = own.some(({ path }) => path === "name");
  const name = `${String(scalarOf(root, "name") ?? fallback).slice(0, 64 - 11)}-replica-${index + 1}`;
  const settings = [
    ...entryAt(root, ["data", "seed"]) ? [] : [setting("data.seed", seed as number, origin)],
    ...isCount ? [setting("seed", seed + index, origin)] : [],
    ...own,
    ...isNamed ? [] : [setting("name", name, origin)],
    setting("training.replicas", null, origin),
  ];
  return applySettings(root, settings) as MapNode;
}

/** The parameters of a sweep: what is tried for a key of the config, and under which conditions. */
import { show, showFlow } from "../config/show.ts";
import { type Entry, type MapNode, type Node, type Origin, toValue } from "../config/tree.ts";
import { nearest } from "../config/nearest.ts";
import { MapReader, type Problems } from "./reading.ts";

/** A parameter that another one depends on, and the values of it with which the other one is tried. */
export interface Condition {
  /** The place of the parameter in the list. */
  readonly parameter: number;
  readonly values: readonly Node[];
}

/** A key of the config and what is tried for it. */
export type Parameter =
  & { readonly path: string; readonly key: Origin; readonly when: readonly Condition[] }
  & (
    | { readonly kind: "list"; readonly values: readonly Node[] }
    | { readonly kind: "range"; readonly min: number; readonly max: number; readonly log: boolean; readonly at: Origin }
  );

/** One value a parameter, in the order of the parameters; null where a condition of it is not met, and it is not set. */
export type Point = readonly (Node | null)[];

const same = (a: Node, b: Node) => JSON.stringify(toValue(a)) === JSON.stringify(toValue(b));

/**
 * Whether the conditions of a parameter are met.
 * @param before the values of the parameters that stand before it
 */
export function isActive({ when }: Parameter, before: Point): boolean {
  return when.every(({ parameter, values }) => {
    const value = before[parameter];
    return value != null && values.some((each) => same(each, value));
  });
}

/** A point with null for each parameter whose conditions are not met. */
export function withConditions(parameters: readonly Parameter[], values: readonly Node[]): Point {
  const point: (Node | null)[] = [];
  for (const [i, parameter] of parameters.entries()) point.push(isActive(parameter, point) ? values[i]! : null);
  return point;
}

export const PARAMETERS_EXAMPLE = "as in parameters: {optimizer.learning_rate: [0.001, 0.003]}";

/** Reads `parameters`. What is wrong is told to `problems`. */
export function readParameters(map: MapNode, problems: Problems): Parameter[] {
  const parameters: Parameter[] = [];
  for (const [path, entry] of map.entries) {
    const found = readParameter(path, entry, parameters, problems);
    if (found) parameters.push(found);
  }
  return parameters;
}

function readParameter(
  path: string,
  { key, node }: Entry,
  before: readonly Parameter[],
  problems: Problems,
): Parameter | null {
  if (node.kind === "list" && node.items.length > 0) return { path, key, when: [], kind: "list", values: node.items };
  if (node.kind !== "map") {
    const value = toValue(node);
    const one = typeof value === "object" || value === null ? "" : `[${value}] or `;
    const hint = `write ${one}{min: 0.001, max: 0.1, scale: log}`;
    problems.add(node.origin, `parameters.${path} must be a list of values, or a range, got ${show(value)}`, hint);
    return null;
  }
  const count = problems.count;
  const when = readConditions(path, node, before, problems);
  const found = node.entries.has("values")
    ? readValues(path, key, node, problems)
    : readRange(path, key, node, problems);
  return found === null || problems.count > count ? null : { ...found, when };
}

type Form = Omit<Extract<Parameter, { kind: "list" }>, "when"> | Omit<Extract<Parameter, { kind: "range" }>, "when">;

function readValues(path: string, key: Origin, node: MapNode, problems: Problems): Form | null {
  const reader = new MapReader(node, `parameters.${path}.`, ["values", "when"], "keys of a list", problems);
  const { node: values } = reader.entry("values") ?? { node };
  if (values.kind === "list" && values.items.length > 0) return { path, key, kind: "list", values: values.items };
  problems.add(values.origin, `parameters.${path}.values must be a list of values, got ${show(toValue(values))}`);
  return null;
}

function readRange(path: string, key: Origin, node: MapNode, problems: Problems): Form | null {
  const keys = ["min", "max", "scale", "when"] as const;
  const reader = new MapReader(node, `parameters.${path}.`, keys, "keys of a range", problems);
  const bound = (name: "min" | "max") => {
    const found = reader.entry(name);
    const value = found && toValue(found.node);
    if (typeof value === "number" && Number.isFinite(value)) return value;
    const got = found === undefined ? " is missing" : ` must be a number, got ${show(value)}`;
    problems.add(found?.node.origin ?? key, `parameters.${path}.${name}${got}`);
    return NaN;
  };
  const [min, max] = [bound("min"), bound("max")];
  const scale = reader.entry("scale");
  const named = scale === undefined ? "linear" : toValue(scale.node);
  if (named !== "linear" && named !== "log") {
    problems.add(scale!.node.origin, `parameters.${path}.scale must be linear or log, got ${show(named)}`);
  }
  if (min >= max) problems.add(node.origin, `parameters.${path}: min must be below max, got ${min} and ${max}`);
  if (named === "log" && min <= 0) {
    problems.add(node.origin, `parameters.${path}: min must be above 0 where scale is log, got ${min}`);
  }
  return { path, key, kind: "range", min, max, log: named === "log", at: node.origin };
}

/** Reads `when: {key: value}` or `{key: [value, ...]}`, of parameters that stand above. */
function readConditions(
  path: string,
  node: MapNode,
  before: readonly Parameter[],
  problems: Problems,
): Condition[] {
  const when = node.entries.get("when")?.node;
  if (when === undefined) return [];
  if (when.kind !== "map") {
    const hint = "as in when: {optimizer.name: sgd}";
    problems.add(when.origin, `parameters.${path}.when must be a map of keys, got ${show(toValue(when))}`, hint);
    return [];
  }
  return [...when.entries].flatMap(([other, { key, node: wanted }]): Condition[] => {
    const parameter = before.findIndex((each) => each.path === other);
    const of = before[parameter];
    if (of === undefined) {
      const meant = nearest(other, before.map((each) => each.path));
      const hint = meant === undefined ? "a condition names a parameter that stands above" : `did you mean ${meant}?`;
      problems.add(key, `parameters.${path}.when: there is no parameter ${other} above`, hint);
      return [];
    }
    if (of.kind === "range") {
      problems.add(
        key,
        `parameters.${path}.when: ${other} is a range; a condition needs a parameter with a list of values`,
      );
      return [];
    }
    const values = wanted.kind === "list" ? wanted.items : [wanted];
    const strange = values.find((value) => !of.values.some((each) => same(each, value)));
    if (strange !== undefined || values.length === 0) {
      const known = of.values.map((each) => showFlow(toValue(each))).join(", ");
      const got = strange === undefined ? "nothing" : showFlow(toValue(strange));
      problems.add(wanted.origin, `parameters.${path}.when: ${other} is never ${got}`, `its values: ${known}`);
      return [];
    }
    return [{ parameter, values }];
  });
}

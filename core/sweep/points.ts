/** The points of a sweep: which value each parameter has in each of them. */
import { createHash } from "node:crypto";
import { problem } from "../config/error.ts";
import { type JsonSchema, schemaAt } from "../config/json_schema.ts";
import { type Node, splitPath, toValue } from "../config/tree.ts";
import { isActive, type Parameter, type Point, withConditions } from "./parameters.ts";
import { sobol, SOBOL_DIMENSIONS } from "./sobol.ts";
import type { SweepConfig } from "./sweep_config.ts";

/** Most points of a grid. */
const MAX_GRID = 10_000;

/** Whether a key of the config takes whole numbers and no others. */
function isWhole(schema: JsonSchema | undefined): boolean {
  const types = (schema?.anyOf ?? (schema ? [schema] : [])).map(({ type }) => type);
  return types.includes("integer") && !types.includes("number");
}

/**
 * The value of a parameter for a number u from 0 to below 1. Ranges of whole numbers have each of them equally often, or with
 * `scale: log` as often as their logarithms take of the range; other values are rounded to six digits.
 */
export function valueAt(parameter: Parameter, u: number, whole: boolean): Node {
  if (parameter.kind === "list") return parameter.values[Math.floor(u * parameter.values.length)]!;
  const { min, max, log, at } = parameter;
  const [low, high] = whole ? [min - 0.5, max + 0.5] : [min, max];
  const exact = log ? low * (high / low) ** u : low + u * (high - low);
  const value = Math.min(max, Math.max(min, whole ? Math.round(exact) : Number(exact.toPrecision(6))));
  return { kind: "scalar", origin: at, value };
}

/** Every combination; the last parameter changes first. */
function grid(parameters: readonly Parameter[], place: string): Point[] {
  let points: Point[] = [[]];
  for (const parameter of parameters) {
    const values = parameter.kind === "list" ? parameter.values : [];
    points = points.flatMap((point) =>
      isActive(parameter, point) ? values.map((value) => [...point, value]) : [[...point, null]]
    );
    if (points.length > MAX_GRID) {
      throw problem(place, `the grid has more than ${MAX_GRID} points`, "give fewer values, or use method: random");
    }
  }
  return points;
}

/** What tells points apart. */
export const pointName = (point: Point): string => JSON.stringify(point.map((value) => value && toValue(value)));

/** A number from 0 to below 1 that depends on nothing but a text and the number of the draw. */
export function uniform(path: string, draw: number): number {
  const bits = createHash("sha256").update(`${path}\n${draw}`).digest().readBigUInt64BE();
  return Number(bits >> 11n) / 2 ** 53;
}

/** Successive rows of numbers from 0 to below 1, one a parameter. */
function numbers({ method, parameters, place }: SweepConfig): () => number[] {
  if (method === "sobol") {
    if (parameters.length > SOBOL_DIMENSIONS) {
      throw problem(
        place("method"),
        `sobol takes at most ${SOBOL_DIMENSIONS} parameters, got ${parameters.length}`,
        "use method: random",
      );
    }
    return sobol(parameters.length);
  }
  let draw = 0;
  return () => {
    const row = parameters.map(({ path }) => uniform(path, draw));
    draw++;
    return row;
  };
}

/**
 * Whether each parameter takes whole numbers and no others.
 * @param base the base config as plain data, which tells the types of keys below lists
 * @throws {ConfigError} if the bounds of such a range are no whole numbers
 */
export function wholeNumbers(parameters: readonly Parameter[], base: unknown): boolean[] {
  const whole = parameters.map(({ path }) => isWhole(schemaAt(splitPath(path), base)));
  for (const [i, parameter] of parameters.entries()) {
    if (parameter.kind !== "range" || !whole[i]) continue;
    if (Number.isInteger(parameter.min) && Number.isInteger(parameter.max)) continue;
    const { path, at: { source, line, column }, min, max } = parameter;
    throw problem(`${source}:${line}:${column}`, `parameters.${path} takes whole numbers, got ${min} and ${max}`);
  }
  return whole;
}

/**
 * The points, all different. A sweep of more points begins with those of one of fewer.
 * @param base the base config as plain data
 */
export function pointsOf(sweep: SweepConfig, base: unknown): Point[] {
  const { parameters, method, points: wanted, place } = sweep;
  if (parameters.length === 0) return [[]];
  const whole = wholeNumbers(parameters, base);
  if (method === "grid" || wanted === null) return grid(parameters, place("parameters"));
  const next = numbers(sweep);
  const found = new Map<string, Point>();
  for (let draw = 0; found.size < wanted; draw++) {
    if (draw >= 100 * wanted + 1000) {
      throw problem(
        place("points"),
        `there are not ${wanted} different points: ${draw} draws gave ${found.size}`,
        `set points: ${found.size}, or use method: grid`,
      );
    }
    const row = next();
    const point = withConditions(parameters, parameters.map((parameter, i) => valueAt(parameter, row[i]!, whole[i]!)));
    const name = pointName(point);
    if (!found.has(name)) found.set(name, point);
  }
  return [...found.values()];
}

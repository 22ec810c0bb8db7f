/** sweep.json: what a sweep is made of, for programs that read its folder, and the points that were chosen by results. */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { toValue } from "../config/tree.ts";
import { ifThere } from "../formats/file.ts";
import { isRecord, readJson } from "../formats/json.ts";
import { writeJsonAtomic } from "../runs/atomic.ts";
import type { Plan } from "./plan.ts";
import type { Point } from "./parameters.ts";

const BYTES_MAX = 64 << 20;

/** A hash of what decides which points are chosen, besides the results. */
function spaceOf({ sweep: { parameters, method, tpe, seeds, metric } }: Plan): string {
  const space = parameters.map((each) => [
    each.path,
    each.kind === "list" ? each.values.map(toValue) : [each.min, each.max, each.log],
    each.when.map(({ parameter, values }) => [parameter, values.map(toValue)]),
  ]);
  return createHash("sha256").update(JSON.stringify([space, method, tpe, seeds, metric])).digest("hex");
}

/**
 * The points that an earlier session of the sweep chose by results. They stay, also where a run that had failed then has
 * another result now.
 */
export async function recordedPoints(plan: Plan): Promise<Point[]> {
  const path = join(plan.folder, "sweep.json");
  const isThere = ifThere(path, "look at it", () => Deno.statSync(path).isFile, false);
  if (!isThere) return [];
  const record = await readJson(path, BYTES_MAX);
  if (!isRecord(record) || record.space !== spaceOf(plan) || !Array.isArray(record.chosen)) return [];
  return record.chosen.slice(0, plan.pointCount).map((places: unknown) => pointOf(plan, places));
}

/** The metric of the sweep whose folder it is; null of another folder. @throws {UserError} where the record cannot be read */
export async function sweepMetric(folder: string): Promise<string | null> {
  const path = join(folder, "sweep.json");
  if (!ifThere(path, "look at it", () => Deno.statSync(path).isFile, false)) return null;
  const record = await readJson(path, BYTES_MAX);
  return isRecord(record) && typeof record.metric === "string" ? record.metric : null;
}

/** A point as it is recorded: the number of a value in its list, a number of a range, or null. */
function pointOf({ sweep: { parameters } }: Plan, record: unknown): Point {
  return parameters.map((parameter, i): Point[number] => {
    const value: unknown = Array.isArray(record) ? record[i] : null;
    if (typeof value !== "number") return null;
    if (parameter.kind === "list") return parameter.values[value] ?? null;
    return { kind: "scalar", origin: parameter.at, value };
  });
}

function recordOf({ sweep: { parameters } }: Plan, point: Point): (number | null)[] {
  return parameters.map((parameter, i) => {
    const value = point[i];
    if (value == null) return null;
    if (parameter.kind === "range") return toValue(value) as number;
    return parameter.values.findIndex((each) => JSON.stringify(toValue(each)) === JSON.stringify(toValue(value)));
  });
}

/** Writes what is known of the sweep now. */
export async function writeSweepJson(plan: Plan): Promise<void> {
  const { sweep, folder, keys, metric, points, rounds } = plan;
  await writeJsonAtomic(join(folder, "sweep.json"), {
    version: 1,
    name: sweep.name,
    method: sweep.method,
    metric,
    parameters: sweep.parameters.map((each) => ({
      key: each.path,
      ...each.kind === "list"
        ? { values: each.values.map(toValue) }
        : { min: each.min, max: each.max, scale: each.log ? "log" : "linear" },
      when: Object.fromEntries(each.when.map(({ parameter, values }) => [keys[parameter], values.map(toValue)])),
    })),
    points: points.map((point, i) => ({
      point: i + 1,
      values: Object.fromEntries(keys.map((key, k) => [key, point[k] == null ? null : toValue(point[k]!)])),
    })),
    report_seeds: plan.reportSeeds,
    selection_seeds: plan.selectionSeeds,
    rounds,
    space: spaceOf(plan),
    chosen: sweep.method === "tpe" ? points.map((point) => recordOf(plan, point)) : [],
  });
}

/** Checks that concern several keys: whether shares, transforms and settings fit each other. */
import { settingText } from "../figures.ts";
import { kindProblems } from "./diagnostic_kinds.ts";
import type { Problem } from "./error.ts";
import { checkKinds, checkNetwork, type Report } from "./network_checks.ts";
import type { RawConfig } from "./schema.ts";
import { showFlow } from "./show.ts";
import type { RawTransform } from "./transforms.ts";
import { entryAt, type Key, type MapNode, nearestAt, whereOf } from "./tree.ts";

/** All such problems of a config in which each single key is valid. */
export function checkConfig(config: RawConfig, tree: MapNode): Problem[] {
  const problems: Problem[] = missingData(tree);
  const report: Report = (keys, what, hint) => {
    const where = whereOf(nearestAt(tree, keys).entry.node.origin);
    problems.push({ where, what: `${keys.join(".")} ${what}`, ...(hint === undefined ? {} : { hint }) });
  };
  checkData(config, tree, report);
  checkNetwork(config, tree, report);
  checkKinds(config, tree, report);
  checkSchedule(config, report);
  checkSinks(config, report);
  checkDiagnostics(config, report);
  return problems;
}

/** The problem of a config that names no data at all. Needs no well-formed config. */
export function missingData(tree: MapNode): Problem[] {
  const isFiles = (part: string) => {
    const node = entryAt(tree, ["data", "split", part])?.node;
    return node?.kind === "list" || typeof (node?.kind === "scalar" && node.value) === "string";
  };
  const data = entryAt(tree, ["data"])?.node;
  if (data !== undefined && data.kind !== "map") return []; // its own mistake
  const format = entryAt(tree, ["data", "format"])?.node;
  if (format?.kind === "scalar" && format.value === "memory") return []; // the rows come from a script
  if (entryAt(tree, ["data", "path"]) || ["train", "validation", "test"].some(isFiles)) return [];
  const where = whereOf(entryAt(tree, ["data"])?.key ?? tree.origin);
  return [{
    where,
    what: "data.path is missing",
    hint: "a file, a folder of .npz files or a glob: data: {path: FILE}",
  }];
}

function checkData({ data }: RawConfig, tree: MapNode, report: Report): void {
  const parts = ["train", "validation", "test"] as const;
  const given = parts.filter((part) => data.split[part] !== undefined);
  const byFiles = given.some((part) => typeof data.split[part] !== "number");
  if (byFiles) {
    if (data.split.train === undefined) report(["data", "split", "train"], "is missing: name the files to train on");
    for (const part of given.filter((part) => typeof data.split[part] === "number")) {
      const other = given.find((each) => typeof data.split[each] !== "number");
      report(["data", "split", part], `must be files, as ${other} is, got ${data.split[part]}`);
    }
  } else {
    checkShares(data.split as Shares, given, report);
  }
  if (data.shape !== null && data.format === "csr_npz") {
    report(
      ["data", "shape"],
      `is for dense rows, got data.format ${data.format}`,
      "remove it, or set data.format: dense_npy",
    );
  }
  for (const key of ["transforms", "input_transforms"] as const) {
    data[key].forEach((transform, index) => checkTransform(transform, ["data", key, index], report));
  }
  for (const key of byFiles ? ["by", "seed"] : []) {
    if (!entryAt(tree, ["data", "split", key])) continue;
    report(["data", "split", key], "has no effect if the split lists files", "remove it");
  }
}

type Part = "train" | "validation" | "test";
type Shares = { readonly [part in Part]?: number };

function checkShares(shares: Shares, given: readonly Part[], report: Report): void {
  const sum = given.reduce((total, part) => total + shares[part]!, 0);
  const terms = given.map((part) => shares[part]).join(" + ");
  const round = (value: number) => Number(value.toFixed(9));
  if (!(sum <= 1 + 1e-9)) {
    report(["data", "split"], `must add up to 1, got ${terms} = ${round(sum)}`, "make one of the shares smaller");
  } else if (given.length === 3 && !(sum >= 1 - 1e-9)) {
    const test = round(shares.test! + 1 - sum);
    report(["data", "split"], `must add up to 1, got ${terms} = ${round(sum)}`, `set data.split.test to ${test}`);
  } else if (shares.train === 0 || (shares.train === undefined && !(sum < 1))) {
    report(["data", "split", "train"], "must leave rows to train on, got a share of 0");
  }
}

function checkTransform(transform: RawTransform, at: readonly Key[], report: Report): void {
  if (typeof transform === "string") return;
  if ("scale" in transform && transform.scale === 0) report([...at, "scale"], "must not be 0, got 0");
  if ("gain" in transform && !(transform.gain[0] <= transform.gain[1])) {
    report([...at, "gain"], `must be a lower and a higher number, got ${showFlow(transform.gain)}`);
  }
  if ("clip" in transform && !(transform.clip[0] < transform.clip[1])) {
    report([...at, "clip"], `must be a lower and a higher bound, got ${showFlow(transform.clip)}`);
  }
}

/** The lowest rate of the schedule is not above the highest. */
function checkSchedule({ optimizer, scheduler }: RawConfig, report: Report): void {
  const falls = scheduler.name === "cosine" || scheduler.name === "plateau";
  if (falls && !(scheduler.min_learning_rate <= optimizer.learning_rate)) {
    const rate = `optimizer.learning_rate ${settingText(optimizer.learning_rate)}`;
    const given = settingText(scheduler.min_learning_rate);
    report(["scheduler", "min_learning_rate"], `must be at most ${rate}, got ${given}`);
  }
}

/** No sink twice: both would write the same file. */
function checkSinks({ logging: { sinks } }: RawConfig, report: Report): void {
  sinks.forEach((sink, index) => {
    if (typeof sink !== "string" || sinks.indexOf(sink) === index) return;
    report(["logging", "sinks", index], `names ${sink} a second time`, "remove it");
  });
}

/** No two diagnostics write the same file. */
function checkDiagnostics({ diagnostics: { kinds } }: RawConfig, report: Report): void {
  if (typeof kinds === "string") return;
  for (const { index, what, hint } of kindProblems(kinds)) report(["diagnostics", "kinds", index], what, hint);
}

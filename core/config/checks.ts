/** Checks that concern several keys: whether layers, shares and settings fit each other. */
import { settingText } from "../figures.ts";
import type { Problem } from "./error.ts";
import type { RawLayer, RawTransform } from "./layers.ts";
import type { RawConfig } from "./schema.ts";
import { show, showFlow } from "./show.ts";
import { entryAt, type Key, type MapNode, whereOf } from "./tree.ts";

/** Reports a problem at the key's value, or at the nearest map above it that is in a file. */
type Report = (keys: readonly Key[], what: string, hint?: string) => void;

/** All such problems of a config in which each single key is valid. */
export function checkConfig(config: RawConfig, tree: MapNode): Problem[] {
  const problems: Problem[] = missingData(tree);
  const report: Report = (keys, what, hint) => {
    let at = keys;
    while (at.length > 0 && entryAt(tree, at) === undefined) at = at.slice(0, -1);
    const where = whereOf(entryAt(tree, at)!.node.origin);
    problems.push({ where, what: `${keys.join(".")} ${what}`, ...(hint === undefined ? {} : { hint }) });
  };
  checkData(config, tree, report);
  checkModel(config, tree, report);
  checkOptimizer(config, report);
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
  for (const [index, transform] of data.transforms.entries()) checkTransform(transform, index, report);
  if (entryAt(tree, ["data", "split", "seed"]) && byFiles) {
    report(["data", "split", "seed"], "has no effect if the split lists files", "remove it");
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

function checkTransform(transform: RawTransform, index: number, report: Report): void {
  const at = ["data", "transforms", index];
  if (typeof transform === "string") return;
  if ("scale" in transform && transform.scale === 0) report([...at, "scale"], "must not be 0, got 0");
  if ("clip" in transform && !(transform.clip[0] < transform.clip[1])) {
    report([...at, "clip"], `must be a lower and a higher bound, got ${showFlow(transform.clip)}`);
  }
}

/** A linear layer with its place in its list and its widths; "output" is the width of the data. */
interface Linear {
  readonly index: number;
  readonly inputs: number | "output";
  readonly outputs: number | "output";
  readonly tied: boolean;
  readonly init: unknown;
}

function linears(layers: readonly RawLayer[], inputs: number | "output"): Linear[] {
  let width = inputs;
  return layers.flatMap((layer, index) => {
    if (typeof layer === "string" || !("linear" in layer)) return [];
    const linear = { index, inputs: width, outputs: layer.linear, tied: layer.tied, init: layer.init };
    width = layer.linear;
    return [linear];
  });
}

function checkModel({ model, data }: RawConfig, tree: MapNode, report: Report): void {
  const { encoder, decoder } = model;
  const first = encoder[0]!;
  if (typeof first === "string" || !("linear" in first)) {
    const what = `must be linear: the first layer reads the rows, got ${showLayer(first)}`;
    report(["model", "encoder", 0], what, "put {linear: SIZE} before it");
  }
  const lastIndex = decoder.length - 1;
  const last = decoder[lastIndex]!;
  if (typeof last === "string" || !("linear" in last) || last.linear !== "output") {
    const what = `must be {linear: output}: the last layer gives the data's columns, got ${showLayer(last)}`;
    report(["model", "decoder", lastIndex], what, "end the decoder with - {linear: output}");
  }
  for (const part of ["encoder", "decoder"] as const) {
    for (const [index, layer] of model[part].entries()) {
      const at = ["model", part, index];
      const isLast = part === "decoder" && index === lastIndex;
      if (layer === "batch_norm" || (typeof layer === "object" && "batch_norm" in layer)) {
        if (data.batch_size === 1) report(at, "needs batches of 2 rows or more, got data.batch_size 1");
      }
      if (typeof layer === "string" || !("linear" in layer) || isLast) continue;
      if (layer.linear === "output") report([...at, "linear"], "can be output in the last decoder layer only");
      for (const key of ["solver", "update", "forgetting", "ridge"] as const) {
        if (!entryAt(tree, [...at, key])) continue;
        report([...at, key], `is for the last decoder layer only, got ${layer[key]}`, "remove it");
      }
      if (layer.bias === "column_means") {
        report([...at, "bias"], "can be column_means in the last decoder layer only", "set bias: true");
      }
    }
  }
  checkTied(linears(encoder, "output"), decoder, report);
  if (typeof last === "object" && "linear" in last) {
    const at = ["model", "decoder", lastIndex];
    checkFactored(last, at, tree, report);
    if (last.solver === "factored" && data.format === "dense_npy") {
      report(
        [...at, "solver"],
        "cannot be factored with data.format dense_npy: its cost grows with the number of values that are not 0",
        "set solver: dense, or leave it out",
      );
    }
  }
}

/** Problems of settings that the factored solver cannot follow exactly. */
function checkFactored(
  last: Extract<RawLayer, { linear: unknown }>,
  at: readonly (string | number)[],
  tree: MapNode,
  report: Report,
): void {
  if (last.solver === "factored") {
    const dense = "set solver: dense";
    if (last.tied) report([...at, "solver"], "cannot be factored: the weights are tied to the encoder's", dense);
    if (!last.bias) {
      report([...at, "bias"], "must be true: the factored solver has a bias of its own, got false", dense);
    }
    if (last.bias === "column_means") {
      report(
        [...at, "bias"],
        "has no effect, because the factored solver solves for its bias",
        "remove it, or set solver: dense",
      );
    }
    if (last.init !== "default" && last.update === "least_squares") {
      report(
        [...at, "init"],
        "has no effect, because least squares needs no starting weights",
        "remove it, or set solver: dense",
      );
    }
  } else if (last.solver === "dense") {
    for (const key of ["update", "forgetting", "ridge"] as const) {
      if (entryAt(tree, [...at, key])) report([...at, key], `is for solver: factored, got ${last[key]}`, "remove it");
    }
    return;
  }
  if (last.update === "least_squares") return;
  for (const key of ["forgetting", "ridge"] as const) {
    if (!entryAt(tree, [...at, key])) continue;
    report([...at, key], `is for update: least_squares, got ${last[key]} with update: ${last.update}`, "remove it");
  }
}

/** The k-th linear layer of the decoder mirrors the (n-1-k)-th of the encoder's n: its shape turned round. */
function checkTied(encoder: readonly Linear[], decoderLayers: readonly RawLayer[], report: Report): void {
  for (const { index, tied } of encoder) {
    if (tied) report(["model", "encoder", index, "tied"], "is for decoder layers only", "remove it");
  }
  const decoder = linears(decoderLayers, encoder.at(-1)?.outputs ?? "output");
  for (const [k, layer] of decoder.entries()) {
    if (!layer.tied) continue;
    const at = ["model", "decoder", layer.index];
    const mirror = encoder[encoder.length - 1 - k];
    if (mirror === undefined) {
      const count = `the encoder has ${encoder.length} linear ${encoder.length === 1 ? "layer" : "layers"}`;
      report([...at, "tied"], `has no encoder layer to mirror: ${count}, this is number ${k + 1} of the decoder`);
    } else if (mirror.inputs !== layer.outputs || mirror.outputs !== layer.inputs) {
      const shape = ({ inputs, outputs }: Linear) => `${inputs} -> ${outputs}`;
      const what = `must mirror model.encoder.${mirror.index} (${shape(mirror)}), got ${shape(layer)}`;
      report(at, what, `{linear: ${mirror.inputs}, tied: true} after a width of ${mirror.outputs} fits`);
    } else if (layer.init !== "default") {
      report([...at, "init"], "has no effect in a tied layer, whose weight is the encoder's", "remove it");
    }
  }
}

function checkOptimizer({ optimizer, scheduler }: RawConfig, report: Report): void {
  if (optimizer.nesterov && optimizer.name !== "sgd") {
    report(["optimizer", "nesterov"], `needs optimizer.name sgd, got ${optimizer.name}`, "set it to false");
  } else if (optimizer.nesterov && !(optimizer.momentum > 0)) {
    report(["optimizer", "nesterov"], `needs a momentum, got optimizer.momentum 0`, "set optimizer.momentum to 0.9");
  }
  const falls = scheduler.name === "cosine" || scheduler.name === "plateau";
  if (falls && !(scheduler.min_learning_rate <= optimizer.learning_rate)) {
    const rate = `optimizer.learning_rate ${settingText(optimizer.learning_rate)}`;
    const given = settingText(scheduler.min_learning_rate);
    report(["scheduler", "min_learning_rate"], `must be at most ${rate}, got ${given}`);
  }
}

function showLayer(layer: RawLayer): string {
  if (typeof layer === "string") return show(layer).slice(1, -1);
  const [kind, value] = Object.entries(layer)[0]!;
  return `{${kind}: ${showFlow(value)}}`;
}

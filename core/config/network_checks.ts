/**
 * Checks of a network's settings that only the config can make: settings that are written but have no effect, and those
 * that the program follows and not the engine. Everything else, shapes included, the engine checks when it is given the
 * network (core/train/network.ts).
 */
import type { Layer } from "../../spec/network.ts";
import { toLayer } from "./layers.ts";
import { PRESET_SETTINGS } from "./presets.ts";
import { isLayers, keepsRunningStatistics, needsCategories } from "./properties.ts";
import type { RawConfig } from "./schema.ts";
import { foreignKeys } from "./sections.ts";
import { showFlow } from "./show.ts";
import { entryAt, type Key, type MapNode } from "./tree.ts";
import { type Field, type Kind, kindNamed, LAYERS, LOSSES, OPTIMIZERS } from "./vocabulary.ts";

/** Reports a problem at the key's value, or at the nearest map above it that is in a file. */
export type Report = (keys: readonly Key[], what: string, hint?: string) => void;

export function checkNetwork({ model, data, loss }: RawConfig, tree: MapNode, report: Report): void {
  checkWeights({ model, loss }, report);
  checkCategories({ model, data }, report);
  for (const key of model.preset === null ? PRESET_SETTINGS : []) {
    if (model[key] !== null) report(["model", key], "is for a preset, and model.preset is not set", "remove it");
  }
  for (const part of ["encoder", "decoder"] as const) {
    for (const [index, raw] of model[part].entries()) {
      const layer = toLayer(raw);
      const at = ["model", part, index];
      const isLast = part === "decoder" && index === model.decoder.length - 1;
      if (keepsRunningStatistics(layer) && data.batch_size === 1) {
        report(at, "needs batches of 2 rows or more, got data.batch_size 1");
      }
      if (layer.bias === "column_means" && !isLast) {
        report([...at, "bias"], "can be column_means in the last decoder layer only", "set bias: true");
      } else if (layer.bias === "column_means" && !kindNamed(LOSSES, loss.kind).quadratic) {
        const what = "can be column_means with a squared error only, of which a column's mean is the best constant";
        report([...at, "bias"], `${what}; got loss.kind ${loss.kind}`, "set bias: true");
      }
      checkSettings(layer, at, [...isLast ? ["output layer"] : [], part], tree, report);
    }
  }
}

/** Categories without a layer that takes them, and such layers without categories. */
function checkCategories({ model, data }: Pick<RawConfig, "model" | "data">, report: Report): void {
  let needed = false;
  for (const part of ["encoder", "decoder"] as const) {
    model[part].forEach((raw, index) => {
      if (!needsCategories(toLayer(raw))) return;
      needed = true;
      if (data.batch !== null || data.format === "memory") return;
      report(["model", part, index], "needs the category of each row", "set data.batch, a file with one a line");
    });
  }
  if (needed || data.batch === null) return;
  const hint = "put a layer covariate after a linear layer, such as the decoder's first, or remove data.batch";
  report(["data", "batch"], "has no effect, because no layer takes the categories of rows", hint);
}

/** Weights that the loss or the output layer cannot take. */
function checkWeights({ model, loss }: Pick<RawConfig, "model" | "loss">, report: Report): void {
  const isFactored = toLayer(model.decoder.at(-1)!).solver === "factored";
  if (loss.column_weights !== null && !kindNamed(LOSSES, loss.kind).separable) {
    const what = `is for losses that are a sum over columns; ${loss.kind} takes a row as a whole`;
    report(["loss", "column_weights"], what, "remove it, or choose another loss.kind");
  }
  if (loss.column_weights === null || !isFactored) return;
  const hint = "remove it, or set solver: dense for the last decoder layer";
  report(["loss", "column_weights"], "does not go with solver: factored, for which all columns count alike", hint);
}

/** Settings without effect of a layer and of those within it, for which the engine has no place that is special. */
function checkSettings(layer: Layer, at: readonly Key[], places: readonly string[], tree: MapNode, report: Report) {
  checkEffects(layer, at, places, tree, report);
  checkFactored(layer, at, report);
  for (const { name, value } of kindNamed(LAYERS, layer.kind).fields) {
    const inner = layer[name];
    if (!isLayers(inner)) continue;
    inner.forEach((one, index) => checkSettings(one, [...at, value ? layer.kind : name, index], [], tree, report));
  }
}

/** A field that is written where it has no effect, by its `only`; a flag that is off says nothing. */
function checkEffects(layer: Layer, at: readonly Key[], places: readonly string[], tree: MapNode, report: Report) {
  const kind = kindNamed(LAYERS, layer.kind);
  for (const field of kind.fields) {
    if (field.only === undefined || layer[field.name] === false || !entryAt(tree, [...at, field.name])) continue;
    const misfit = withoutEffect(field, layer, kind, places);
    if (misfit) report([...at, field.name], `is for ${misfit}, got ${showFlow(layer[field.name])}`, "remove it");
  }
}

/** What a field is for, if the layer is not that; undefined where the field has an effect, or may have one. */
function withoutEffect(field: Field, layer: Layer, kind: Kind, places: readonly string[]): string | undefined {
  for (const only of field.only?.split("; ") ?? []) {
    if (only === "output layer" && !places.includes(only)) return "the last decoder layer only";
    if (only === "decoder" && !places.includes(only)) return "decoder layers only";
    const owner = kind.fields.find((other) => other !== field && other.words?.includes(only));
    if (owner === undefined) continue;
    // What is above it comes first: `forgetting` in a layer whose solver is dense is a matter of the solver.
    const above = withoutEffect(owner, layer, kind, places);
    if (above) return above;
    const value = layer[owner.name];
    if (value !== only && value !== "auto") return `${owner.name}: ${only}`;
  }
  return undefined;
}

/** Starting values that a layer with the factored solver, or one whose weight is another's, does not use. */
function checkFactored(layer: Layer, at: readonly Key[], report: Report): void {
  const hint = "remove it, or set solver: dense";
  if (layer.solver === "factored" && layer.bias === "column_means") {
    report([...at, "bias"], "has no effect, because the factored solver solves for its bias", hint);
  }
  if (layer.init === undefined || layer.init === "default") return;
  if (layer.tied === true) {
    report([...at, "init"], "has no effect in a tied layer, whose weight is the encoder's", "remove it");
  } else if (layer.solver === "factored" && layer.update === "least_squares") {
    report([...at, "init"], "has no effect, because least squares needs no starting weights", hint);
  }
}

/** Settings of another loss or optimizer than the chosen one. */
export function checkKinds({ loss, optimizer }: RawConfig, tree: MapNode, report: Report): void {
  for (const { name, fields } of foreignKeys(LOSSES, loss.kind)) {
    if (!entryAt(tree, ["loss", name])) continue;
    const kinds = fields.map(({ kind }) => kind).join(" or ");
    report(["loss", name], `is for loss.kind ${kinds}, got loss.kind ${loss.kind}`, "remove it");
  }
  // The other rules' settings may stay when the rule is changed, but not what is switched on in vain.
  for (const { name, fields } of foreignKeys(OPTIMIZERS, optimizer.name)) {
    if ((optimizer as Readonly<Record<string, unknown>>)[name] !== true) continue;
    const kinds = fields.map(({ kind }) => kind).join(" or ");
    report(["optimizer", name], `needs optimizer.name ${kinds}, got ${optimizer.name}`, "set it to false");
  }
}

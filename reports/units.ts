/** The unit of a run's values after the transforms, and the name of its loss. */
import { LOSSES } from "../core/config/vocabulary.ts";
import { type ConfigValues, valueAt } from "./config_view.ts";
import { count, setting } from "./format.ts";

/** A transform as written (`log1p`, `{scale: 0.5}`) or resolved (`{kind: scale, factor: 0.5}`). */
function partsOf(transform: unknown): { kind: string; option: (name: string) => number } {
  if (typeof transform === "string") return { kind: transform, option: () => NaN };
  const map = (transform ?? {}) as Record<string, unknown>;
  const kind = typeof map.kind === "string" ? map.kind : Object.keys(map)[0] ?? "";
  return {
    kind,
    option: (name) => Number(map[name] ?? (typeof map[kind] === "number" ? map[kind] : NaN)),
  };
}

function plain(value: number): string {
  return Number.isInteger(value) ? count(value) : setting(value);
}

/**
 * The unit of the values that the model takes and reconstructs, made of the names of the transforms: "log(1 + counts per
 * 10,000)". Without transforms it is the stored value.
 */
export function valueUnit(config: ConfigValues): string {
  const transforms = valueAt(config, "data.transforms");
  let unit = "stored value";
  for (const transform of Array.isArray(transforms) ? transforms : []) {
    const { kind, option } = partsOf(transform);
    switch (kind) {
      case "library_size":
        unit = unit === "stored value"
          ? `counts per ${plain(option("target"))}`
          : `(${unit}) per ${plain(option("target"))}`;
        break;
      case "log1p":
        unit = `log(1 + ${unit})`;
        break;
      case "scale":
        unit = `${plain(option("factor"))} × ${unit}`;
        break;
      case "clip":
        unit = `${unit}, clipped`;
        break;
      case "binarize":
        unit = `1 where the ${unit} is above ${
          Number.isFinite(option("threshold")) ? plain(option("threshold")) : "0"
        }`;
        break;
      // Random changes of training rows: what is measured is without them.
      case "flip":
      case "shift":
      case "gain":
      case "noise":
      case "polarity":
        break;
      default:
        unit = `${kind}(${unit})`;
    }
  }
  return unit;
}

/** The same squared, for errors and variances. */
export function squaredUnit(config: ConfigValues): string {
  const unit = valueUnit(config);
  return `(${unit})²`;
}

/** The name of the loss under the config's reduction. */
export function lossUnit(config: ConfigValues): string {
  const name = valueAt(config, "loss.kind");
  const kind = LOSSES.find((each) => each.name === name);
  const error = kind === undefined && name !== undefined || kind?.quadratic === false
    ? `${String(name).replaceAll("_", " ")} loss`
    : "squared error";
  switch (valueAt(config, "loss.reduction")) {
    case "row_mean":
      return `${error} per row`;
    case "sum":
      return `${error} per batch`;
    case "mean":
    case undefined:
      return `mean ${error}`;
    default:
      return error;
  }
}
